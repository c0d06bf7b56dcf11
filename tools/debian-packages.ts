/**
 * The programs that tests run and npm does not bring, as Debian packages, each with its reason: what is missing is installed where
 * that is possible, and said where it is not.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

interface DebianPackage {
  name: string;
  /** It is there when this file is. */
  program: string;
  because: string;
}

const PACKAGES: readonly DebianPackage[] = [
  { name: 'slapd', program: '/usr/sbin/slapd', because: 'the real directory server that logins are tested and measured against' },
  { name: 'ldap-utils', program: '/usr/bin/ldapsearch', because: 'an LDAP client that is not ours, to judge the embedded directory' },
  { name: 'samba-ad-dc', program: '/var/lib/dpkg/info/samba-ad-dc.list', because: 'a real Active Directory' },
  { name: 'samba-ad-provision', program: '/usr/share/samba/setup/provision.ldif', because: 'what its domains are made of' },
  {
    name: 'python3-markdown',
    program: '/usr/lib/python3/dist-packages/markdown/__init__.py',
    because: 'by which samba-tool reads its schema',
  },
  { name: 'ldb-tools', program: '/usr/bin/ldbmodify', because: 'to put people into its domains' },
  { name: '389-ds-base', program: '/usr/sbin/ns-slapd', because: 'a real 389 Directory Server, which FreeIPA is made of' },
  { name: 'libnss3-tools', program: '/usr/bin/pk12util', because: 'to give it, and browsers, certificates' },
  { name: 'dnsmasq-base', program: '/usr/sbin/dnsmasq', because: 'a real DNS server that names the servers of a domain' },
  { name: 'squid', program: '/usr/sbin/squid', because: 'a real proxy between the connector and its hub' },
  { name: 'haproxy', program: '/usr/sbin/haproxy', because: 'a real load balancer between browsers and connectors' },
  { name: 'nginx', program: '/usr/sbin/nginx', because: 'a real reverse proxy, as the documents set it up' },
  { name: 'caddy', program: '/usr/bin/caddy', because: 'a real reverse proxy, as the documents set it up' },
  { name: 'apache2-bin', program: '/usr/sbin/apache2', because: 'a real reverse proxy that does Kerberos' },
  {
    name: 'libapache2-mod-auth-gssapi',
    program: '/usr/lib/apache2/modules/mod_auth_gssapi.so',
    because: 'by which it does so',
  },
  { name: 'openssl', program: '/usr/bin/openssl', because: 'to judge certificates and encrypted passwords that our code made' },
  { name: 'curl', program: '/usr/bin/curl', because: 'an HTTP client that is not ours, and knows Kerberos' },
  { name: 'krb5-user', program: '/usr/bin/kinit', because: 'to get Kerberos tickets; it brings the library that checks them' },
  { name: 'gcc', program: '/usr/bin/gcc', because: 'to make the stand-in for the functions of Windows' },
  { name: 'libc6-dev', program: '/usr/include/stdlib.h', because: 'to make the stand-in for the functions of Windows' },
  { name: 'xmlsec1', program: '/usr/bin/xmlsec1', because: 'to judge the signatures of tokens for browsers' },
  { name: 'chromium', program: '/usr/bin/chromium', because: 'a real browser for the pages' },
];

/**
 * Installs what is missing where this runs as root and apt-get exists; elsewhere says what will be skipped.
 *
 * @returns whether the tests may run: false only where `required` and something is still missing
 */
export function ensureDebianPackages(required: boolean): boolean {
  const before = missing();
  if (before.length === 0) return true;
  if (process.getuid?.() === 0 && inPath('apt-get')) {
    console.log(`Installing Debian packages for the tests (once): ${before.map(({ name }) => name).join(', ')} ...`);
    install(before.map(({ name }) => name));
  }
  const after = missing();
  for (const { name, program, because } of after) {
    console.error(`${required ? 'Missing' : 'Tests that need it are skipped'}: ${program} (Debian package ${name}), ${because}.`);
  }
  return after.length === 0 || !required;
}

function missing(): DebianPackage[] {
  return PACKAGES.filter(({ program }) => !existsSync(program));
}

function inPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Debian asks this script before it starts a service; 101 means no (policy-rc.d(8)). */
const POLICY = '/usr/sbin/policy-rc.d';

function install(names: string[]): void {
  const kept = `${POLICY}.landbridge-kept`;
  // Ctrl-C reaches apt-get by itself; without a handler it would end this process before the policy is put back.
  const onSignal = () => process.exit(130);
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  if (existsSync(POLICY)) renameSync(POLICY, kept);
  try {
    writeFileSync(POLICY, '#!/bin/sh\n# Tests start their own servers; nothing is started at installation.\nexit 101\n');
    chmodSync(POLICY, 0o755);
    aptGet('update');
    aptGet('install', '--yes', '--no-install-recommends', ...names);
  } finally {
    rmSync(POLICY, { force: true });
    if (existsSync(kept)) renameSync(kept, POLICY);
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** A failure is shown and not thrown: what is still missing afterwards is what counts. */
function aptGet(...args: string[]): void {
  const result = spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status !== 0)
    console.error(`apt-get ${args.join(' ')} failed:\n${result.error?.message ?? `${result.stdout}${result.stderr}`}`);
}
