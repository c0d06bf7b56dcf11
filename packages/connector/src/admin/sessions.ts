/** Console sessions, in memory: they also hold messages for the next page, and input that waits to be confirmed. */
import { createMemorySessions, type MemorySessions, type Message, newSecretToken } from '@landbridge/web';
import type { SettingName } from '../config/settings.ts';
import type { Import } from '../transfer/import.ts';
import type { CheckRun } from './check-run.ts';
import type { Saving } from './saving.ts';

export interface ConsoleSession {
  /** The generation of the password that opened the session. A new password ends the session. */
  passwordGeneration: string;
  formToken: string;
  messages: Message[];
  /** An import that waits for confirmation. */
  pendingImport: Import | undefined;
  /** The check run of settings that setup has not saved yet. */
  checkRun: CheckRun | undefined;
  /** The last check run. */
  troubleshooting: { checkRun: CheckRun; userName: string } | undefined;
  /** Changed settings that are being tried. */
  saving: Saving | undefined;
  /** Secrets of the last rejected form of settings. */
  typedSecrets: ReadonlyMap<SettingName, string>;
}

export interface ConsoleSessions extends Omit<MemorySessions<ConsoleSession>, 'open'> {
  /** @returns the value of the cookie */
  open(): string;
}

/** @param passwordGeneration returns the generation of the current password */
export function createConsoleSessions(passwordGeneration: () => string): ConsoleSessions {
  const sessions = createMemorySessions<ConsoleSession>({ idleMs: 30 * 60_000, longestMs: 12 * 60 * 60_000, maxSessions: 20 });
  return {
    ...sessions,
    find(cookie, touch) {
      const session = sessions.find(cookie, touch);
      if (session === undefined || session.passwordGeneration === passwordGeneration()) return session;
      sessions.close(cookie);
      return undefined;
    },
    open: () =>
      sessions.open({
        passwordGeneration: passwordGeneration(),
        formToken: newSecretToken().token,
        messages: [],
        pendingImport: undefined,
        checkRun: undefined,
        troubleshooting: undefined,
        saving: undefined,
        typedSecrets: new Map(),
      }),
  };
}
