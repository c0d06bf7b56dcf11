/**
 * Folders of npm packages at their locked versions. Packages for other platforms are not in `node_modules`: they are fetched with `npm pack`, checked
 * against the hash in package-lock.json, and kept in `build/cache/`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runTool } from './run-tool.ts';
import { ROOT } from './targets.ts';

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), license: z.string().optional(), integrity: z.string().optional() }),
  ),
});

export interface LockedPackage {
  name: string;
  version: string;
  licence: string;
  /** `sha512-` and base64. */
  integrity: string;
}

let entries: z.infer<typeof lockFile>['packages'] | undefined;

/**
 * @param path as in the lock file: `node_modules/NAME`, possibly within another
 * @throws if it is not locked with a hash
 */
export function lockedPackage(path: string): LockedPackage {
  entries ??= lockFile.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))).packages;
  const entry = entries[path];
  if (entry?.version === undefined || !entry.integrity?.startsWith('sha512-')) throw new Error(`${path} is not locked with a SHA-512 hash`);
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  return { name, version: entry.version, licence: entry.license ?? 'unknown', integrity: entry.integrity };
}

export function isLocked(name: string): boolean {
  entries ??= lockFile.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))).packages;
  return entries[`node_modules/${name}`] !== undefined;
}

/** @returns a folder with the content of the package. @throws if the file from the registry does not have the locked hash */
export function packageFolder(name: string): string {
  const installed = join(ROOT, 'node_modules', name);
  if (existsSync(join(installed, 'package.json'))) return installed;
  const { version, integrity } = lockedPackage(`node_modules/${name}`);
  const cache = join(ROOT, 'build', 'cache');
  const folder = join(cache, `${name.replace('/', '-')}-${version}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    // Not in the checkout, whose configuration would make `npm pack` run as in a workspace.
    const printed = runTool('npm', ['pack', `${name}@${version}`, '--silent', '--ignore-scripts', '--pack-destination', unfinished], {
      cwd: cache,
    });
    const archive = join(unfinished, printed.trim().split('\n').at(-1) ?? '');
    assertIntegrity(name, readFileSync(archive), integrity);
    runTool('tar', ['-xzf', archive, '--no-same-owner', '-C', unfinished]);
    renameSync(join(unfinished, 'package'), folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** @throws if the content has another hash */
export function assertIntegrity(name: string, content: Buffer, integrity: string): void {
  const actual = `sha512-${createHash('sha512').update(content).digest('base64')}`;
  if (actual !== integrity) throw new Error(`${name}: the registry sent a file with the hash ${actual}, but ${integrity} is locked`);
}
