/**
 * The audit log: who did what, when, from where, over which connector, with which result. This folder owns what a record says and
 * that nobody changes it unseen; what is worth a record is for those who call. No caller passes a password.
 */
import type { Store } from '../store/store.ts';
import { sealRecord } from './chain.ts';

export interface AuditEvent {
  /** `administrator:NAME`, `api-key:ID`, `user`, `connector:INSTANCE`, `command-line`, `hub`. */
  actor: string;
  /** `login`, `password.change`, `connection.create`, `ticket.renew`, `connector.revoke`, … */
  action: string;
  /** The connection's name. */
  connection?: string | undefined;
  /** Whom or what it was done to: a user name as typed, an instance, a key. */
  subject?: string | undefined;
  remoteAddress?: string | undefined;
  instance?: string | undefined;
  /** `ok`, or the code of what went wrong. */
  result: string;
  correlationId?: string | undefined;
  detail?: string | undefined;
}

export interface Audit {
  /** @throws CodedError STORE_FAILED: it is not written down */
  record(event: AuditEvent): Promise<void>;
}

const MAX_TEXT_LENGTH = 256;
const MAX_DETAIL_LENGTH = 1024;

export function createAudit(store: Store, now: () => Date = () => new Date()): Audit {
  return {
    async record(event) {
      const text = (value: string) => printable(value, MAX_TEXT_LENGTH);
      const optional = (value: string | undefined) => (value === undefined ? undefined : text(value));
      await store.appendAudit(
        {
          at: now(),
          actor: text(event.actor),
          action: text(event.action),
          connection: optional(event.connection),
          subject: optional(event.subject),
          remoteAddress: optional(event.remoteAddress),
          instance: optional(event.instance),
          result: text(event.result),
          correlationId: optional(event.correlationId),
          detail: event.detail === undefined ? undefined : printable(event.detail, MAX_DETAIL_LENGTH),
        },
        sealRecord,
      );
    },
  };
}

/**
 * Names are typed by strangers and read by operators, often on a terminal: what would move the cursor, turn the direction of text or
 * not survive the database is written as an escape, and long texts are cut.
 */
function printable(text: string, maxLength: number): string {
  const start = text.slice(0, maxLength).toWellFormed();
  const escaped = start.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  return escaped.length > maxLength || text.length > maxLength ? `${escaped.slice(0, maxLength)}…` : escaped;
}
