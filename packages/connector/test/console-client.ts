/** A console in this process, and a browser's part of HTTP for tests that send what no browser would. */
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createLog, createLogWindow } from '@landbridge/runtime';
import { openConsole } from '../src/admin/console.ts';
import { newSignInLink } from '../src/admin/sign-in-link.ts';
import type { RunningConnector } from '../src/agent/connector.ts';
import { createConnectorSignInEvents } from '../src/users/sign-in-events.ts';

export const PASSWORD = 'eleven blue horses';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface ConsoleClient {
  readonly url: string;
  readonly home: string;
  readonly lines: string[];
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** As a form of the page would be sent, with this browser's cookies and origin; a header that is '' is left out. */
  post(path: string, form: Record<string, string> | FormData, headers?: Record<string, string>): Promise<Answer>;
  /** The token of the form on a page. */
  token(path: string): Promise<string>;
  /** By a link, with the password above. */
  signIn(): Promise<Answer>;
  forgetCookies(): void;
}

/** Stops when the test ends. */
export async function openConsoleForTest(
  t: TestContext,
  options: { home?: string; platform?: NodeJS.Platform; connector?: () => RunningConnector | undefined; now?: () => number } = {},
): Promise<ConsoleClient> {
  const { home, platform = process.platform, connector = () => undefined, now = () => performance.now() } = options;
  const folder = home ?? mkdtempSync(join(tmpdir(), 'console-'));
  if (home === undefined) t.after(() => rmSync(folder, { recursive: true, force: true }));
  const lines: string[] = [];
  const window = createLogWindow();
  const { log } = createLog({ level: 'info', format: 'json', destination: { write: (line) => lines.push(line) }, copies: [window] });
  const opened = await openConsole(
    {
      home: folder,
      environment: {},
      version: '1.2.3',
      platform,
      log,
      signIns: createConnectorSignInEvents(log),
      logWindow: window,
      logFile: undefined,
      connector,
      startConnector: () => Promise.reject(new Error('there is none in this test')),
      now,
    },
    { port: 0 },
  );
  t.after(() => opened.close());
  const cookies = new Map<string, string>();
  const { host, port } = new URL(opened.url);

  function send(method: string, path: string, body: Uint8Array | undefined, headers: Record<string, string>): Promise<Answer> {
    const all = { host, cookie: [...cookies].map((pair) => pair.join('=')).join('; '), ...headers };
    return new Promise((resolve, reject) => {
      // fetch does not allow setting the host.
      const sent = request({
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')),
      });
      sent.on('response', (response) => {
        for (const cookie of response.headers['set-cookie'] ?? []) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
          cookies.set(name, value);
        }
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
        );
      });
      // A server that does not want the rest of an upload answers and closes.
      sent.on('error', reject);
      sent.end(body);
    });
  }

  const client: ConsoleClient = {
    url: opened.url,
    home: folder,
    lines,
    get: (path, headers = {}) => send('GET', path, undefined, headers),
    async post(path, form, headers = {}) {
      const { body, type } = await encoded(form);
      const all = {
        origin: opened.url,
        'sec-fetch-site': 'same-origin',
        'content-type': type,
        'content-length': String(body.length),
        ...headers,
      };
      return send('POST', path, body, all);
    },
    async token(path) {
      const { text } = await client.get(path);
      return /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '';
    },
    async signIn() {
      const link = newSignInLink(folder);
      const token = await client.token(link);
      const code = new URL(link, opened.url).searchParams.get('code') ?? '';
      return client.post('/link', { token, code, password: PASSWORD, again: PASSWORD });
    },
    forgetCookies: () => cookies.clear(),
  };
  return client;
}

async function encoded(form: Record<string, string> | FormData): Promise<{ body: Uint8Array; type: string }> {
  const response = new Response(form instanceof FormData ? form : new URLSearchParams(form));
  return { body: new Uint8Array(await response.arrayBuffer()), type: response.headers.get('content-type') ?? '' };
}
