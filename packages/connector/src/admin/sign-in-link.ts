/**
 * The one-time link to set the console's password, for administrators who can read the connector's log or run its commands. Its hash is
 * stored in the home, so that a command can create a link for a running connector.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, writePrivateFile } from '@landbridge/runtime';
import { hashOfToken, newSecretToken, sameText } from '@landbridge/web';
import { z } from 'zod';

/** Long enough to read the log and open a browser. The log keeps the link longer, so it must expire. */
export const LINK_LIFETIME_MINUTES = 60;
/** Only the newest link: creating one invalidates the previous one. */
const FILE = 'console-link.json';
const stored = z.object({ hash: z.string(), expiresAt: z.iso.datetime() });

/** @returns the path of the link with its code, for the console's own address. @throws CodedError CONSOLE_NOT_WRITABLE */
export function newSignInLink(home: string): string {
  const { token, hash } = newSecretToken();
  const path = join(home, FILE);
  const expiresAt = new Date(Date.now() + LINK_LIFETIME_MINUTES * 60_000).toISOString();
  try {
    writePrivateFile(path, `${JSON.stringify({ hash, expiresAt })}\n`);
  } catch (cause) {
    throw new CodedError('CONSOLE_NOT_WRITABLE', `Cannot write ${path}`, {
      action: 'Run this as the account of the service, and allow that account to write to its home.',
      cause,
    });
  }
  return `/link?code=${token}`;
}

/** Whether it is the newest link, unused and not expired. 160 random bits need no rate limit. */
export function isSignInLink(home: string, code: string): boolean {
  try {
    const { hash, expiresAt } = stored.parse(JSON.parse(readFileSync(join(home, FILE), 'utf8')));
    return sameText(hashOfToken(code), hash) && Date.now() < Date.parse(expiresAt);
  } catch {
    return false;
  }
}

export function useUpSignInLink(home: string): void {
  rmSync(join(home, FILE), { force: true });
}
