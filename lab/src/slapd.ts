/**
 * A real OpenLDAP for a test: slapd as a child process on loopback, loaded with people, stopped and started at will, and asked
 * afterwards what it was asked. What is in the directory stands in `people.ts`, how its log is read in `slapd-log.ts`.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'ldapts';
import { spawnBound } from './bound-process.ts';
import { type CertificateAuthority, createCertificateAuthority, type KeyPair } from './certificates.ts';
import { freePort } from './free-port.ts';
import { type LdifEntry, toLdif } from './ldif.ts';
import { generatePeople, type People, saltedSha } from './people.ts';
import { slapdConf } from './slapd-conf.ts';
import { type LoggedOperation, parseSlapdLog } from './slapd-log.ts';

export interface SlapdOptions {
  /** Ordinary people beside the special ones; 100 by default. 10,000 load in some two seconds. */
  users?: number;
  /** Everybody may read everything but passwords. Off by default. */
  anonymousRead?: boolean;
  /** The service account may write passwords. Off by default. */
  serviceAccountResetsPasswords?: boolean;
  /** More entries, after the people; their parents must be there. */
  entries?: readonly LdifEntry[];
  /** Access rules (slapd.access(5)) that come before the usual ones. */
  access?: string;
  /** Nobody sees the root DSE. */
  hideRootDse?: boolean;
  /** slapd closes connections on which nothing happened for so long. Never, by default. */
  idleTimeoutSeconds?: number;
  /** Everything but StartTLS is refused on a connection in clear (result 13, confidentialityRequired). */
  requireTls?: boolean;
  /** Instead of a certificate for `localhost` and 127.0.0.1 by a new authority. */
  certificate?: { pair: KeyPair; authority: CertificateAuthority };
  /** On by default; a benchmark measures without it, and `operations` is then empty. */
  log?: boolean;
}

export interface SlapdAccount {
  dn: string;
  password: string;
}

export interface Slapd {
  /** `ldap://127.0.0.1:…`, which also does StartTLS. */
  readonly url: string;
  /** `ldaps://localhost:…`: the certificate has that name and 127.0.0.1. */
  readonly ldapsUrl: string;
  readonly port: number;
  readonly ldapsPort: number;
  readonly baseDn: string;
  /** PEM text of the authority that issued the certificate. */
  readonly ca: string;
  /** Reads everything but passwords. */
  readonly serviceAccount: SlapdAccount;
  /** Can bind, and sees nothing. */
  readonly powerlessAccount: SlapdAccount;
  readonly people: People;
  /** Of the running process. */
  readonly pid: number | undefined;
  /** Starts again on the same ports with the same data; returns when slapd listens. */
  start(): Promise<void>;
  /** SIGTERM; returns when the process is gone. The data stay for another `start`, until this process ends. */
  stop(): Promise<void>;
  /** SIGKILL: connections break without a word. */
  kill(): Promise<void>;
  /** Operations completed since slapd started, by the names of `cn=Operations,cn=Monitor` in lower case: `bind`, `search`, … */
  counters(): Promise<Record<string, number>>;
  /** Everything that was asked of slapd since the first start, in order, without what this fixture asked. */
  operations(): Promise<LoggedOperation[]>;
  /** Stops slapd and removes its files. */
  [Symbol.asyncDispose](): Promise<void>;
}

const SLAPD = '/usr/sbin/slapd';
const BASE_DN = 'dc=example,dc=org';
/** Only this fixture binds as it. */
const LAB_DN = `cn=lab,${BASE_DN}`;
const LAB_PASSWORD = 'lab';

/** @returns why tests with slapd cannot run here, for `skip:` of a test; never with CI set, where they must run */
export function whyNoSlapd(): string | false {
  if (existsSync(SLAPD) || process.env.CI === 'true') return false;
  return `${SLAPD} is not installed (Debian package slapd)`;
}

/**
 * Loads a directory into a temporary folder and starts slapd on it. One for each test file is enough.
 * The process ends with this one, however this one ends.
 *
 * @throws where slapd is not installed, or does not start: the error has the end of its log
 */
export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const authority = options.certificate?.authority ?? (await createCertificateAuthority());
  const pair =
    options.certificate?.pair ?? (await authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] }));
  const serviceAccount = { dn: `cn=service,ou=accounts,${BASE_DN}`, password: 'service-Passw0rd' };
  const powerlessAccount = { dn: `cn=powerless,ou=accounts,${BASE_DN}`, password: 'powerless-Passw0rd' };
  const { people, entries } = generatePeople(BASE_DN, options.users ?? 100);
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
    writeFile(join(folder, 'key.pem'), pair.key, { mode: 0o600 }),
    writeFile(join(folder, 'people.ldif'), toLdif(entries)),
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
    while (!(await accepts(port)) || !(await accepts(ldapsPort))) {
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
    people,
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

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
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

/** slapd answers before it writes the result into its log, so results may be a moment late. */
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
