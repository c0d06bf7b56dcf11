/** What an audit destination is: a place outside the database that gets every record, in order. */
import { printable } from '@landbridge/runtime';
import type { AuditRecord } from '../../store/audit.ts';
import type { Head } from '../chain.ts';

/** A record, or the head of the chain, as it is sent. */
export interface AuditMessage {
  at: Date;
  action: string;
  result: string;
  /** A JSON object without a line end. */
  json: string;
}

export interface AuditDestination {
  readonly name: 'file' | 'syslog' | 'http';
  /** Where it is, without secrets. */
  readonly target: string;
  readonly recordsAtOnce: number;
  /** If the destination shows what it has: the newest record there, null without one. Otherwise the database keeps the position. */
  newest?(): Head | null;
  /** Whether it gets the head of the chain too. */
  readonly takesHeads: boolean;
  /**
   * Resolves only if the messages are known to have arrived.
   *
   * @param batch the same for the same messages, over failures and restarts
   */
  send(messages: readonly AuditMessage[], batch: string, signal: AbortSignal): Promise<void>;
}

/** One record as JSON, without control characters. */
export function auditJson(record: AuditRecord): string {
  return printable(JSON.stringify(record));
}
