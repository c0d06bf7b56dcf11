/**
 * The chain of the audit log. Each record's HMAC-SHA256 covers the previous one's and the record itself, so that an attacker who can write
 * to the database, but does not have the key outside it, can neither change, remove, insert nor forge a record. Cutting off the newest
 * records leaves a valid chain: the head (number and MAC of the newest record) reveals that if it is kept elsewhere. The hub logs it and
 * writes it to AUDIT_HEAD_FILE, `audit verify` prints it, and `audit verify --head` compares it.
 *
 * The first record under another key contains the keys before it, encrypted with its own. Records from before the change stay verifiable, and since
 * that record covers them, a thief of the former key cannot rewrite them.
 */
import { createHmac, hkdfSync } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { sameText } from '@landbridge/web';
import { type AuditRecord, type AuditSeal, type AuditStore, NEW_KEY_ACTION, PRUNE_ACTION } from '../store/audit.ts';
import { createSealing, type Place, type SealingKey } from '../store/sealing.ts';

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
  /** @returns the keys of the chain that this one continues, encrypted, for the record that begins it */
  keep(former: AuditChain): string;
  /** @returns the chain whose keys were kept, or undefined */
  formerChain(kept: string): AuditChain | undefined;
  /** Secret. */
  readonly keys: Buffer;
}

/** `unverified`: older records, which were sealed with a key that was lost. */
export type Verdict = { records: number; unverified: number; head: Head | undefined } | BrokenChain;

interface BrokenChain {
  brokenAt: number;
  because: string;
}

const RECORDS_AT_ONCE = 250;
const PROOF_LENGTH = 32;
const KEY_BYTES = 32;
const KEPT: Place = ['audit_log', 'former keys'];
/** Each is a command of an operator. */
const MAX_KEY_CHANGES = 10_000;

export function createAuditChain(homeKey: SealingKey): AuditChain {
  return chainOf(Buffer.concat([homeKey.derive('audit log'), homeKey.derive('audit head')]));
}

function chainOf(keys: Buffer): AuditChain {
  const [key, headKey] = [keys.subarray(0, KEY_BYTES), keys.subarray(KEY_BYTES)];
  const sealing = createSealing({ derive: (purpose) => Buffer.from(hkdfSync('sha256', keys, '', purpose, KEY_BYTES)) });
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
    keep: (former) => sealing.seal(KEPT, former.keys).toString('base64url'),
    formerChain(kept) {
      try {
        return chainOf(sealing.open(KEPT, Buffer.from(kept, 'base64url')));
      } catch {
        // Forged, which its MAC shows.
        return undefined;
      }
    },
    keys,
  };
}

function hmac(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex');
}

interface Period {
  chain: AuditChain;
  /** Its last record. */
  end: number;
}

/**
 * The chains before `chain`, the newest first, as far back as their keys were kept. A forged change of the key does not verify, because the chain
 * includes it.
 * @returns `lost`: the last record whose key was lost
 */
async function formerPeriods(store: AuditStore, chain: AuditChain): Promise<{ periods: Period[]; lost: Head | undefined } | BrokenChain> {
  const periods: Period[] = [];
  let current = chain;
  for (const record of await store.auditRecords({ action: NEW_KEY_ACTION }, MAX_KEY_CHANGES)) {
    const place = placeIn(record);
    if (place === undefined) return unplaced(record);
    const former = place.kept === undefined ? undefined : current.formerChain(place.kept);
    if (former === undefined) return { periods, lost: place };
    periods.push({ chain: former, end: place.id });
    current = former;
  }
  return { periods, lost: undefined };
}

/** @returns a function that reads heads noted under this key or a former one */
export async function headReader(store: AuditStore, chain: AuditChain): Promise<Pick<AuditChain, 'readHead'>> {
  const found = await formerPeriods(store, chain);
  const chains = [chain, ...('periods' in found ? found.periods.map((period) => period.chain) : [])];
  return { readHead: (text) => chains.map((each) => each.readHead(text)).find((head) => head !== undefined) };
}

/**
 * Verifies the whole chain.
 * @param expected heads noted earlier, by `readHead`: each must be part of the chain, or removed for its age
 * @returns the number of records, or the first invalid one
 */
export async function verifyChain(store: AuditStore, chain: AuditChain, expected: readonly Head[] = []): Promise<Verdict> {
  const former = await formerPeriods(store, chain);
  if ('brokenAt' in former) return former;
  const sealOf = (id: number) => (former.periods.findLast(({ end }) => id <= end)?.chain ?? chain).seal;
  // A forged record of this kind does not verify, because the chain includes it.
  const [prune] = await store.auditRecords({ action: PRUNE_ACTION }, 1);
  const pruned = prune && placeIn(prune);
  if (prune !== undefined && pruned === undefined) return unplaced(prune);
  const start: Head | undefined = [former.lost, pruned].filter((head) => head !== undefined).sort((a, b) => b.id - a.id)[0];
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
      if (record.hash !== sealOf(id)(head?.hash, id, record)) return { brokenAt: id, because: 'it, or the one before it, was changed' };
      if (!isExpected(record)) return { brokenAt: id, because: 'its hash is not the one expected' };
      head = { id, hash: record.hash };
      records++;
    }
    if (page.length < RECORDS_AT_ONCE) break;
    // The running hub verifies its log, and sign-ins go on meanwhile.
    await turn();
  }
  const newest = Math.max(0, ...hashes.keys());
  if (newest > (head?.id ?? 0)) return { brokenAt: (head?.id ?? 0) + 1, because: 'it is missing' };
  return { records, unverified: oldest === undefined ? 0 : Math.max(0, (start?.id ?? 0) + 1 - oldest.id), head };
}

/** @returns what came before a record that removes others or changes the key */
function placeIn(record: AuditRecord): (Head & { kept: string | undefined }) | undefined {
  const [, id, hash, kept] = /^(\d{1,15}) ([0-9a-f]{64})(?: ([\w-]{1,500}))?$/.exec(record.detail ?? '') ?? [];
  // A record cannot come after itself.
  return id === undefined || hash === undefined || Number(id) >= record.id ? undefined : { id: Number(id), hash, kept };
}

function unplaced({ id }: AuditRecord): BrokenChain {
  return { brokenAt: id, because: 'it does not say what came before' };
}
