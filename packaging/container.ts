/** A Debian system that boots in a container with systemd-nspawn, by default without a network. Needs root and mmdebstrap. */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runTool } from './run-tool.ts';

export interface Container extends AsyncDisposable {
  /** Its root folder, as seen from outside. */
  readonly folder: string;
  /** Runs a shell script inside, as root. @returns its standard output. @throws if it fails */
  run(script: string, input?: string): string;
}

const BOOT_MS = 60_000;
const STOP_MS = 30_000;
const BOOTING = ['systemd', 'systemd-sysv', 'dbus'];
/** For a directory, and to look around. */
export const DIRECTORY_PACKAGES: readonly string[] = ['slapd', 'ldap-utils', 'procps'];

export function whyNoContainer(): string | false {
  if (process.getuid?.() !== 0) return 'containers need root';
  const missing = ['/usr/bin/mmdebstrap', '/usr/bin/systemd-nspawn'].filter((program) => !existsSync(program));
  return missing.length === 0 ? false : `missing: ${missing.join(', ')} (Debian packages mmdebstrap and systemd-container)`;
}

export interface ContainerOptions {
  /** Of Debian: `bookworm` or `trixie`. */
  suite: string;
  /** Debian packages in addition to those that boot it. */
  packages: readonly string[];
  /** Whether it uses the network of this machine, and otherwise none. */
  sharesNetwork?: boolean;
}

export async function bootContainer(work: string, options: ContainerOptions): Promise<Container> {
  const { suite, packages, sharesNetwork = false } = options;
  const folder = mkdtempSync(join(work, `root-${suite}-`));
  runTool('mmdebstrap', ['--variant=minbase', `--include=${[...BOOTING, ...packages].join(',')}`, suite, folder]);
  chmodSync(folder, 0o755);
  // An empty file lets systemd choose an id.
  writeFileSync(join(folder, 'etc', 'machine-id'), '');
  // mmdebstrap does not create this file, and names such as localhost would not resolve.
  writeFileSync(join(folder, 'etc', 'hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  const log = openSync(join(work, `boot-${suite}.log`), 'a');
  const args = [
    '-D',
    folder,
    '--boot',
    '--register=no',
    '--keep-unit',
    ...(sharesNetwork ? [] : ['--private-network']),
    `--machine=landbridge-${randomBytes(4).toString('hex')}`,
  ];
  const nspawn = spawn('systemd-nspawn', args, { stdio: ['ignore', log, log] });
  const ended = once(nspawn, 'exit');
  const leader = () => readFileSync(`/proc/${nspawn.pid}/task/${nspawn.pid}/children`, 'utf8').trim().split(' ')[0] ?? '';
  const inside = (args: string[], input = '') => {
    const environment = [
      '-i',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'DEBIAN_FRONTEND=noninteractive',
      'LC_ALL=C',
    ];
    const enter = ['-t', leader(), '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w', 'env', ...environment, ...args];
    return spawnSync('nsenter', enter, { encoding: 'utf8', input });
  };
  const deadline = Date.now() + BOOT_MS;
  while (!/^(running|degraded)/.test(inside(['systemctl', 'is-system-running']).stdout)) {
    if (Date.now() > deadline || nspawn.exitCode !== null)
      throw new Error(`the container does not boot: ${readFileSync(join(work, `boot-${suite}.log`), 'utf8')}`);
    await delay(500);
  }
  return {
    folder,
    run(script, input) {
      const { status, stdout, stderr } = inside(['sh', '-ec', script], input);
      if (status !== 0) throw new Error(`${script}\nended with ${status}: ${stdout}${stderr}`);
      return stdout;
    },
    async [Symbol.asyncDispose]() {
      // The service manager inside shuts down.
      nspawn.kill('SIGTERM');
      await Promise.race([ended, delay(STOP_MS, undefined, { ref: false })]);
      if (nspawn.exitCode === null && nspawn.signalCode === null) nspawn.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
