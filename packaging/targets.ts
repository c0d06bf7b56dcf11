/** What is packaged, and for which systems. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');

export type Program = 'connector' | 'hub';
export const PROGRAMS: readonly Program[] = ['connector', 'hub'];

/** As nodejs.org names its archives. */
export type Target = 'linux-x64' | 'linux-arm64' | 'darwin-x64' | 'darwin-arm64' | 'win-x64';
export const TARGETS: readonly Target[] = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win-x64'];

/** Debian's names of processors; only Linux targets become Debian packages. */
export const DEBIAN_ARCHITECTURES: Readonly<Partial<Record<Target, string>>> = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' };

export function packageNameOf(program: Program): string {
  return `landbridge-${program}`;
}

export function versionOf(program: Program): string {
  return JSON.parse(readFileSync(join(ROOT, 'packages', program, 'package.json'), 'utf8')).version;
}

/** The hub has no packages for Windows. */
export function programsFor(target: Target): readonly Program[] {
  return target === 'win-x64' ? ['connector'] : PROGRAMS;
}

/** As in names of npm packages: process.platform and process.arch. */
export function platformOf(target: Target): string {
  return target.replace(/^win-/, 'win32-');
}

export function isTarget(name: string): name is Target {
  return TARGETS.some((target) => target === name);
}
