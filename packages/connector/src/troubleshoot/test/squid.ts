/** A real squid as a child process on loopback, for one test. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { acceptsConnections, freePort, spawnBound } from '@landbridge/lab';

const SQUID = '/usr/sbin/squid';

/** @returns why tests with squid cannot run here; never with CI set, where they must run */
export function whyNoSquid(): string | false {
  return existsSync(SQUID) || process.env.CI === 'true' ? false : `${SQUID} is not installed (Debian package squid)`;
}

/**
 * Stops when the test ends.
 *
 * @param options.user who may use it, and with which password; anyone by default
 * @param options.forbids every tunnel
 * @returns where it listens, and what it logged: a line for each request
 */
export async function startSquid(
  t: TestContext,
  options: { user?: { name: string; password: string }; forbids?: boolean } = {},
): Promise<{ host: string; requests(): string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'squid-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // If root starts it, it continues as another user, who reads and writes here.
  chmodSync(folder, 0o777);
  const port = await freePort();
  const log = join(folder, 'access.log');
  const conf = [
    `http_port 127.0.0.1:${port}`,
    'visible_hostname proxy.corp',
    'pid_filename none',
    `access_log stdio:${log}`,
    `cache_log ${join(folder, 'cache.log')}`,
    `coredump_dir ${folder}`,
    'cache deny all',
    'netdb_filename none',
    'pinger_enable off',
    'shutdown_lifetime 0 seconds',
    'buffered_logs off',
    ...(options.user === undefined ? [] : passwords(folder, options.user)),
    options.forbids ? 'http_access deny all' : `http_access allow ${options.user === undefined ? 'all' : 'known'}`,
    'http_access deny all',
  ];
  const file = join(folder, 'squid.conf');
  writeFileSync(file, `${conf.join('\n')}\n`, { mode: 0o644 });
  const child = spawnBound(SQUID, ['-N', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let failure = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    failure += text;
  });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  while (!(await acceptsConnections(port))) {
    if (child.exitCode !== null) throw new Error(`squid ended with ${child.exitCode}: ${failure}`);
    await delay(20);
  }
  return { host: `127.0.0.1:${port}`, requests: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []) };
}

function passwords(folder: string, { name, password }: { name: string; password: string }): string[] {
  const hash = execFileSync('openssl', ['passwd', '-apr1', '-stdin'], { input: password, encoding: 'utf8' }).trim();
  const file = join(folder, 'passwords');
  writeFileSync(file, `${name}:${hash}\n`, { mode: 0o644 });
  return [
    `auth_param basic program /usr/lib/squid/basic_ncsa_auth ${file}`,
    'auth_param basic children 1',
    'auth_param basic realm corp',
    'acl known proxy_auth REQUIRED',
  ];
}
