/**
 * Copies every record to the destinations outside the database, in order. The audit log itself is the queue: unsent records stay in
 * it across outages and restarts until they reach their retention limit.
 */
import { createBackoff, errorText, type Log, sleep } from '@landbridge/runtime';
import type { HubSettings } from '../settings.ts';
import type { AuditPosition } from '../store/audit.ts';
import type { Store } from '../store/store.ts';
import type { AuditChain } from './chain.ts';
import { type AuditDestination, auditJson } from './destinations/destination.ts';
import { fileDestination } from './destinations/file.ts';
import { httpDestination } from './destinations/http.ts';
import { syslogDestination } from './destinations/syslog.ts';
import { startHeadFile } from './heads.ts';

export interface AuditCopyStatus {
  name: AuditDestination['name'];
  target: string;
  /** The number of records not yet received. */
  unsent: number;
  /** Records since the start that passed their retention time before the destination received them. */
  lost: number;
  /** Why the destination is unreachable, and since when. */
  failure: { since: Date; text: string } | undefined;
}

export interface AuditCopies {
  status(): Promise<AuditCopyStatus[]>;
  /** Makes one last attempt to send the remaining records, and stops. */
  stop(): Promise<void>;
}

const POLL_MS = 1000;
const SEND_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 2000;
const MAX_BACKOFF_MS = 60_000;

type CopySettings = Pick<HubSettings, Extract<keyof HubSettings, `AUDIT_${string}`>>;

export function startAuditCopies(parts: { store: Store; chain: AuditChain; log: Log; settings: CopySettings }): AuditCopies {
  const { settings } = parts;
  const headIntervalMs = settings.AUDIT_HEAD_MINUTES * 60_000;
  const ca = settings.AUDIT_CA_FILE;
  const destinations: AuditDestination[] = [];
  if (settings.AUDIT_STREAM_FILE !== undefined) destinations.push(fileDestination(settings.AUDIT_STREAM_FILE));
  if (settings.AUDIT_SYSLOG_URL !== undefined) destinations.push(syslogDestination(settings.AUDIT_SYSLOG_URL, ca));
  if (settings.AUDIT_HTTP_URL !== undefined) {
    destinations.push(httpDestination(settings.AUDIT_HTTP_URL, { token: settings.AUDIT_HTTP_TOKEN_FILE, ca }));
  }
  const copies = destinations.map((destination) => startCopy({ ...parts, destination, headIntervalMs }));
  const headFile = settings.AUDIT_HEAD_FILE;
  const stopHeadFile = headFile === undefined ? undefined : startHeadFile({ ...parts, file: headFile, intervalMs: headIntervalMs });
  return {
    status: () => Promise.all(copies.map((copy) => copy.status())),
    async stop() {
      await Promise.all([...copies.map((copy) => copy.stop()), stopHeadFile?.()]);
    },
  };
}

function startCopy(parts: { store: Store; chain: AuditChain; log: Log; destination: AuditDestination; headIntervalMs: number }) {
  const { store, chain, log, destination } = parts;
  const { target, recordsAtOnce } = destination;
  const stopping = new AbortController();
  const outOfTime = new AbortController();
  const backoff = createBackoff({ firstMs: POLL_MS, maxMs: MAX_BACKOFF_MS, holdMs: 0 });
  let position: AuditPosition | undefined;
  let lost = 0;
  let failure: AuditCopyStatus['failure'];
  let head = { id: 0, sentAt: Number.NEGATIVE_INFINITY };

  async function startPosition(): Promise<AuditPosition> {
    const known = destination.newest === undefined ? await store.auditPosition(target) : destination.newest();
    if (!known) return { id: 0, hash: '' };
    const [oldest] = await store.auditRecordsAfter(0, 1);
    const [same] = await store.auditRecordsAfter(known.id - 1, 1);
    if (same?.id === known.id && same.hash === known.hash) return known;
    // After restoring a backup, record numbers repeat. Sending records twice is better than losing them.
    return oldest !== undefined && known.id < oldest.id && destination.newest === undefined ? known : { id: 0, hash: '' };
  }

  async function moveTo(next: AuditPosition): Promise<void> {
    position = next;
    if (destination.newest === undefined) await store.setAuditPosition(target, next);
  }

  function noteLost(count: number): void {
    lost += count;
    log.error({ target, records: count }, `Audit records reached their retention limit and were removed before ${target} received them`);
  }

  /** @returns whether more records may be waiting */
  async function sendSome(signal: AbortSignal): Promise<boolean> {
    position ??= await startPosition();
    const { id, upTo } = position;
    // A repeated batch contains the same records as before.
    const found = await store.auditRecordsAfter(id, recordsAtOnce);
    const records = upTo === undefined ? found : found.filter((record) => record.id <= upTo);
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) {
      if (found.length > 0) await moveTo({ id, hash: position.hash });
      return found.length > 0;
    }
    if (id > 0 && first.id > id + 1) noteLost(first.id - id - 1);
    if (upTo !== last.id) await moveTo({ id: first.id - 1, hash: position.hash, upTo: last.id });
    const messages = records.map((record) => ({ at: record.at, action: record.action, result: record.result, json: auditJson(record) }));
    await destination.send(messages, `${first.id}-${last.id}-${last.hash.slice(0, 32)}`, signal);
    await moveTo({ id: last.id, hash: last.hash });
    return true;
  }

  async function sendHead(signal: AbortSignal): Promise<void> {
    if (!destination.takesHeads || position === undefined || position.id === head.id) return;
    if (performance.now() - head.sentAt < parts.headIntervalMs && !stopping.signal.aborted) return;
    const { id, hash } = position;
    const at = new Date();
    const json = JSON.stringify({ at, action: 'audit.head', result: 'ok', head: chain.headText({ id, hash }) });
    await destination.send([{ at, action: 'audit.head', result: 'ok', json }], `head-${id}-${hash.slice(0, 32)}`, signal);
    head = { id, sentAt: performance.now() };
  }

  /** @returns the delay before the next attempt */
  async function sendAll(): Promise<number> {
    const signal = () => AbortSignal.any([AbortSignal.timeout(SEND_TIMEOUT_MS), outOfTime.signal]);
    try {
      while (await sendSome(signal())) if (outOfTime.signal.aborted) return 0;
      await sendHead(signal());
      if (failure !== undefined) log.info({ target }, `${target} receives the audit log again`);
      failure = undefined;
      backoff.succeeded();
      return POLL_MS;
    } catch (error) {
      const text = errorText(error);
      if (failure === undefined) {
        log.error({ err: error, target }, `Audit log not copied to ${target}; retrying: ${text}`);
        failure = { since: new Date(), text };
      }
      return backoff.nextMs();
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) await sleep(await sendAll(), stopping.signal);
    // Sends the latest records if the destination is reachable.
    if (failure === undefined || destination.name === 'file') await sendAll();
  }
  const ended = run();

  return {
    async status(): Promise<AuditCopyStatus> {
      const [newest] = await store.auditRecords({}, 1);
      return { name: destination.name, target, unsent: Math.max(0, (newest?.id ?? 0) - (position?.id ?? 0)), lost, failure };
    },
    async stop() {
      stopping.abort();
      const timer = setTimeout(() => outOfTime.abort(), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
