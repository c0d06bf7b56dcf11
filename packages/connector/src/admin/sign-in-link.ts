/**
 * The one-time link with which somebody who can read the connector's log, or run its commands, gets into the console and chooses a
 * password. Its hash stands in a file of the home, so that a command can make one for a connector that runs.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@landbridge/runtime';
import { sameText } from '@landbridge/web';
import { z } from 'zod';
import { writePrivateFile } from '../config/write-private-file.ts';

/** Long enough to read a log and open a browser; the log keeps it longer. */
export const LINK_LIFETIME_MINUTES = 60;
/** The newest only: another one makes the one before it worthless. */
const FILE = 'console-link.json';
const kept = z.object({ hash: z.string(), expiresAt: z.iso.datetime() });

/** @returns the path of the link with its code, for the console's own address. @throws CodedError CONSOLE_NOT_WRITABLE */
export function newSignInLink(home: string): string {
  const code = randomBytes(20).toString('base64url');
  const path = join(home, FILE);
  const expiresAt = new Date(Date.now() + LINK_LIFETIME_MINUTES * 60_000).toISOString();
  try {
    writePrivateFile(path, `${JSON.stringify({ hash: hashOf(code), expiresAt })}\n`);
  } catch (cause) {
    throw new CodedError('CONSOLE_NOT_WRITABLE', `${path} cannot be written`, {
      action: 'Run this as the user of the service, and give that user the right to write in its home.',
      cause,
    });
  }
  return `/link?code=${code}`;
}

/** Whether it is the newest link, not used and not too old. 160 random bits need no limit of tries. */
export function isSignInLink(home: string, code: string): boolean {
  try {
    const { hash, expiresAt } = kept.parse(JSON.parse(readFileSync(join(home, FILE), 'utf8')));
    return sameText(hashOf(code), hash) && Date.now() < Date.parse(expiresAt);
  } catch {
    return false;
  }
}

export function useUpSignInLink(home: string): void {
  rmSync(join(home, FILE), { force: true });
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
