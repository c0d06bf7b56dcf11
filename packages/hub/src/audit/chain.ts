/**
 * The hash chain of the audit log. Each record's SHA-256 covers the previous hash and the record itself, so that an attacker who changes,
 * removes or inserts a record has to rewrite all later ones. An attacker with write access to the whole database can do that, but not to the
 * head of the chain (number and hash of the newest record) if it is kept elsewhere: the hub logs it, `audit verify` prints it, and
 * `audit verify --head` compares it.
 */
import { createHash } from 'node:crypto';
import { type AuditRecord, type AuditSeal, type AuditStore, PRUNE_ACTION } from '../store/audit.ts';

/** Number and hash of one record. */
export interface Head {
  id: number;
  hash: string;
}

export type Verdict = { records: number; head: Head | undefined } | { brokenAt: number; because: string };

const RECORDS_AT_ONCE = 1000;

/** A record is hashed as a JSON array in this order, with null for absent fields: the same bytes on every machine. */
export const sealRecord: AuditSeal = (previousHash, id, entry) => {
  const canonical = JSON.stringify([
    previousHash ?? null,
    id,
    entry.at.getTime(),
    entry.actor,
    entry.action,
    entry.connection ?? null,
    entry.subject ?? null,
    entry.remoteAddress ?? null,
    entry.instance ?? null,
    entry.result,
    entry.correlationId ?? null,
    entry.detail ?? null,
  ]);
  return createHash('sha256').update(canonical).digest('hex');
};

/**
 * Verifies the whole chain.
 * @param expected a head noted earlier, which must still be part of the chain
 * @returns the number of records, or the first invalid one
 */
export async function verifyChain(store: AuditStore, expected?: Head): Promise<Verdict> {
  const [prune] = await store.auditRecords({ action: PRUNE_ACTION }, 1);
  const start = prune === undefined ? undefined : removedUpTo(prune);
  if (prune !== undefined && start === undefined) return { brokenAt: prune.id, because: 'it does not say what was removed' };
  let head = start;
  let records = 0;
  for (;;) {
    const page = await store.auditRecordsAfter(head?.id ?? 0, RECORDS_AT_ONCE);
    for (const record of page) {
      const id = (head?.id ?? 0) + 1;
      if (record.id !== id) return { brokenAt: id, because: 'it is missing' };
      if (record.hash !== sealRecord(head?.hash, id, record)) return { brokenAt: id, because: 'it, or the one before it, was changed' };
      if (expected?.id === id && expected.hash !== record.hash) return { brokenAt: id, because: 'its hash is not the one expected' };
      head = { id, hash: record.hash };
      records++;
    }
    if (page.length < RECORDS_AT_ONCE) break;
  }
  if (expected !== undefined && expected.id > (head?.id ?? 0)) return { brokenAt: (head?.id ?? 0) + 1, because: 'it is missing' };
  if (expected !== undefined && expected.id === start?.id && expected.hash !== start.hash) {
    return { brokenAt: expected.id, because: 'its hash is not the one expected' };
  }
  return { records, head };
}

function removedUpTo(prune: AuditRecord): Head | undefined {
  const [, id, hash] = /^(\d+) ([0-9a-f]{64})$/.exec(prune.detail ?? '') ?? [];
  return id === undefined || hash === undefined ? undefined : { id: Number(id), hash };
}
