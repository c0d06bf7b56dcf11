/** `running.json` in the home: which version runs, and whether it has a hub. An update reads it to find out whether the new version works. */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '@landbridge/runtime';
import { z } from 'zod';

const runningFile = z.object({ version: z.string(), pid: z.int().positive(), online: z.boolean() });
export type RunningState = z.infer<typeof runningFile>;

const MAX_BYTES = 4096;

export function writeRunningFile(home: string, state: RunningState): void {
  writePrivateFile(join(home, 'running.json'), `${JSON.stringify(state)}\n`);
}

/** @returns undefined if the file is missing, damaged, or not a file: the account of the service owns the folder, and root may read it */
export function readRunningFile(home: string): RunningState | undefined {
  try {
    const path = join(home, 'running.json');
    const stats = lstatSync(path);
    if (!stats.isFile() || stats.size > MAX_BYTES) return undefined;
    return runningFile.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
