/**
 * A real 389 Directory Server for tests: ns-slapd as a child process on loopback, with one user for each password state. The package's
 * setup tool needs systemd and system folders, so this fills in its templates instead.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Attribute, Change, Client } from 'ldapts';
import { spawnBound } from './bound-process.ts';
import { createCertificateAuthority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { nssDatabase, whyNoNss } from './nss-database.ts';
import { saltedSha } from './users.ts';

export interface NsSlapd {
  /** `ldap://127.0.0.1:…`; supports StartTLS. */
  readonly url: string;
  /** `ldaps://localhost:…`, the name in the certificate. */
  readonly ldapsUrl: string;
  readonly baseDn: string;
  /** PEM of the authority that issued the certificate. */
  readonly ca: string;
  /** Can read everything but passwords, and set passwords. */
  readonly serviceAccount: { dn: string; password: string };
  /** By password or account state. `grace` has an expired password with two grace sign-ins. */
  readonly users: Record<NsUserName, { dn: string; uid: string; password: string }>;
  /** Replaces attributes of an entry, including operational ones. */
  modify(dn: string, attributes: Record<string, string>): Promise<void>;
  /** Reads the first values of attributes, including operational ones. */
  read(dn: string, attributes: string[]): Promise<Record<string, string>>;
  /** Stops the server and removes its files. */
  [Symbol.asyncDispose](): Promise<void>;
}

const NS_SLAPD = '/usr/sbin/ns-slapd';
const TEMPLATES = '/usr/share/dirsrv/data';
const BASE_DN = 'dc=example,dc=org';
const LAB_DN = 'cn=lab';
const LAB_PASSWORD = 'lab';

/** Operational attributes, written after the entry. */
const STATES = {
  active: {},
  retries: {},
  expired: { passwordExpirationTime: '20200101000000Z' },
  expiring: { passwordExpirationTime: generalizedTime(Date.now() + 3_600_000) },
  mustChange: { passwordExpirationTime: '19700101000000Z' },
  disabled: { nsAccountLock: 'true' },
  grace: { passwordExpirationTime: '20200101000000Z', pwdpolicysubentry: `cn=lenient,${BASE_DN}` },
} satisfies Record<string, Record<string, string>>;
export type NsUserName = keyof typeof STATES;

/**
 * Five failures lock an account; a correct but expired password counts as a failure. Passwords last 100 days, with a warning on the last.
 */
const PASSWORD_POLICY = `passwordLockout: on
passwordMaxFailure: 5
passwordExp: on
passwordMaxAge: 8640000
passwordWarning: 86400
passwordCheckSyntax: on
passwordMinLength: 8
passwordHistory: on
passwordInHistory: 2
nsslapd-pwpolicy-local: on`;

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoNsSlapd(): string | false {
  if (existsSync(NS_SLAPD) || process.env.CI === 'true') return whyNoNss();
  return `${NS_SLAPD} is not installed (Debian package 389-ds-base)`;
}

/**
 * Starts ns-slapd in a temporary folder, within about two seconds. It dies with this process.
 *
 * @throws if it is not installed or does not start; the message has its output
 */
export async function startNsSlapd(): Promise<NsSlapd> {
  const folder = await mkdtemp(join(tmpdir(), 'landbridge-ns-slapd-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  for (const name of ['schema', 'lock', 'tmp', 'ldif', 'bak', 'run', 'log', 'db']) await mkdir(join(folder, name));
  const [port, ldapsPort] = [await freePort(), await freePort()];
  const ca = await putCertificate(folder);
  await writeFile(join(folder, 'dse.ldif'), await configuration(folder, port, ldapsPort), { mode: 0o600 });
  await copyFile('/etc/dirsrv/schema/99user.ldif', join(folder, 'schema', '99user.ldif'));
  for (const name of ['slapd-collations.conf', 'certmap.conf']) await copyFile(`/etc/dirsrv/config/${name}`, join(folder, name));

  const output = openSync(join(folder, 'output'), 'w', 0o600);
  // `-d 0` keeps it in the foreground.
  const child = spawnBound(NS_SLAPD, ['-D', folder, '-d', '0', '-i', join(folder, 'pid')], { stdio: ['ignore', output, output] });
  closeSync(output);
  const client = await connected(child, `ldap://127.0.0.1:${port}`, join(folder, 'output'));
  const serviceAccount = { dn: `uid=service,${BASE_DN}`, password: 'service-Passw0rd' };
  const modify: NsSlapd['modify'] = async (dn, attributes) => {
    await client.modify(dn, Object.entries(attributes).map(replacing));
  };
  await load(client, serviceAccount, modify);
  return {
    url: `ldap://127.0.0.1:${port}`,
    ldapsUrl: `ldaps://localhost:${ldapsPort}`,
    baseDn: BASE_DN,
    ca,
    serviceAccount,
    users: Object.fromEntries(Object.keys(STATES).map((uid) => [uid, user(uid)])) as NsSlapd['users'],
    modify,
    async read(dn, attributes) {
      const { searchEntries } = await client.search(dn, { scope: 'base', attributes });
      return Object.fromEntries(Object.entries(searchEntries[0] ?? {}).map(([name, value]) => [name, String(value)]));
    },
    async [Symbol.asyncDispose]() {
      await client.unbind();
      if (child.exitCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }
      process.off('exit', remove);
      remove();
    },
  };
}

function user(uid: string) {
  return { dn: `uid=${uid},${BASE_DN}`, uid, password: `Secret-of-${uid}-1` };
}

/** ns-slapd reads TLS keys from an NSS database only. */
async function putCertificate(folder: string): Promise<string> {
  const authority = await createCertificateAuthority();
  const pair = await authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] });
  await nssDatabase(folder).add('Server-Cert', pair);
  return authority.cert;
}

/** Fills in every `%name%` of the package's templates and puts our settings first in `cn=config`. */
async function configuration(folder: string, port: number, ldapsPort: number): Promise<string> {
  const values: Record<string, string> = {
    ...Object.fromEntries(['schema', 'lock', 'tmp', 'ldif', 'bak', 'run', 'log', 'db'].map((name) => [`${name}_dir`, join(folder, name)])),
    ...Object.fromEntries(['cert_dir', 'inst_dir', 'config_dir'].map((name) => [name, folder])),
    db_home_dir: join(folder, 'db'),
    db_lib: 'bdb',
    fqdn: 'localhost',
    ds_port: String(port),
    ds_user: userInfo().username,
    rootdn: LAB_DN,
    ds_passwd: saltedSha(LAB_PASSWORD),
    ldapi: join(folder, 'ldapi'),
    ldapi_enabled: 'off',
    ldapi_autobind: 'off',
    ds_suffix: BASE_DN,
    ds_bename: 'userRoot',
  };
  const [server = '', database = ''] = await Promise.all(
    ['template-dse.ldif', 'template-suffix-db.ldif'].map((name) => readFile(join(TEMPLATES, name), 'utf8')),
  );
  const settings = `cn: config
nsslapd-listenhost: 127.0.0.1
nsslapd-securelistenhost: 127.0.0.1
nsslapd-security: on
nsslapd-securePort: ${ldapsPort}
nsslapd-rootpwstoragescheme: SSHA
${PASSWORD_POLICY}
`;
  return `${server.trimEnd()}\n\n${database.replace(/^#.*\n/gm, '')}`
    .replace(/^nsslapd-rootpwstoragescheme: .*\n/gm, '')
    .replace('cn: config\n', settings)
    .replace(/%(\w+)%/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`Unknown placeholder %${name}% in the templates of 389 Directory Server`);
      return value;
    });
}

/** ns-slapd accepts connections shortly before it answers, and exits if its configuration is wrong. */
async function connected(child: ChildProcess, url: string, outputFile: string): Promise<Client> {
  let failure = '';
  child.once('error', (error) => {
    failure = error.message;
  });
  child.once('exit', (code, signal) => {
    failure ||= `it ended with ${signal ?? code}`;
  });
  for (;;) {
    const client = new Client({ url });
    try {
      await client.bind(LAB_DN, LAB_PASSWORD);
      return client;
    } catch {
      await client.unbind().catch(() => {});
    }
    if (failure !== '') throw new Error(`ns-slapd did not start, ${failure}: ${(await readFile(outputFile, 'utf8')).slice(-2000)}`);
    await delay(20);
  }
}

async function load(client: Client, serviceAccount: { dn: string; password: string }, modify: NsSlapd['modify']): Promise<void> {
  const service = `userdn="ldap:///${serviceAccount.dn}"`;
  await client.add(BASE_DN, {
    objectClass: 'domain',
    dc: 'example',
    aci: [
      `(targetattr!="userPassword")(version 3.0; acl "read"; allow (read, search, compare) ${service};)`,
      `(targetattr="userPassword")(version 3.0; acl "reset"; allow (write) ${service};)`,
      '(targetattr="userPassword")(version 3.0; acl "own"; allow (write) userdn="ldap:///self";)',
    ],
  });
  await client.add(`cn=lenient,${BASE_DN}`, {
    objectClass: ['ldapsubentry', 'passwordpolicy'],
    cn: 'lenient',
    passwordExp: 'on',
    passwordMaxAge: '8640000',
    passwordGraceLimit: '2',
  });
  for (const { dn, uid, password } of [{ ...serviceAccount, uid: 'service' }, ...Object.keys(STATES).map(user)]) {
    await client.add(dn, { objectClass: 'inetOrgPerson', uid, cn: uid, sn: uid, userPassword: password });
  }
  for (const [uid, attributes] of Object.entries(STATES)) if (Object.keys(attributes).length > 0) await modify(user(uid).dn, attributes);
  // Set last, so that it does not apply to the users above.
  await modify('cn=config', { passwordMustChange: 'on' });
}

function replacing([type, value]: [string, string]): Change {
  return new Change({ operation: 'replace', modification: new Attribute({ type, values: [value] }) });
}

function generalizedTime(ms: number): string {
  return `${new Date(ms).toISOString().replace(/[-:T]|\..*/g, '')}Z`;
}
