/** `running.json` in the home: which version runs, and whether it has a hub. An update reads it to find out whether the new version works. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '@landbridge/runtime';
import { z } from 'zod';

const runningFile = z.object({ version: z.string(), pid: z.int().positive(), online: z.boolean() });
export type RunningState = z.infer<typeof runningFile>;

const MAX_BYTES = 4096;

export function writeRunningFile(home: string, state: RunningState): void {
  writePrivateFile(join(home, 'running.json'), `${JSON.stringify(state)}\n`);
}

/**
 * Root reads this during an update, and the account of the service owns the folder: links are not followed, and a named pipe does not block.
 *
 * @returns undefined if the file is missing, damaged, or not a regular file
 */
export function readRunningFile(home: string): RunningState | undefined {
  let file: number | undefined;
  try {
    file = openSync(join(home, 'running.json'), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!fstatSync(file).isFile()) return undefined;
    const content = Buffer.alloc(MAX_BYTES);
    const length = readSync(file, content);
    return runningFile.safeParse(JSON.parse(content.toString('utf8', 0, length))).data;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
