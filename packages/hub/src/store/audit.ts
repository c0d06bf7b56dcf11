/** The audit log as it is kept: records in the order of their numbers, each sealed by a hash over the one before. Nothing changes one. */

/** What happened. Texts are short and printable: `audit/audit.ts` sees to that. */
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

/** The hash of a record, given the hash of the one before (undefined: it is the first). */
export type AuditSeal = (previousHash: string | undefined, id: number, entry: AuditEntry) => string;

/** Each field that is there has to be equal (a subject in any case); times are `from <= at < to`. */
export interface AuditFilter {
  connection?: string | undefined;
  subject?: string | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  result?: string | undefined;
  correlationId?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
  /** Only records with a smaller number: the next page. */
  before?: number | undefined;
}

/** The action of the record that stands for those which were removed. Its detail is `ID HASH` of the last of them. */
export const PRUNE_ACTION = 'audit.prune';

export interface AuditStore {
  /**
   * Resolves when it is written. Those that are asked for at once may be written together, in their order, and then all of them or none; always in a
   * transaction, so that processes that append at once never seal over the same record.
   */
  appendAudit(entry: AuditEntry, seal: AuditSeal): Promise<AuditRecord>;
  /** The newest first. */
  auditRecords(filter: AuditFilter, limit: number): Promise<AuditRecord[]>;
  /** The oldest first, from the one after `id` on. */
  auditRecordsAfter(id: number, limit: number): Promise<AuditRecord[]>;
  /**
   * Removes the oldest records up to the first that is not older than `before`, after it has appended a record (`entry`, with action
   * and detail as PRUNE_ACTION says) that holds the number and hash of the last removed one. Nothing else can remove a record.
   * @returns how many were removed
   */
  pruneAudit(before: Date, entry: Omit<AuditEntry, 'action' | 'detail'>, seal: AuditSeal): Promise<number>;
}
