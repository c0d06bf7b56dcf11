/**
 * A real OpenLDAP for tests: slapd as a child process on loopback, with the users of `users.ts`, stopped and restarted at will. Its log
 * shows which operations it got (`slapd-log.ts`).
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'ldapts';
import { spawnBound } from './bound-process.ts';
import { type CertificateAuthority, createCertificateAuthority, type KeyPair } from './certificates.ts';
import { acceptsConnections, freePort } from './free-port.ts';
import { type LdifEntry, toLdif } from './ldif.ts';
import { slapdConf } from './slapd-conf.ts';
import { type LoggedOperation, parseSlapdLog } from './slapd-log.ts';
import { generateUsers, type SlapdUsers, saltedSha } from './users.ts';

export interface SlapdOptions {
  /** Number of ordinary users; 100 by default. 10,000 load within two seconds. */
  users?: number;
  /** Anonymous users may read everything but passwords. Off by default. */
  anonymousRead?: boolean;
  /** The service account may write passwords. Off by default. */
  serviceAccountResetsPasswords?: boolean;
  /** Additional entries after the users; their parents must exist. */
  entries?: readonly LdifEntry[];
  /** Access rules (slapd.access(5)) before the default ones. */
  access?: string;
  /** Attribute and class definitions (slapd.conf(5)). They follow those of inetOrgPerson and RFC 2307. */
  schema?: string;
  /** More overlays for the database (slapd.overlays(5)). The dynlist module is loaded. */
  overlays?: string;
  /** Hides the root DSE. */
  hideRootDse?: boolean;
  /** slapd closes connections that are idle for this long. Never by default. */
  idleTimeoutSeconds?: number;
  /** Rejects everything but StartTLS on unencrypted connections (result 13, confidentialityRequired). */
  requireTls?: boolean;
  /** Demands a client certificate of this authority (PEM) in each handshake. By SASL EXTERNAL, the subject `CN=connector` is the service account. */
  clientAuthority?: string;
  /** Instead of a certificate for `localhost` and 127.0.0.1 from a new authority. */
  certificate?: { pair: KeyPair; authority: CertificateAuthority };
  /** On by default. Benchmarks turn it off, which leaves `operations` empty. */
  log?: boolean;
}

export interface SlapdAccount {
  dn: string;
  password: string;
}

export interface Slapd {
  /** `ldap://127.0.0.1:…`; supports StartTLS. */
  readonly url: string;
  /** `ldaps://localhost:…`; the certificate has this name and 127.0.0.1. */
  readonly ldapsUrl: string;
  readonly port: number;
  readonly ldapsPort: number;
  readonly baseDn: string;
  /** PEM of the authority that issued the certificate. */
  readonly ca: string;
  /** Can read everything but passwords. */
  readonly serviceAccount: SlapdAccount;
  /** Can bind but read nothing. */
  readonly powerlessAccount: SlapdAccount;
  readonly users: SlapdUsers;
  /** The process id, while it runs. */
  readonly pid: number | undefined;
  /** Restarts on the same ports with the same data. Returns when slapd listens. */
  start(): Promise<void>;
  /** Sends SIGTERM and waits for the exit. The data stay for another `start` until this process ends. */
  stop(): Promise<void>;
  /** SIGKILL: connections break without notice. */
  kill(): Promise<void>;
  /** Completed operations since slapd started, by lower-case names from `cn=Operations,cn=Monitor`: `bind`, `search`, … */
  counters(): Promise<Record<string, number>>;
  /** All operations since the first start, in order, except those of this fixture. */
  operations(): Promise<LoggedOperation[]>;
  /** Stops slapd and removes its files. */
  [Symbol.asyncDispose](): Promise<void>;
}

const SLAPD = '/usr/sbin/slapd';
const BASE_DN = 'dc=example,dc=org';
/** Only this fixture binds with it. */
const LAB_DN = `cn=lab,${BASE_DN}`;
const LAB_PASSWORD = 'lab';

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoSlapd(): string | false {
  if (existsSync(SLAPD) || process.env.CI === 'true') return false;
  return `${SLAPD} is not installed (Debian package slapd)`;
}

/**
 * Loads a directory in a temporary folder and starts slapd on it. One per test file is enough. slapd dies with this process.
 *
 * @throws if slapd is not installed or does not start; the message has the end of its log
 */
export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const authority = options.certificate?.authority ?? (await createCertificateAuthority());
  const pair =
    options.certificate?.pair ?? (await authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] }));
  const serviceAccount = { dn: `cn=service,ou=accounts,${BASE_DN}`, password: 'service-Passw0rd' };
  const powerlessAccount = { dn: `cn=powerless,ou=accounts,${BASE_DN}`, password: 'powerless-Passw0rd' };
  const { users, entries } = generateUsers(BASE_DN, options.users ?? 100);
  for (const account of [serviceAccount, powerlessAccount]) {
    const userPassword = [saltedSha(account.password)];
    entries.push({
      dn: account.dn,
      attributes: {
        objectClass: ['organizationalRole', 'simpleSecurityObject'],
        cn: [account.dn.slice(3).split(',', 1)[0] ?? ''],
        userPassword,
      },
    });
  }

  entries.push(...(options.entries ?? []));

  const folder = await mkdtemp(join(tmpdir(), 'landbridge-slapd-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const conf = join(folder, 'slapd.conf');
  await mkdir(join(folder, 'data'));
  await Promise.all([
    writeFile(join(folder, 'ca.pem'), authority.cert),
    writeFile(join(folder, 'cert.pem'), pair.cert),
    writeFile(join(folder, 'clients.pem'), `${authority.cert}${options.clientAuthority ?? ''}`),
    writeFile(join(folder, 'key.pem'), pair.key, { mode: 0o600 }),
    writeFile(join(folder, 'people.ldif'), toLdif(entries)),
    writeFile(join(folder, 'own.schema'), options.schema ?? ''),
    writeFile(
      conf,
      slapdConf({ ...options, folder, baseDn: BASE_DN, labDn: LAB_DN, labPassword: LAB_PASSWORD, serviceDn: serviceAccount.dn }),
    ),
  ]);
  const loaded = spawnSync('/usr/sbin/slapadd', ['-q', '-f', conf, '-l', join(folder, 'people.ldif')], { encoding: 'utf8' });
  if (loaded.status !== 0) throw new Error(`slapadd failed: ${loaded.error?.message ?? loaded.stderr}`, { cause: loaded.error });

  const [port, ldapsPort] = [await freePort(), await freePort()];
  const url = `ldap://127.0.0.1:${port}`;
  const ldapsUrl = `ldaps://localhost:${ldapsPort}`;
  const logFiles: string[] = [];
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    if (child !== undefined) return;
    const logFile = join(folder, `log.${logFiles.length}`);
    logFiles.push(logFile);
    const output = openSync(logFile, 'w', 0o600);
    const listen = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${ldapsPort}`;
    // `-d` keeps slapd in the foreground and its log on standard error.
    const started = spawnBound(SLAPD, ['-d', options.log === false ? '0' : 'stats', '-f', conf, '-h', listen], {
      stdio: ['ignore', 'ignore', output],
    });
    closeSync(output);
    let failure = '';
    started.once('error', (error) => {
      failure = error.message;
    });
    started.once('exit', (code, signal) => {
      failure = `it ended with ${signal ?? code}`;
      if (child === started) child = undefined;
    });
    child = started;
    while (!(await acceptsConnections(port)) || !(await acceptsConnections(ldapsPort))) {
      if (failure !== '') throw new Error(`slapd did not start, ${failure}: ${(await readFile(logFile, 'utf8')).slice(-2000)}`);
      await delay(10);
    }
  };

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    if (ending === undefined) return;
    const exited = once(ending, 'exit');
    ending.kill(signal);
    await exited;
  };

  await start();
  return {
    url,
    ldapsUrl,
    port,
    ldapsPort,
    baseDn: BASE_DN,
    ca: authority.cert,
    serviceAccount,
    powerlessAccount,
    users,
    get pid() {
      return child?.pid;
    },
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    counters: () => readCounters(`ldaps://127.0.0.1:${ldapsPort}`, authority.cert),
    operations: () => readOperations(logFiles),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      process.off('exit', remove);
      remove();
    },
  };
}

async function readCounters(url: string, ca: string): Promise<Record<string, number>> {
  const client = new Client({ url, tlsOptions: { ca } });
  try {
    await client.bind(LAB_DN, LAB_PASSWORD);
    const { searchEntries } = await client.search('cn=Operations,cn=Monitor', { scope: 'one', attributes: ['cn', 'monitorOpCompleted'] });
    return Object.fromEntries(searchEntries.map((entry) => [String(entry.cn).toLowerCase(), Number(entry.monitorOpCompleted)]));
  } finally {
    await client.unbind();
  }
}

/** slapd answers before it logs the result, so results may be late. */
const LOG_SETTLES_MS = 2000;

async function readOperations(logFiles: string[]): Promise<LoggedOperation[]> {
  const deadline = Date.now() + LOG_SETTLES_MS;
  for (;;) {
    const operations = parseSlapdLog(await Promise.all(logFiles.map((file) => readFile(file, 'utf8'))));
    const own = new Set(operations.filter(({ dn }) => dn === LAB_DN).map(({ connection }) => connection));
    const others = operations.filter(({ connection }) => !own.has(connection));
    const complete = others.every(({ kind, result }) => result !== undefined || kind === 'unbind' || kind === 'abandon');
    if (complete || Date.now() > deadline) return others;
    await delay(20);
  }
}
