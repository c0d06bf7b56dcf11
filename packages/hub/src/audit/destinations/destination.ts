/** An audit destination: a place outside the database that receives every record in order. */
import { printable } from '@landbridge/runtime';
import type { AuditRecord } from '../../store/audit.ts';
import type { Head } from '../chain.ts';

/** A record, or the head of the chain, as sent to a destination. */
export interface AuditMessage {
  at: Date;
  action: string;
  result: string;
  /** A JSON object without a line break. */
  json: string;
}

export interface AuditDestination {
  readonly name: 'file' | 'syslog' | 'http';
  /** Its location, without secrets. */
  readonly target: string;
  readonly recordsAtOnce: number;
  /** For destinations that can be read: the newest record they have, or null if they have none. For others, the database keeps the position. */
  newest?(): Head | null;
  /** Whether it also receives heads of the chain. */
  readonly takesHeads: boolean;
  /**
   * Resolves only if the messages have certainly arrived.
   *
   * @param batch an id that stays the same for the same messages, across failures and restarts
   */
  send(messages: readonly AuditMessage[], batch: string, signal: AbortSignal): Promise<void>;
}

/** A record as JSON, without control characters. */
export function auditJson(record: AuditRecord): string {
  return printable(JSON.stringify(record));
}
