/**
 * Runs an image as a container engine does, with the tools of util-linux: read-only root, process namespace, the image's account, no capabilities and no
 * way to get any. It shares the network with the machine. Needs root.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isInPath } from '../../tools/in-path.ts';
import { runTool } from '../run-tool.ts';
import { ACCOUNT } from './image.ts';

interface ImageConfig {
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  Volumes: Record<string, object>;
  Healthcheck: { Test: string[] };
}

export interface UnpackedImage {
  root: string;
  config: ImageConfig;
}

export interface RunningImage {
  /** Of its first process, as the machine numbers it. */
  readonly pid: number;
  /** Runs a program inside, with the same environment. */
  exec(args: readonly string[]): { status: number | null; stdout: string; stderr: string };
  /** Sends SIGTERM to its first process. @returns the exit code */
  stop(): Promise<number | null>;
  log(): string;
}

export function whyNotRun(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'containers need Linux and root';
  const missing = ['unshare', 'nsenter', 'setpriv', 'chroot', 'apt-get', 'dpkg-deb'].filter((tool) => !isInPath(tool));
  return missing.length === 0 ? false : `missing: ${missing.join(', ')}`;
}

/** @param folder is created. @param architecture as the image names it */
export function unpackImage(archive: string, folder: string, architecture: string): UnpackedImage {
  const layout = `${folder}.layout`;
  const root = join(folder, 'root');
  for (const each of [layout, root]) mkdirSync(each, { recursive: true });
  runTool('tar', ['-xf', archive, '-C', layout]);
  const blob = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
  const read = (digest: string) => JSON.parse(readFileSync(blob(digest), 'utf8'));
  const [index]: { digest: string }[] = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests;
  const manifests: { digest: string; platform: { architecture: string } }[] = read(index?.digest ?? '').manifests;
  const manifest: { config: { digest: string }; layers: { digest: string }[] } = read(
    manifests.find(({ platform }) => platform.architecture === architecture)?.digest ?? '',
  );
  for (const { digest } of manifest.layers) runTool('tar', ['-xpzf', blob(digest), '-C', root, '--numeric-owner', '--same-owner']);
  return { root, config: read(manifest.config.digest).config };
}

/**
 * @param files by their paths in the container, which only its account can read
 * @param home the volume for the program's home, owned by the account
 */
export async function runImage(
  image: UnpackedImage,
  options: { home: string; files: Readonly<Record<string, string>>; environment: Readonly<Record<string, string>> },
): Promise<RunningImage> {
  const { root, config } = image;
  const { home, files, environment } = options;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  chownSync(home, ACCOUNT, ACCOUNT);
  // Engines provide names.
  for (const [path, content] of Object.entries({ '/etc/hosts': '127.0.0.1 localhost\n', '/etc/resolv.conf': '', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode: 0o600 });
    chownSync(join(root, path), ACCOUNT, ACCOUNT);
  }
  const env = { ...Object.fromEntries(config.Env.map((each) => each.split(/=(.*)/s).slice(0, 2))), ...environment };
  const [volume = ''] = Object.keys(config.Volumes);
  const logFile = `${home}.log`;
  const output = openSync(logFile, 'w');
  const started = spawn(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-ec',
      START,
      'sh',
      root,
      home,
      `${root}${volume}`,
      ...config.Entrypoint,
      ...config.Cmd,
    ],
    { env: { ...env, PATH: process.env.PATH ?? '' }, stdio: ['ignore', output, output] },
  );
  closeSync(output);
  const ended = once(started, 'exit').then(([code]: (number | null)[]) => code ?? null);
  const pid = await firstProcess(started);
  return {
    pid,
    exec(args) {
      const enter = ['--target', String(pid), '--mount', '--pid', '--root', '--setuid', String(ACCOUNT), '--setgid', String(ACCOUNT)];
      return spawnSync('nsenter', [...enter, ...args], { env, encoding: 'utf8' });
    },
    stop() {
      process.kill(pid, 'SIGTERM');
      return ended;
    },
    log: () => readFileSync(logFile, 'utf8'),
  };
}

/** Arguments: root, home, where the home is mounted, and the program. Every `exec` keeps the process, the first one of its namespace. */
const START = `
root=$1 home=$2 volume=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$home" "$volume"
mount -t proc proc "$root/proc"
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_chroot,+setuid,+setgid \\
  chroot --userspec=${ACCOUNT}:${ACCOUNT} --groups=${ACCOUNT} "$root" "$@"`;

/** The child of `unshare`. */
async function firstProcess(unshare: ChildProcess): Promise<number> {
  await once(unshare, 'spawn');
  const children = `/proc/${unshare.pid}/task/${unshare.pid}/children`;
  for (;;) {
    const [pid] = readFileSync(children, 'utf8').trim().split(' ');
    if (pid) return Number(pid);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
