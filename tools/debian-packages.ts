/**
 * Debian packages with programs that tests need and npm does not provide, each with its reason. Installs missing packages if possible, and
 * otherwise lists them.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isInPath } from './in-path.ts';

interface DebianPackage {
  name: string;
  /** The package counts as installed if this file exists. */
  program: string;
  because: string;
}

const PACKAGES: readonly DebianPackage[] = [
  { name: 'slapd', program: '/usr/sbin/slapd', because: 'a real OpenLDAP for tests and benchmarks' },
  { name: 'ldap-utils', program: '/usr/bin/ldapsearch', because: 'a third-party LDAP client to verify the embedded directory' },
  { name: 'samba-ad-dc', program: '/var/lib/dpkg/info/samba-ad-dc.list', because: 'a real Active Directory' },
  { name: 'samba-ad-provision', program: '/usr/share/samba/setup/provision.ldif', because: 'templates for its domains' },
  {
    name: 'python3-markdown',
    program: '/usr/lib/python3/dist-packages/markdown/__init__.py',
    because: 'samba-tool needs it to read its schema',
  },
  { name: 'ldb-tools', program: '/usr/bin/ldbmodify', because: 'to add users to its domains' },
  { name: '389-ds-base', program: '/usr/sbin/ns-slapd', because: 'a real 389 Directory Server, the directory of FreeIPA' },
  { name: 'libnss3-tools', program: '/usr/bin/pk12util', because: 'to install certificates in it and in browsers' },
  { name: 'dnsmasq-base', program: '/usr/sbin/dnsmasq', because: 'a real DNS server for server discovery' },
  { name: 'squid', program: '/usr/sbin/squid', because: 'a real proxy between the connector and its hub' },
  { name: 'haproxy', program: '/usr/sbin/haproxy', because: 'a real load balancer between browsers and connectors' },
  { name: 'nginx', program: '/usr/sbin/nginx', because: 'a real reverse proxy with the documented configuration' },
  { name: 'caddy', program: '/usr/bin/caddy', because: 'a real reverse proxy with the documented configuration' },
  { name: 'apache2-bin', program: '/usr/sbin/apache2', because: 'a real reverse proxy that authenticates by Kerberos' },
  {
    name: 'libapache2-mod-auth-gssapi',
    program: '/usr/lib/apache2/modules/mod_auth_gssapi.so',
    because: 'its Kerberos module',
  },
  {
    name: 'libapache2-mod-auth-openidc',
    program: '/usr/lib/apache2/modules/mod_auth_openidc.so',
    because: 'its OpenID Connect module, a third-party client of the hub',
  },
  { name: 'unzip', program: '/usr/bin/unzip', because: 'to unpack Helm, which checks its chart' },
  { name: 'openssl', program: '/usr/bin/openssl', because: 'to verify certificates and encrypted passwords of our code' },
  { name: 'curl', program: '/usr/bin/curl', because: 'a third-party HTTP client with Kerberos' },
  { name: 'krb5-user', program: '/usr/bin/kinit', because: 'to get Kerberos tickets, and for the library that verifies them' },
  { name: 'gcc', program: '/usr/bin/gcc', because: 'to compile the test double of Windows functions' },
  { name: 'libc6-dev', program: '/usr/include/stdlib.h', because: 'to compile the test double of Windows functions' },
  { name: 'xmlsec1', program: '/usr/bin/xmlsec1', because: 'to verify the signatures of WS-Federation tokens' },
  { name: 'rsyslog', program: '/usr/sbin/rsyslogd', because: 'a real syslog receiver for the audit log' },
  { name: 'rsyslog-gnutls', program: '/var/lib/dpkg/info/rsyslog-gnutls.list', because: 'its TLS' },
  { name: 'prometheus', program: '/usr/bin/promtool', because: 'to try the alert rules' },
  {
    name: 'python3-aiosmtpd',
    program: '/usr/lib/python3/dist-packages/aiosmtpd/__init__.py',
    because: 'a real mail server for alerts',
  },
  { name: 'systemd', program: '/usr/bin/systemd-analyze', because: 'to check the units of the packages' },
  { name: 'lintian', program: '/usr/bin/lintian', because: 'to check the Debian packages' },
  {
    name: 'gcc-mingw-w64-x86-64-win32',
    program: '/usr/bin/x86_64-w64-mingw32-gcc-win32',
    because: 'to compile the Windows service host',
  },
  { name: 'wixl', program: '/usr/bin/wixl', because: 'to make the MSI' },
  { name: 'msitools', program: '/usr/bin/msiinfo', because: 'to complete and check the MSI' },
  { name: 'osslsigncode', program: '/usr/bin/osslsigncode', because: 'to sign it and verify the signature' },
  { name: 'rpm', program: '/usr/bin/rpmbuild', because: 'to make and check the RPM packages' },
  { name: 'minisign', program: '/usr/bin/minisign', because: 'to sign the sums of the packages' },
  { name: 'gnupg', program: '/usr/bin/gpg', because: 'to sign the sums of the packages' },
  { name: 'zsh', program: '/usr/bin/zsh', because: 'a real shell for its completion script' },
  { name: 'fish', program: '/usr/bin/fish', because: 'a real shell for its completion script' },
  { name: 'groff-base', program: '/usr/bin/groff', because: 'to check the man pages' },
  { name: 'chromium', program: '/usr/bin/chromium', because: 'a real browser for the pages' },
];

/**
 * Installs missing packages if this runs as root and apt-get exists, and otherwise lists the tests that will be skipped.
 *
 * @returns whether the tests may run: false only if packages are `required` and still missing
 */
export function ensureDebianPackages(required: boolean): boolean {
  const before = missing();
  if (before.length === 0) return true;
  if (process.getuid?.() === 0 && isInPath('apt-get')) {
    console.log(`Installing Debian packages for the tests (once): ${before.map(({ name }) => name).join(', ')} ...`);
    install(before.map(({ name }) => name));
  }
  const after = missing();
  for (const { name, program, because } of after) {
    console.error(`${required ? 'Missing' : 'Skipping tests that need it'}: ${program} (Debian package ${name}), ${because}.`);
  }
  return after.length === 0 || !required;
}

function missing(): DebianPackage[] {
  return PACKAGES.filter(({ program }) => !existsSync(program));
}

/** Debian runs this script before it starts a service; 101 means no (policy-rc.d(8)). */
const POLICY = '/usr/sbin/policy-rc.d';

function install(names: string[]): void {
  const kept = `${POLICY}.landbridge-kept`;
  // Ctrl-C reaches apt-get itself; without a handler, this process would end before it restores the policy.
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

/** Failures are printed, not thrown: only what is still missing afterwards counts. */
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
