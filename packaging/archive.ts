/** Reproducible archives: sorted names, no owners, and one fixed time for all entries. */
import { chmodSync, lutimesSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { runTool } from './run-tool.ts';

/** Makes a `.tar.gz` of one folder. */
export function makeTarball(folder: string, file: string, epoch: number): void {
  normalize(folder, epoch);
  const order = ['--sort=name', '--format=gnu', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${epoch}`];
  // `gzip -n` writes neither name nor time.
  runTool('tar', [...order, '--use-compress-program=gzip -n -6', '-cf', file, '-C', dirname(folder), basename(folder)]);
}

/** Sets the modes and times of everything in a folder, regardless of the umask: programs are executable, and everything is readable. */
export function normalize(folder: string, epoch: number): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chmodSync(path, entry.isDirectory() || isProgram(path) ? 0o755 : 0o644);
    lutimesSync(path, epoch, epoch);
  }
  chmodSync(folder, 0o755);
  lutimesSync(folder, epoch, epoch);
}

/** Files with an ending are data: some npm packages make their modules executable. */
function isProgram(path: string): boolean {
  return extname(path) === '' && (statSync(path).mode & 0o100) !== 0;
}
