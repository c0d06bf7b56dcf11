/** What every console page works with: the site's frame, the connector, and the form that was sent. */
import { CodedError, type Log, type LogFile, type LogWindow } from '@landbridge/runtime';
import { type AdminSite, createAdminSite } from '@landbridge/web';
import type { Context } from 'hono';
import type { RunningConnector } from '../agent/connector.ts';
import { type Config, type Environment, loadConfig } from '../config/load.ts';
import type { Troubleshooter } from '../troubleshoot/troubleshooter.ts';
import type { ConnectorSignInEvents } from '../users/sign-in-events.ts';
import type { Activity } from './activity.ts';
import { CONSOLE_STYLE, FOLLOW_SCRIPT } from './assets.ts';
import type { ConsoleSession } from './sessions.ts';

/** Set by the middleware in front of the pages. */
export interface ConsoleEnv {
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
  /** Undefined if none is written. */
  logFile: LogFile | undefined;
  /** Undefined until it is set up. */
  connector(): RunningConnector | undefined;
  /** After setup. @throws CodedError why it cannot start */
  startConnector(): Promise<void>;
}

export interface ConsoleContext extends ConsoleParts, AdminSite<ConsoleEnv> {
  troubleshooter: Troubleshooter;
  activity: Activity;
  /** Changed settings that take effect at the next start. */
  restartDue: Set<string>;
  /** The configuration in use, or the one in the files. @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON */
  config(): Config;
  /** @throws CodedError CONSOLE_NOT_SET_UP */
  running(): RunningConnector;
  /** The hidden field's value in each form of this session. */
  tokenOf(c: Context<ConsoleEnv>): string;
}

const NAVIGATION = [
  ['/', 'Status', 'configured'],
  ['/setup', 'Set up', 'new'],
  ['/settings', 'Settings', 'configured'],
  ['/server', 'Server', 'configured'],
  ['/mapper', 'Profile mapper', 'configured'],
  ['/search', 'Search', 'configured'],
  ['/transfer', 'Import / export', 'both'],
  ['/logs', 'Logs', 'both'],
  ['/troubleshooting', 'Troubleshooting', 'both'],
  ['/update', 'Update', 'both'],
] as const;

export function createConsoleContext(parts: ConsoleParts & Pick<ConsoleContext, 'troubleshooter' | 'activity'>): ConsoleContext {
  function navigation() {
    const state = parts.connector() === undefined ? 'new' : 'configured';
    return NAVIGATION.filter(([, , shown]) => shown === 'both' || shown === state).map(([path, label]) => [path, label] as const);
  }
  const site = createAdminSite<ConsoleEnv>({
    product: 'Landbridge connector',
    name: 'Console',
    base: '',
    accountPath: '/password',
    style: CONSOLE_STYLE,
    scripts: [FOLLOW_SCRIPT],
    visitOf(c) {
      const { formToken, messages } = c.get('session');
      return { formToken, account: 'Password', navigation: navigation(), messages };
    },
    isSignedIn: (c) => c.get('session') !== undefined,
    docsUrl: () => docsUrlOf(parts),
    statusOf: ({ code }) => (code === 'CONSOLE_NOT_SET_UP' ? 404 : 400),
    log: parts.log,
  });
  return {
    ...parts,
    ...site,
    restartDue: new Set<string>(),
    config: () => parts.connector()?.config() ?? loadConfig(parts.home, parts.environment),
    running() {
      const connector = parts.connector();
      if (connector !== undefined) return connector;
      throw new CodedError('CONSOLE_NOT_SET_UP', 'The connector is not set up yet', { action: 'Go to "Set up".' });
    },
    tokenOf: (c) => c.get('session').formToken,
  };
}

/** The documents are a part of our hub; others have none. */
function docsUrlOf(parts: ConsoleParts): string | undefined {
  const { HUB_IDENTITY: identity, PROVISIONING_TICKET: ticket } = parts.connector()?.config().values ?? {};
  return identity === undefined || ticket === undefined ? undefined : `${new URL(ticket).origin}/docs`;
}

/** @returns a field of the form; '' if it is missing, or a file */
export function formText(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}

/** @returns the bytes of an uploaded file; undefined if none was chosen */
export async function fileOf(form: FormData, name: string): Promise<Buffer | undefined> {
  const value = form.get(name);
  return value === null || typeof value === 'string' || value.size === 0 ? undefined : Buffer.from(await value.arrayBuffer());
}

/** Answers with a file to save. */
export function download(c: Context, name: string, type: string, content: Uint8Array<ArrayBuffer> | ReadableStream): Response {
  return c.body(content, 200, {
    'Content-Type': type,
    'Content-Disposition': `attachment; filename="${name}"`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
}
