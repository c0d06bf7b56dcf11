/** The console's password: stored as a hash in the home, readable by its owner only. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, writePrivateFile } from '@landbridge/runtime';
import { createThrottle, hashOfToken, hashPassword, isPassword } from '@landbridge/web';
import { z } from 'zod';

/** Never exported: each machine has its own password. */
const FILE = 'console.json';
const stored = z.object({ password: z.string().regex(/^argon2id-1\$[\w-]+\$[\w-]+$/) });

const FREE_FAILURES = 5;
const LONGEST_WAIT_MS = 60_000;

export interface ConsolePassword {
  isSet(): boolean;
  /** @throws CodedError PASSWORD_INVALID, CONSOLE_NOT_WRITABLE */
  set(password: string): Promise<void>;
  /** @throws CodedError TOO_MANY_ATTEMPTS without verifying the password, even if it is right */
  matches(password: string): Promise<boolean>;
  /** Changes with every new password, including one written by another process or edited by hand. */
  generation(): string;
}

/** @param now for tests, in milliseconds */
export function createConsolePassword(home: string, now?: () => number): ConsolePassword {
  const path = join(home, FILE);
  const newThrottle = () =>
    createThrottle(
      { console: { free: FREE_FAILURES, longestMs: LONGEST_WAIT_MS } },
      { now, action: 'If the password is lost, "landbridge-connector console link" prints a link to set a new one.' },
    );
  let throttle = newThrottle();

  function read(): string | undefined {
    try {
      return stored.parse(JSON.parse(readFileSync(path, 'utf8'))).password;
    } catch {
      // A damaged file counts as none: a link, which only this machine's administrator gets, sets a new password.
      return undefined;
    }
  }

  return {
    isSet: () => read() !== undefined,
    generation: () => hashOfToken(read() ?? ''),
    async set(password) {
      const hash = await hashPassword(password);
      try {
        writePrivateFile(path, `${JSON.stringify({ password: hash })}\n`);
      } catch (cause) {
        throw new CodedError('CONSOLE_NOT_WRITABLE', `Cannot write ${path}`, {
          action: 'Allow the account that runs the connector to write to its home.',
          cause,
        });
      }
      throttle = newThrottle();
    },
    async matches(password) {
      const succeed = throttle.begin([['console', '']]);
      const verified = read();
      // The password may have changed in the meantime.
      const isRight = (await isPassword(password, verified)) && read() === verified;
      if (isRight) succeed();
      return isRight;
    },
  };
}
