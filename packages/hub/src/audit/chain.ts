/**
 * The chain of the audit log. Each record's HMAC-SHA256 covers the previous one's and the record itself, so that an attacker who can write
 * to the database, but does not have the key outside it, can neither change, remove, insert nor forge a record. Cutting off the newest
 * records leaves a valid chain: the head (number and MAC of the newest record) reveals that if it is kept elsewhere. The hub logs it and
 * writes it to AUDIT_HEAD_FILE, `audit verify` prints it, and `audit verify --head` compares it.
 */
import { createHmac } from 'node:crypto';
import { sameText } from '@landbridge/web';
import { type AuditRecord, type AuditSeal, type AuditStore, NEW_KEY_ACTION, PRUNE_ACTION } from '../store/audit.ts';
import type { SealingKey } from '../store/sealing.ts';

/** Number and MAC of one record. */
export interface Head {
  id: number;
  hash: string;
}

export interface AuditChain {
  seal: AuditSeal;
  /** @returns the head with a proof that this hub made it: it stays comparable when its record was removed for its age */
  headText(head: Head): string;
  /** @returns undefined if this hub never had such a head */
  readHead(text: string): Head | undefined;
}

/** `unverified`: older records, which were sealed with a key that was replaced. */
export type Verdict = { records: number; unverified: number; head: Head | undefined } | { brokenAt: number; because: string };

const RECORDS_AT_ONCE = 1000;
const PROOF_LENGTH = 32;

export function createAuditChain(homeKey: SealingKey): AuditChain {
  const key = homeKey.derive('audit log');
  const headKey = homeKey.derive('audit head');
  const proofOf = (id: number, hash: string) => hmac(headKey, `${id}:${hash}`).slice(0, PROOF_LENGTH);
  return {
    /** A record as a JSON array in this order, with null for absent fields: the same bytes on every machine. */
    seal: (previousHash, id, entry) =>
      hmac(
        key,
        JSON.stringify([
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
        ]),
      ),
    headText: ({ id, hash }) => `${id}:${hash}:${proofOf(id, hash)}`,
    readHead(text) {
      const [, id = '', hash = '', proof = ''] = /^(\d{1,15}):([0-9a-f]{64}):([0-9a-f]{32})$/.exec(text) ?? [];
      return id !== '' && sameText(proof, proofOf(Number(id), hash)) ? { id: Number(id), hash } : undefined;
    },
  };
}

function hmac(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

/**
 * Verifies the whole chain.
 * @param expected heads noted earlier, by `readHead`: each must be part of the chain, or removed for its age
 * @returns the number of records, or the first invalid one
 */
export async function verifyChain(store: AuditStore, seal: AuditSeal, expected: readonly Head[] = []): Promise<Verdict> {
  // A forged record of this kind does not verify, because the chain includes it.
  const starts: AuditRecord[] = [];
  for (const action of [PRUNE_ACTION, NEW_KEY_ACTION]) starts.push(...(await store.auditRecords({ action }, 1)));
  let start: Head | undefined;
  for (const record of starts) {
    const head = placeIn(record);
    if (head === undefined) return { brokenAt: record.id, because: 'it does not say what came before' };
    if (head.id > (start?.id ?? 0)) start = head;
  }
  const hashes = new Map<number, string>();
  for (const { id, hash } of expected) {
    if (hashes.has(id) && hashes.get(id) !== hash) return { brokenAt: id, because: 'two of the given heads contradict each other' };
    hashes.set(id, hash);
  }
  const [oldest] = await store.auditRecordsAfter(0, 1);
  const isExpected = ({ id, hash }: Head) => (hashes.get(id) ?? hash) === hash;
  if (start !== undefined && !isExpected(start)) return { brokenAt: start.id, because: 'its hash is not the one expected' };
  let head = start;
  let records = 0;
  for (;;) {
    const page = await store.auditRecordsAfter(head?.id ?? 0, RECORDS_AT_ONCE);
    for (const record of page) {
      const id = (head?.id ?? 0) + 1;
      if (record.id !== id) return { brokenAt: id, because: 'it is missing' };
      if (record.hash !== seal(head?.hash, id, record)) return { brokenAt: id, because: 'it, or the one before it, was changed' };
      if (!isExpected(record)) return { brokenAt: id, because: 'its hash is not the one expected' };
      head = { id, hash: record.hash };
      records++;
    }
    if (page.length < RECORDS_AT_ONCE) break;
  }
  const newest = Math.max(0, ...hashes.keys());
  if (newest > (head?.id ?? 0)) return { brokenAt: (head?.id ?? 0) + 1, because: 'it is missing' };
  return { records, unverified: oldest === undefined ? 0 : Math.max(0, (start?.id ?? 0) + 1 - oldest.id), head };
}

function placeIn(record: AuditRecord): Head | undefined {
  const [, id, hash] = /^(\d{1,15}) ([0-9a-f]{64})$/.exec(record.detail ?? '') ?? [];
  // Nothing can come after itself.
  return id === undefined || hash === undefined || Number(id) >= record.id ? undefined : { id: Number(id), hash };
}
