/** AUDIT_STREAM_FILE: one JSON line per record. The file is only appended to, so append-only media work. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { parseJson } from '@landbridge/runtime';
import { z } from 'zod';
import type { Head } from '../chain.ts';
import type { AuditDestination } from './destination.ts';

/** A line has at most 4 KB: eight strings of 256 characters and a detail of 1024, escaped. */
const LAST_LINES_BYTES = 64 * 1024;

const streamed = z.object({ id: z.int().min(1), hash: z.string() });

export function fileDestination(file: string): AuditDestination {
  let lineEnd = '';
  return {
    name: 'file',
    target: file,
    recordsAtOnce: 1000,
    takesHeads: false,
    newest() {
      const { last, isCutOff } = lastStreamed(file);
      if (isCutOff) lineEnd = '\n';
      return last ?? null;
    },
    async send(messages) {
      // Opened by name each time, because the file may be rotated.
      await appendFile(file, `${lineEnd}${messages.map(({ json }) => `${json}\n`).join('')}`, { mode: 0o600 });
      lineEnd = '';
    },
  };
}

/** @returns the last complete record, and whether the file ends in the middle of a line */
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
