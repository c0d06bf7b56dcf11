/** Heads of the audit chain outside the database. They are written to AUDIT_HEAD_FILE, and can be read back from any text that contains them. */
import { appendFile, readFile } from 'node:fs/promises';
import { errorText, type Log } from '@landbridge/runtime';
import type { Store } from '../store/store.ts';
import type { AuditChain, Head } from './chain.ts';

const HEAD = /\b\d{1,15}:[0-9a-f]{64}:[0-9a-f]{32}\b/;

/** Writes the head now and at each interval. The file is only appended to. @returns a function that writes the last head and stops */
export function startHeadFile(parts: { store: Store; chain: AuditChain; log: Log; file: string; intervalMs: number }): () => Promise<void> {
  const { store, chain, log, file } = parts;
  let written: number | undefined;
  let hasFailed = false;
  let running = Promise.resolve();

  async function note(): Promise<void> {
    const [head] = await store.auditRecords({}, 1);
    if (head === undefined || head.id === written) return;
    await appendFile(file, `${new Date().toISOString()} ${chain.headText(head)}\n`, { mode: 0o600 });
    written = head.id;
  }

  function once(): Promise<void> {
    running = running.then(note).then(
      () => {
        hasFailed = false;
      },
      (error: unknown) => {
        if (!hasFailed) log.error({ err: error, file }, `Head of the audit log not written; retrying: ${errorText(error)}`);
        hasFailed = true;
      },
    );
    return running;
  }
  void once();
  const timer = setInterval(once, parts.intervalMs).unref();
  return () => {
    clearInterval(timer);
    return once();
  };
}

/** @returns the heads in a file such as AUDIT_HEAD_FILE or a syslog file, and the number of lines without a head of this hub */
export async function headsIn(file: string, chain: Pick<AuditChain, 'readHead'>): Promise<{ heads: Head[]; invalid: number }> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  const heads = lines.flatMap((line) => chain.readHead(HEAD.exec(line)?.[0] ?? '') ?? []);
  return { heads, invalid: lines.length - heads.length };
}
