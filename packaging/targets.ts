/** What is packaged, and for which systems. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');

export type Program = 'connector' | 'hub';
export const PROGRAMS: readonly Program[] = ['connector', 'hub'];

/** As Node.js names them: process.platform and process.arch. */
export type Target = 'linux-x64' | 'linux-arm64' | 'darwin-x64' | 'darwin-arm64';
export const TARGETS: readonly Target[] = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

/** Debian's names of processors; only Linux targets become Debian packages. */
export const DEBIAN_ARCHITECTURES: Readonly<Partial<Record<Target, string>>> = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' };

export function packageNameOf(program: Program): string {
  return `landbridge-${program}`;
}

export function versionOf(program: Program): string {
  return JSON.parse(readFileSync(join(ROOT, 'packages', program, 'package.json'), 'utf8')).version;
}

export function isTarget(name: string): name is Target {
  return TARGETS.some((target) => target === name);
}
