/** Storage of the audit log: numbered, immutable records, each sealed with a MAC that covers the previous one. */

/** `audit/audit.ts` keeps the texts short and printable. */
export interface AuditEntry {
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly connection: string | undefined;
  readonly subject: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly instance: string | undefined;
  readonly result: string;
  readonly correlationId: string | undefined;
  readonly detail: string | undefined;
}

export interface AuditRecord extends AuditEntry {
  /** 1, 2, 3, … without a gap. */
  readonly id: number;
  readonly hash: string;
}

/** How much of the audit log a destination outside the database has received. */
export interface AuditPosition {
  /** The last record that it received. 0 before the first. */
  id: number;
  hash: string;
  /** The last record of the batch in flight. */
  upTo?: number | undefined;
}

/** The MAC of a record, from the previous hash (undefined for the first). */
export type AuditSeal = (previousHash: string | undefined, id: number, entry: AuditEntry) => string;

/** Fields must be equal (subjects regardless of case); times are `from <= at < to`. */
export interface AuditFilter {
  connection?: string | undefined;
  subject?: string | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  result?: string | undefined;
  correlationId?: string | undefined;
  instance?: string | undefined;
  /** Part of any text of the record, regardless of the case of ASCII letters. */
  search?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  /** Only records with a smaller number: the next page. */
  before?: number | undefined;
  /** Only records with a greater number. Limits how many a query has to read. */
  after?: number | undefined;
}

/** The action of the first record under another key. Its detail is `ID HASH` of the last record before it, and `KEPT`, see `audit/chain.ts`. */
export const NEW_KEY_ACTION = 'audit.new-key';

/** The action of the record that replaces removed ones. Its detail is `ID HASH` of the last of them. */
export const PRUNE_ACTION = 'audit.prune';

export interface AuditStore {
  /**
   * Resolves when the record is written. Simultaneous records may be written together, in order, all or none; always in a transaction, so that
   * two processes never seal over the same record.
   */
  appendAudit(entry: AuditEntry, seal: AuditSeal): Promise<AuditRecord>;
  /** The newest first. */
  auditRecords(filter: AuditFilter, limit: number): Promise<AuditRecord[]>;
  /** The different values of a field, sorted. */
  auditValues(field: 'actor' | 'action' | 'result'): Promise<string[]>;
  /** The oldest first, from `id` + 1 on. */
  auditRecordsAfter(id: number, limit: number): Promise<AuditRecord[]>;
  /**
   * Removes the oldest records, up to the first that is not older than `before`, after appending a record (`entry`, with action and detail
   * as for PRUNE_ACTION) with number and hash of the last removed one. Records cannot be removed in any other way.
   * @returns how many were removed
   */
  pruneAudit(before: Date, entry: Omit<AuditEntry, 'action' | 'detail'>, seal: AuditSeal): Promise<number>;
}
