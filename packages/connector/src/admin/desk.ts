/** What every page of the console works with: the connector, who is signed in, the form that was sent, showing a page, and going on with a message. */

import { CodedError, type Log, type LogFile, type LogWindow } from '@landbridge/runtime';
import type { Html, Message } from '@landbridge/web';
import type { Context } from 'hono';
import type { RunningConnector } from '../agent/connector.ts';
import { type Config, type Environment, loadConfig } from '../config/load.ts';
import type { Troubleshooter } from '../troubleshoot/troubleshooter.ts';
import type { ConnectorSignInEvents } from '../users/sign-in-events.ts';
import type { Activity } from './activity.ts';
import { frame, type NavigationPath } from './frame.ts';
import type { ConsoleSession } from './sessions.ts';

/** What the middleware before the pages found out. */
export interface Env {
  Variables: { session: ConsoleSession; form: FormData };
}

export interface ConsoleParts {
  home: string;
  environment: Environment;
  version: string;
  /** In place of this machine's. */
  platform?: NodeJS.Platform;
  /** In place of a clock, in milliseconds: for the waits after wrong passwords. */
  now?: () => number;
  log: Log;
  signIns: ConnectorSignInEvents;
  logWindow: LogWindow;
  /** Undefined where none is written. */
  logFile: LogFile | undefined;
  /** Undefined as long as it is not set up. */
  connector(): RunningConnector | undefined;
  /** Once it is set up. @throws CodedError why it cannot start */
  startConnector(): Promise<void>;
}

export interface Desk extends ConsoleParts {
  troubleshooter: Troubleshooter;
  activity: Activity;
  /** Settings that were changed and count from the next start on. */
  restartDue: Set<string>;
  /** What is in use, or stands in the files. @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON */
  config(): Config;
  /** @throws CodedError CONSOLE_NOT_SET_UP */
  running(): RunningConnector;
  show(
    c: Context<Env>,
    page: { title: string; current?: NavigationPath; main: Html; status?: 200 | 400 | 404; editor?: boolean },
  ): Response | Promise<Response>;
  /** To another page, with a word about what was done. */
  goOn(c: Context<Env>, path: string, message?: Message): Response;
}

export function createDesk(parts: ConsoleParts & Pick<Desk, 'troubleshooter' | 'activity'>): Desk {
  const restartDue = new Set<string>();
  return {
    ...parts,
    restartDue,
    config: () => parts.connector()?.config() ?? loadConfig(parts.home, parts.environment),
    running() {
      const connector = parts.connector();
      if (connector !== undefined) return connector;
      throw new CodedError('CONSOLE_NOT_SET_UP', 'The connector is not set up yet', { action: 'Go to "Set up".' });
    },
    async show(c, { title, current, main, status = 200, editor }) {
      const session = c.get('session');
      // What the script asks for in the background is read by nobody.
      const messages = isLive(c) ? [] : session.messages.splice(0);
      const isConfigured = parts.connector() !== undefined;
      const { html, headers } = frame({ title, main, editor, signedIn: { formToken: session.formToken, current, messages, isConfigured } });
      return c.html(html, status, headers);
    },
    goOn(c, path, message) {
      if (message !== undefined) c.get('session').messages.push(message);
      return c.redirect(path, 303);
    },
  };
}

/** Whether the page's own script asks, and not the person: no sign of life. */
export function isLive(c: Context): boolean {
  return c.req.header('Landbridge-Live') !== undefined;
}

/** @returns a field of the form; '' where it is missing, or a file */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}

/** @returns the bytes of an uploaded file; undefined where none was chosen */
export async function fileOf(form: FormData, name: string): Promise<Buffer | undefined> {
  const value = form.get(name);
  return value === null || typeof value === 'string' || value.size === 0 ? undefined : Buffer.from(await value.arrayBuffer());
}

/** For the person who has to do something about it. */
export function sentence(error: unknown): string | undefined {
  return error instanceof CodedError ? [error.message, error.action ?? ''].filter(Boolean).map(ended).join(' ') : undefined;
}

/** Advice of the directory's errors has no full stop, that of others has. */
export function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
