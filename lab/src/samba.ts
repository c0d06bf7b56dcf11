/**
 * A real Active Directory for tests: Samba's domain controller as a child process on its own loopback address, with the entries of
 * `samba-domain.ts`. Creating a domain takes about ten CPU seconds, so each package's tests share one.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'ldapts';
import { spawnBound } from './bound-process.ts';
import { type CertificateAuthority, createCertificateAuthority } from './certificates.ts';
import { type LdifEntry, toLdif, toModifyLdif } from './ldif.ts';
import { eadb, sambaConf } from './samba-conf.ts';
import { sambaDomain, unicodePassword } from './samba-domain.ts';
import { NORMAL_ACCOUNT, type SambaUsers, SMARTCARD_REQUIRED, toFileTime } from './samba-users.ts';
import type { SlapdAccount } from './slapd.ts';

export interface SambaDomainController {
  /** A loopback address of its own, 127.x.y.z, because Samba's LDAP ports are fixed: 389, 636, 3268, 3269. */
  readonly address: string;
  /** `ldap://127.x.y.z`; supports StartTLS, and rejects passwords without it. */
  readonly ldapUrl: string;
  /** `ldaps://127.x.y.z`; the certificate has this address and `hostName`. */
  readonly ldapsUrl: string;
  readonly hostName: string;
  /** `ad.landbridge.test`, the suffix of most userPrincipalNames. */
  readonly dnsName: string;
  /** The NetBIOS name, before the backslash; not a label of `dnsName`. */
  readonly netbiosName: string;
  readonly realm: string;
  readonly baseDn: string;
  /** PEM of the authority that issued the certificate. */
  readonly caPem: string;
  readonly users: SambaUsers;
  /** The password of all users. */
  readonly password: string;
  /** Has the read permissions of every user. */
  readonly serviceAccount: SlapdAccount;
  /** May also reset passwords and set pwdLastSet and lockoutTime of users. */
  readonly resetAccount: SlapdAccount;
  readonly administrator: SlapdAccount;
  /** The process id, while it runs. */
  readonly pid: number | undefined;
  /** Runs `samba-tool`, `ldbsearch` etc. on the files of the running domain, with all permissions. @returns standard output */
  exec(program: string, args: readonly string[]): Promise<string>;
  /** Replaces attributes, bypassing LDAP permissions and rules. @param args for ldbmodify, such as `--controls=…` */
  modify(changes: LdifEntry[], ...args: string[]): Promise<void>;
  /** Restores passwords and account states of all users and resets failure counters. */
  reset(): Promise<void>;
  /** Restarts on the same address with the same data. Returns when LDAP answers. */
  start(): Promise<void>;
  /** Sends SIGTERM and waits for the exit. The data stay for another `start` until this process ends. */
  stop(): Promise<void>;
  /** SIGKILL: connections break without notice. */
  kill(): Promise<void>;
  /** Stops Samba and removes its files. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface SambaOptions {
  /** Instead of a new one. */
  authority?: CertificateAuthority;
}

const SAMBA = '/usr/sbin/samba';
const DNS_NAME = 'ad.landbridge.test';
const REALM = DNS_NAME.toUpperCase();
const NETBIOS_NAME = 'LANDBRIDGE';
const HOST = 'dc1';
const HOST_NAME = `${HOST}.${DNS_NAME}`;
const BASE_DN = 'DC=ad,DC=landbridge,DC=test';
const PASSWORD = 'Us3r-Passw0rd!';
const ADMINISTRATOR_PASSWORD = 'Adm1n-Passw0rd!';

/** Required files, with their Debian packages. */
const NEEDED = {
  [SAMBA]: 'samba-ad-dc',
  '/usr/share/samba/setup/provision.ldif': 'samba-ad-provision',
  '/usr/bin/ldbmodify': 'ldb-tools',
};

const START_TIMEOUT_MS = 90_000;

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoSamba(): string | false {
  if (process.env.CI === 'true') return false;
  if (process.getuid?.() !== 0) return 'a domain controller needs root, for the owners of its files and for port 389';
  const missing = Object.entries(NEEDED).find(([file]) => !existsSync(file));
  return missing === undefined ? false : `${missing[0]} is not installed (Debian package ${missing[1]})`;
}

/**
 * Creates a domain in a temporary folder, fills it and starts its controller. It dies with this process.
 *
 * @throws if Samba is not installed, a setup step fails or it does not start; the message has the end of its output
 */
export async function startSambaDomainController(options: SambaOptions = {}): Promise<SambaDomainController> {
  const address = await freeAddress();
  const authority = options.authority ?? (await createCertificateAuthority());
  const pair = await authority.issue({ commonName: HOST_NAME, dnsNames: [HOST_NAME], ips: [address] });
  const folder = await mkdtemp(join(tmpdir(), 'landbridge-samba-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const conf = join(folder, 'smb.conf');
  const database = join(folder, 'private', 'sam.ldb');
  const exec = (program: string, args: readonly string[]) => run(program, [...args, `--configfile=${conf}`], { LDB_URL: database });

  await run('samba-tool', [
    ...['domain', 'provision', '--configfile=/dev/null', `--targetdir=${folder}`, '--server-role=dc', '--dns-backend=NONE'],
    ...[`--domain=${NETBIOS_NAME}`, `--realm=${REALM}`, `--host-name=${HOST}`, `--host-ip=${address}`, '--host-ip6='],
    ...[`--adminpass=${ADMINISTRATOR_PASSWORD}`, `--option=posix:eadb=${eadb(folder)}`],
    ...[`--option=interfaces=${address}/8`, '--option=bind interfaces only=yes'],
  ]);
  await Promise.all([
    mkdir(join(folder, 'run')),
    mkdir(join(folder, 'lock')),
    writeFile(join(folder, 'ca.pem'), authority.cert),
    writeFile(join(folder, 'cert.pem'), pair.cert),
    // Samba rejects keys that others can read.
    writeFile(join(folder, 'key.pem'), pair.key, { mode: 0o600 }),
    writeFile(conf, sambaConf({ folder, address, realm: REALM, netbiosName: NETBIOS_NAME, host: HOST })),
  ]);

  let files = 0;
  const ldb = async (program: string, ldif: string, records: number, args: readonly string[] = []): Promise<void> => {
    const file = join(folder, `${files++}.ldif`);
    await writeFile(file, ldif, { mode: 0o600 });
    const said = await exec(program, [...args, file]);
    // These programs stop at the first error, and some exit with 0 anyway.
    if (!said.includes(`ed ${records} records successfully`))
      throw new Error(`${program} ${file} did not process all ${records} records: ${said}`);
  };
  const add = (entries: LdifEntry[]) => ldb('ldbadd', toLdif(entries), entries.length);
  const modify = (changes: LdifEntry[], ...args: string[]) => ldb('ldbmodify', toModifyLdif(changes), changes.length, args);
  const sidOf = async (dn: string): Promise<string> => {
    const found = await exec('ldbsearch', ['-b', dn, '-s', 'base', 'objectSid']);
    return /^objectSid: (S-[\d-]+)$/m.exec(found)?.[1] ?? '';
  };

  const domain = sambaDomain(BASE_DN, DNS_NAME, PASSWORD);
  const { users } = domain;
  await add(domain.accounts);
  await add(domain.entries(await sidOf(domain.resetDn)));
  await modify([
    ...[...domain.members].map(([dn, member]) => ({ dn, attributes: { member } })),
    { dn: users['own-primary'].dn, attributes: { primaryGroupID: [(await sidOf(domain.primaryGroupDn)).split('-').at(-1) ?? ''] } },
    { dn: BASE_DN, attributes: domain.passwordPolicy },
  ]);

  const reset = async (): Promise<void> => {
    await modify([
      ...Object.values(users).map(({ dn }) => ({ dn, attributes: { unicodePwd: [unicodePassword(PASSWORD)], lockoutTime: ['0'] } })),
      { dn: users['must-change'].dn, attributes: { pwdLastSet: ['0'] } },
      { dn: users.locked.dn, attributes: { lockoutTime: [toFileTime(Date.now())] } },
      // Setting this flag on an existing account replaces its password with a random one.
      { dn: users['smartcard-only'].dn, attributes: { userAccountControl: [String(NORMAL_ACCOUNT)] } },
      { dn: users['smartcard-only'].dn, attributes: { userAccountControl: [String(NORMAL_ACCOUNT | SMARTCARD_REQUIRED)] } },
    ]);
    // pwdLastSet accepts no timestamps. This Samba control skips the module that enforces it.
    await modify(
      [{ dn: users['pwd-expired'].dn, attributes: { pwdLastSet: [toFileTime(Date.now() - 100 * 86_400_000)] } }],
      '--controls=local_oid:1.3.6.1.4.1.7165.4.3.12:0',
    );
  };

  const ldapsUrl = `ldaps://${address}`;
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    if (child !== undefined) return;
    const outputFile = join(folder, 'output');
    const output = openSync(outputFile, 'w', 0o600);
    // A single process, so that its pid is all there is to kill. If standard input is a pipe, Samba exits when it closes.
    const started = spawnBound(SAMBA, [`--configfile=${conf}`, '--foreground', '--no-process-group', '--model=single'], {
      stdio: ['ignore', output, output],
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
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await answers(ldapsUrl, authority.cert))) {
      if (Date.now() > deadline) failure = 'LDAP did not answer';
      if (failure !== '') {
        const said = await Promise.all([outputFile, join(folder, 'samba.log')].map((file) => readFile(file, 'utf8').catch(() => '')));
        throw new Error(`Samba did not start, ${failure}: ${said.join('').slice(-2000)}`);
      }
      await delay(50);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    if (ending === undefined) return;
    const exited = once(ending, 'exit');
    ending.kill(signal);
    await exited;
  };

  await reset();
  await start();
  return {
    address,
    ldapUrl: `ldap://${address}`,
    ldapsUrl,
    hostName: HOST_NAME,
    dnsName: DNS_NAME,
    netbiosName: NETBIOS_NAME,
    realm: REALM,
    baseDn: BASE_DN,
    caPem: authority.cert,
    users,
    password: PASSWORD,
    serviceAccount: { dn: domain.serviceDn, password: PASSWORD },
    resetAccount: { dn: domain.resetDn, password: PASSWORD },
    administrator: { dn: `CN=Administrator,CN=Users,${BASE_DN}`, password: ADMINISTRATOR_PASSWORD },
    get pid() {
      return child?.pid;
    },
    exec,
    modify,
    reset,
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      process.off('exit', remove);
      remove();
    },
  };
}

const execute = promisify(execFile);

/** @returns standard output; @throws with standard error */
async function run(program: string, args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  return (await execute(program, [...args], { env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 })).stdout;
}

async function answers(url: string, ca: string): Promise<boolean> {
  const client = new Client({ url, tlsOptions: { ca }, connectTimeout: 5000, timeout: 5000 });
  try {
    await client.search('', { scope: 'base', attributes: ['defaultNamingContext'] });
    return true;
  } catch {
    return false;
  } finally {
    await client.unbind().catch(() => {});
  }
}

/** @returns an address in 127/8 with a free LDAP port */
async function freeAddress(): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const address = `127.${randomInt(16, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    const server = createServer().listen(389, address);
    try {
      await once(server, 'listening');
      return address;
    } catch {
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }
  throw new Error('port 389 is in use on all addresses of 127/8 that were tried, so probably on all of them');
}
