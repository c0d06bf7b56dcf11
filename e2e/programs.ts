/**
 * Both programs as an administrator runs them: processes from `node_modules/.bin` with their own home folders. Tests use only the hub's
 * API. A stopped or killed program can start again with the same home.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, type Slapd, spawnBound } from '@landbridge/lab';

type ProgramName = 'landbridge-hub' | 'landbridge-connector';
type Method = 'GET' | 'POST' | 'PATCH';

export interface Program extends AsyncDisposable {
  readonly home: string;
  /** Undefined if it does not run. */
  readonly pid: number | undefined;
  start(): void;
  /** Sends SIGTERM. @returns the exit code */
  stop(): Promise<number | null>;
  /** Sends SIGKILL. */
  kill(): Promise<void>;
  /** Everything it has logged, as lines of JSON. */
  log(): Promise<string>;
}

export interface Answer {
  status: number;
  body: {
    profile?: Record<string, unknown>;
    error?: { code: string; message: string; correlationId?: string; retry?: boolean };
    ticket?: string;
    connection?: { connectors: unknown[] };
    client?: { id: string };
    secret?: string;
  };
}

export interface HubProgram extends Program {
  readonly url: string;
  readonly apiKey: string;
  /** @returns the ticket, which enrols one connector */
  createConnection(name: string): Promise<string>;
  /** @returns an additional ticket */
  addConnector(connection: string): Promise<string>;
  changeConnection(name: string, settings: object): Promise<void>;
  /** Registers an application for the users of one connection. @param settings more of them, as the API has them */
  createClient(connection: string, redirectUri: string, settings?: object): Promise<{ id: string; secret: string }>;
  login(connection: string, username: string, password: string): Promise<Answer>;
  /** Changes a password as the user. */
  changePassword(connection: string, change: { username: string; oldPassword: string; password: string }): Promise<Answer>;
  /** Waits until exactly this number of connectors is online. */
  untilConnectors(connection: string, count: number): Promise<void>;
}

/** LANDBRIDGE_PROGRAMS: another folder with both programs, such as packaged ones. */
const PROGRAMS = process.env.LANDBRIDGE_PROGRAMS ?? join(import.meta.dirname, '..', 'node_modules', '.bin');

/** Longer than anything here takes on a busy machine. */
const PATIENCE_MS = 60_000;

/** Starts a hub on a free port and waits until it answers. */
export async function startHub(settings: Record<string, string> = {}): Promise<HubProgram> {
  const home = await newHome();
  const port = await freePort();
  const environment = { PORT: String(port), LOG_FORMAT: 'json', CREDENTIAL_CACHE_AFTER_SECONDS: '0', ...settings };
  const url = `http://127.0.0.1:${port}`;
  const created = spawnSync(join(PROGRAMS, 'landbridge-hub'), ['key', 'create', 'e2e', '--scope', 'all', '--home', home], {
    env: bare(environment),
    encoding: 'utf8',
  });
  if (created.status !== 0) throw new Error(`landbridge-hub key create failed: ${created.stderr}`);
  const apiKey = created.stdout.trim();
  const program = runProgram('landbridge-hub', home, environment);
  const api = (method: Method, path: string, body?: object) => ask(method, `${url}/api${path}`, apiKey, body);
  await until('the hub answers', async () => (await api('GET', '/connections').catch(() => undefined))?.status === 200);
  return Object.assign(program, {
    url,
    apiKey,
    async createConnection(name: string) {
      const { status, body } = await api('POST', '/connections', { name });
      if (body.ticket === undefined) throw new Error(`the hub answered ${status} without a ticket`);
      return body.ticket;
    },
    async addConnector(connection: string) {
      const { status, body } = await api('POST', `/connections/${connection}/connectors`, {});
      if (body.ticket === undefined) throw new Error(`the hub answered ${status} without a ticket`);
      return body.ticket;
    },
    async changeConnection(name: string, settings: object) {
      const { status } = await api('PATCH', `/connections/${name}`, settings);
      if (status !== 200) throw new Error(`the hub answered ${status}`);
    },
    async createClient(connection: string, redirectUri: string, settings: object = {}) {
      const { status, body } = await api('POST', '/clients', {
        ...{ name: 'Billing', redirectUris: [redirectUri], connections: [connection] },
        scopes: ['profile', 'email', 'groups'],
        ...settings,
      });
      if (body.client === undefined || body.secret === undefined) throw new Error(`the hub answered ${status} without a client`);
      return { id: body.client.id, secret: body.secret };
    },
    changePassword: (connection: string, change: object) => api('POST', `/connections/${connection}/change-password`, change),
    login: (connection: string, username: string, password: string) =>
      api('POST', `/connections/${connection}/login`, { username, password }),
    untilConnectors: (connection: string, count: number) =>
      until(`${count} connectors are online`, async () => {
        const answer = await api('GET', `/connections/${connection}`).catch(() => undefined);
        return answer?.body.connection?.connectors.length === count;
      }),
  });
}

/** Sends a request on a new connection: a stopping hub may just be closing a kept one, which would look like a lost request. */
async function ask(method: Method, url: string, apiKey: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const outgoing = request(url, { method, headers, agent: false });
  outgoing.end(body && JSON.stringify(body));
  const [response]: IncomingMessage[] = await once(outgoing, 'response');
  if (response === undefined) throw new Error('no response');
  return { status: response.statusCode ?? 0, body: JSON.parse(await text(response)) };
}

/** Starts a connector that `setup` has set up in this home. */
export function runConnector(home: string, environment: Record<string, string> = {}): Program {
  return runProgram('landbridge-connector', home, { LOG_FORMAT: 'json', ...environment });
}

/** Starts a connector with this `config.json`; `untilConnectors` waits for it. */
export async function startConnector(config: Record<string, unknown>, environment: Record<string, string> = {}): Promise<Program> {
  const home = await newHome();
  await writeFile(join(home, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  return runConnector(home, environment);
}

/** Starts another connector from an export of a connector, as on another machine. */
export async function startFromExport(of: Program, environment: Record<string, string>): Promise<Program> {
  const home = await newHome();
  const file = join(home, 'export.zip');
  for (const args of [
    ['export', file, '--plain', '--home', of.home],
    ['import', file, '--yes', '--home', home],
  ]) {
    const { status, stdout, stderr } = spawnSync(join(PROGRAMS, 'landbridge-connector'), args, { env: bare({}), encoding: 'utf8' });
    if (status !== 0) throw new Error(`landbridge-connector ${args.join(' ')} failed: ${stdout}${stderr}`);
  }
  return runProgram('landbridge-connector', home, { LOG_FORMAT: 'json', ...environment });
}

/** Settings for slapd; the connector detects everything else about the directory. */
export function directoryConfig(slapd: Slapd, transport: 'plain' | 'starttls' | 'ldaps'): Record<string, unknown> {
  return {
    LDAP_URL: transport === 'ldaps' ? slapd.ldapsUrl : slapd.url,
    LDAP_STARTTLS: transport === 'starttls',
    LDAP_BASE: slapd.baseDn,
    LDAP_BIND_USER: slapd.serviceAccount.dn,
    LDAP_BIND_PASSWORD: slapd.serviceAccount.password,
    CA_CERT: slapd.ca,
  };
}

/** @throws after a minute, with the description */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await delay(20);
  }
}

/** Waits for a match in the logs, which are written late. @returns all of them */
export async function untilLogged(programs: readonly Program[], what: RegExp): Promise<string> {
  let all = '';
  await until(`the log says ${what}`, async () => {
    all = (await Promise.all(programs.map((program) => program.log()))).join('');
    return what.test(all);
  });
  return all;
}

function runProgram(name: ProgramName, home: string, environment: Record<string, string>): Program {
  let child: ChildProcess | undefined;
  let ended: Promise<number | null> = Promise.resolve(null);
  const logFile = join(home, 'program.log');

  const start = () => {
    if (child !== undefined) return;
    const output = openSync(logFile, 'a', 0o600);
    // The programs must not depend on the current folder.
    const started = spawnBound(join(PROGRAMS, name), ['run', '--home', home], {
      cwd: '/',
      env: bare(environment),
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    child = started;
    ended = once(started, 'exit').then(([code]: (number | null)[]) => {
      child = undefined;
      return code ?? null;
    });
  };
  const signal = (name: NodeJS.Signals) => {
    child?.kill(name);
    return ended;
  };
  start();
  return {
    home,
    get pid() {
      return child?.pid;
    },
    start,
    stop: () => signal('SIGTERM'),
    async kill() {
      await signal('SIGKILL');
    },
    log: () => readFile(logFile, 'utf8'),
    async [Symbol.asyncDispose]() {
      await signal('SIGKILL');
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** This process' environment must not configure the programs. */
function bare(environment: Record<string, string>): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...environment };
}

function newHome(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'landbridge-e2e-'));
}
