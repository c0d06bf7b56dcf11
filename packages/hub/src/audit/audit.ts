/**
 * The audit log: who did what, when, from where, over which connector, with which result. This folder owns the records and makes changes to them
 * detectable; callers decide what to record. They never pass a password.
 */
import { printable } from '@landbridge/runtime';
import type { AuditSeal } from '../store/audit.ts';
import type { Store } from '../store/store.ts';

export interface AuditEvent {
  /** `administrator:NAME`, `api-key:ID`, `user`, `connector:INSTANCE`, `command-line`, `hub`. */
  actor: string;
  /** `login`, `password.change`, `connection.create`, `ticket.renew`, `connector.revoke`, … */
  action: string;
  /** The connection's name. */
  connection?: string | undefined;
  /** The object: a user name as typed, an instance, a key. */
  subject?: string | undefined;
  remoteAddress?: string | undefined;
  instance?: string | undefined;
  /** `ok`, or the code of the failure. */
  result: string;
  correlationId?: string | undefined;
  detail?: string | undefined;
}

export interface Audit {
  /** @throws CodedError STORE_FAILED: it is not recorded */
  record(event: AuditEvent): Promise<void>;
}

const MAX_TEXT_LENGTH = 256;
const MAX_DETAIL_LENGTH = 1024;

export function createAudit(store: Store, seal: AuditSeal, now: () => Date = () => new Date()): Audit {
  return {
    async record(event) {
      const text = (value: string) => shortened(value, MAX_TEXT_LENGTH);
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
          detail: event.detail === undefined ? undefined : shortened(event.detail, MAX_DETAIL_LENGTH),
        },
        seal,
      );
    },
  };
}

/** Names come from users and are read by operators, often in a terminal. Lone surrogates would not survive the database. */
function shortened(text: string, maxLength: number): string {
  const escaped = printable(text.slice(0, maxLength).toWellFormed());
  return escaped.length > maxLength || text.length > maxLength ? `${escaped.slice(0, maxLength)}…` : escaped;
}
