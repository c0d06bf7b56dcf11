/** Windows programs under Wine 10, in a Debian 13 root of its own. Needs root and mmdebstrap. It shares the network with this machine. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runTool } from '../run-tool.ts';

export interface Wine extends AsyncDisposable {
  /** The folder that programs see as C:. */
  readonly drive: string;
  /** Runs a Windows program to its end. */
  run(program: string, ...args: string[]): { status: number | null; output: string };
  /** Starts a Windows program. @returns its exit code */
  start(program: string, ...args: string[]): Promise<number | null>;
  /** Runs a program of Debian in the root. */
  runNative(...args: string[]): { status: number | null; output: string };
}

/** The Wine of Debian 12 is too old for Node.js 24. */
const SUITE = 'trixie';
const START_MS = 60_000;
const ENVIRONMENT = [
  '-i',
  'PATH=/usr/bin:/bin',
  'HOME=/root',
  'WINEPREFIX=/root/prefix',
  'WINEDEBUG=-all',
  'XDG_RUNTIME_DIR=/tmp',
  'LANG=C.UTF-8',
];

export function whyNoWine(): string | false {
  if (process.getuid?.() !== 0) return 'a Debian root needs root';
  return existsSync('/usr/bin/mmdebstrap') ? false : 'no mmdebstrap (Debian package mmdebstrap)';
}

export async function startWine(work: string): Promise<Wine> {
  const root = join(work, 'root-wine');
  runTool('mmdebstrap', ['--variant=minbase', '--include=wine,wine64', SUITE, root]);
  writeFileSync(join(root, 'etc', 'hosts'), '127.0.0.1 localhost\n::1 localhost\n');
  // With a process namespace, everything in it ends with its first process. Wine needs /proc and /dev.
  const inside = `mount -t proc proc ${root}/proc && mount --rbind /dev ${root}/dev && touch ${root}/tmp/mounted && exec sleep infinity`;
  const unshare = spawn('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', inside], { stdio: 'ignore' });
  const ended = once(unshare, 'exit');
  const first = () => readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8').trim();
  const deadline = Date.now() + START_MS;
  while (!existsSync(join(root, 'tmp', 'mounted'))) {
    if (Date.now() > deadline || unshare.exitCode !== null) throw new Error('cannot mount /proc and /dev for Wine');
    await delay(50);
  }
  let count = 0;
  const enter = (args: readonly string[]) => ['--target', first(), '--mount', '--pid', 'chroot', root, 'env', ...ENVIRONMENT, ...args];
  const runNative = (...args: string[]) => {
    // A file: programs that go on in the background would keep a pipe open.
    const path = join(work, `wine-${++count}.log`);
    const file = openSync(path, 'w');
    const { status, error } = spawnSync('nsenter', enter(args), { stdio: ['ignore', file, file] });
    closeSync(file);
    if (error !== undefined) throw error;
    return { status, output: readFileSync(path, 'utf8').replace(/\r/g, '') };
  };
  const wine: Wine = {
    drive: join(root, 'root', 'prefix', 'drive_c'),
    run: (program, ...args) => runNative('wine', program, ...args),
    runNative,
    async start(program, ...args) {
      const [code]: (number | null)[] = await once(spawn('nsenter', enter(['wine', program, ...args]), { stdio: 'ignore' }), 'exit');
      return code ?? null;
    },
    async [Symbol.asyncDispose]() {
      unshare.kill('SIGKILL');
      await ended;
    },
  };
  try {
    mkdirSync(join(root, 'root'), { recursive: true });
    for (const args of [
      ['wineboot', '--init'],
      ['wineserver', '--wait'],
    ]) {
      const { status, output } = runNative(...args);
      if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${output}`);
    }
    // This server stays when no program runs, as Windows does.
    spawn('nsenter', enter(['wineserver', '--foreground', '--persistent']), { stdio: 'ignore' });
  } catch (error) {
    await wine[Symbol.asyncDispose]();
    throw error;
  }
  return wine;
}
