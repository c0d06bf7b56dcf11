/**
 * Copies of the audit log outside the database, for a SIEM and for evidence: every record as a JSON line in AUDIT_STREAM_FILE, and the head
 * of the chain in AUDIT_HEAD_FILE. Both files are only appended to, so they may be on a medium that allows nothing else.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { errorText, type Log, parseJson, printable } from '@landbridge/runtime';
import { z } from 'zod';
import type { HubSettings } from '../settings.ts';
import type { AuditRecord } from '../store/audit.ts';
import type { Store } from '../store/store.ts';
import type { AuditChain, Head } from './chain.ts';

const STREAM_INTERVAL_MS = 1000;
const RECORDS_AT_ONCE = 1000;
/** A line is at most 4 KB: eight texts of 256 characters and a detail of 1024, escaped. */
const LAST_LINES_BYTES = 64 * 1024;

const streamed = z.object({ id: z.int().min(1), hash: z.string() });

/** @returns a function that writes what is left, and stops */
export function startAuditCopies(parts: {
  store: Store;
  chain: AuditChain;
  log: Log;
  settings: Pick<HubSettings, 'AUDIT_STREAM_FILE' | 'AUDIT_HEAD_FILE' | 'AUDIT_HEAD_MINUTES'>;
}): () => Promise<void> {
  const { store, chain, log, settings } = parts;
  const { AUDIT_STREAM_FILE: streamFile, AUDIT_HEAD_FILE: headFile } = settings;
  const stops: (() => Promise<void>)[] = [];
  if (streamFile !== undefined) {
    let position: number | undefined;
    const copy = async () => {
      let lineEnd = '';
      if (position === undefined) {
        const { last, isCutOff } = lastStreamed(streamFile);
        const [same] = last === undefined ? [] : await store.auditRecordsAfter(last.id - 1, 1);
        // After a restored backup, numbers come again: better every record twice than one not at all.
        position = last !== undefined && same?.id === last.id && same.hash === last.hash ? last.id : 0;
        if (isCutOff) lineEnd = '\n';
      }
      for (;;) {
        const records = await store.auditRecordsAfter(position, RECORDS_AT_ONCE);
        if (records.length === 0) return;
        // Opened by name each time: the file may be rotated.
        await appendFile(streamFile, `${lineEnd}${records.map(auditLine).join('')}`, { mode: 0o600 });
        lineEnd = '';
        position = records.at(-1)?.id ?? position;
      }
    };
    stops.push(repeat(copy, STREAM_INTERVAL_MS, streamFile, log));
  }
  if (headFile !== undefined) {
    let written: number | undefined;
    const note = async () => {
      const [head] = await store.auditRecords({}, 1);
      if (head === undefined || head.id === written) return;
      await appendFile(headFile, `${new Date().toISOString()} ${chain.headText(head)}\n`, { mode: 0o600 });
      written = head.id;
    };
    stops.push(repeat(note, settings.AUDIT_HEAD_MINUTES * 60_000, headFile, log));
  }
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** One record as a JSON line. */
export function auditLine(record: AuditRecord): string {
  return `${printable(JSON.stringify(record))}\n`;
}

/** @returns the heads in AUDIT_HEAD_FILE, and how many of its lines are not heads of this hub */
export async function headsIn(file: string, chain: AuditChain): Promise<{ heads: Head[]; invalid: number }> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  const heads = lines.flatMap((line) => chain.readHead(line.split(' ').at(-1) ?? '') ?? []);
  return { heads, invalid: lines.length - heads.length };
}

/** Runs now and then at each interval, one run at a time. A failure is logged once until a run succeeds; nothing is skipped. */
function repeat(run: () => Promise<void>, intervalMs: number, file: string, log: Log): () => Promise<void> {
  let hasFailed = false;
  let running = Promise.resolve();
  const once = () => {
    running = running.then(run).then(
      () => {
        hasFailed = false;
      },
      (error: unknown) => {
        if (!hasFailed) log.error({ err: error, file }, `Audit log not copied, will be tried again: ${errorText(error)}`);
        hasFailed = true;
      },
    );
    return running;
  };
  void once();
  const timer = setInterval(once, intervalMs).unref();
  return () => {
    clearInterval(timer);
    return once();
  };
}

/** @returns the last whole record in the file, and whether the file ends within a line */
function lastStreamed(file: string): { last?: Head | undefined; isCutOff: boolean } {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return { isCutOff: false };
  }
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, LAST_LINES_BYTES));
    readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    const text = bytes.toString('utf8');
    const records = text.split('\n').flatMap((line) => streamed.safeParse(parseJson(line)).data ?? []);
    return { last: records.at(-1), isCutOff: text !== '' && !text.endsWith('\n') };
  } finally {
    closeSync(descriptor);
  }
}
