/**
 * The Node.js inside a package: the npm package in the lock file, or an archive from nodejs.org that is given with its SHA-256. A version that
 * lacks security fixes is refused, unless the build is told to use it.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MINIMUM_NODE_VERSION } from '../packages/runtime/src/node-version.ts';
import { isLocked, lockedPackage, packageFolder } from './lock-packages.ts';
import { runTool } from './run-tool.ts';
import { ROOT, type Target } from './targets.ts';

export interface NodeRuntime {
  version: string;
  /** Path of the program. */
  program: string;
  licence: string;
  /** For users of the package: where it is from, with its hash. */
  origin: string;
  isOutdated: boolean;
}

/** An archive as nodejs.org names it. */
export interface NodeArchive {
  file: string;
  /** Of the archive, in hexadecimal, from the signed SHASUMS256.txt. */
  sha256: string;
}

const ARCHIVE_NAME = /^node-v(\d+\.\d+\.\d+)-(\w+-\w+)\.tar\.[gx]z$/;

/** @throws if there is none, it does not match its hash, or it is outdated and `allowOutdated` is not set */
export function findNodeRuntime(target: Target, options: { archive: NodeArchive | undefined; allowOutdated: boolean }): NodeRuntime {
  const { archive, allowOutdated } = options;
  if (archive === undefined && !isLocked(`node-${target}`)) {
    throw new Error(`package-lock.json has no Node.js for ${target}: give an archive from nodejs.org with --node ${target}=FILE,SHA256`);
  }
  const version = archive === undefined ? lockedPackage(`node_modules/node-${target}`).version : versionInName(archive.file, target);
  const isOutdated = version.localeCompare(MINIMUM_NODE_VERSION, 'en', { numeric: true }) < 0;
  if (isOutdated && !allowOutdated) {
    throw new Error(
      `Node.js ${version} for ${target} lacks security fixes (${MINIMUM_NODE_VERSION} has them): give a newer archive from nodejs.org with --node ${target}=FILE,SHA256, or accept it with --allow-outdated-node ${target}`,
    );
  }
  return { version, isOutdated, ...(archive === undefined ? fromRegistry(target) : fromArchive(archive)) };
}

function fromRegistry(target: Target): Pick<NodeRuntime, 'program' | 'licence' | 'origin'> {
  const { name, version, integrity } = lockedPackage(`node_modules/node-${target}`);
  const folder = packageFolder(name);
  return {
    program: join(folder, 'bin', 'node'),
    licence: readFileSync(join(folder, 'LICENSE'), 'utf8'),
    origin: `npm package ${name}@${version} (${integrity})`,
  };
}

function versionInName(file: string, target: Target): string {
  const [, version, platform] = ARCHIVE_NAME.exec(basename(file)) ?? [];
  if (version !== undefined && platform === target) return version;
  throw new Error(`${file} is not named like an archive of Node.js for ${target}: node-vVERSION-${target}.tar.gz or .tar.xz`);
}

function fromArchive({ file, sha256 }: NodeArchive): Pick<NodeRuntime, 'program' | 'licence' | 'origin'> {
  const actual = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (actual !== sha256.toLowerCase()) throw new Error(`${file} has the SHA-256 ${actual}, not ${sha256}`);
  const folder = join(ROOT, 'build', 'cache', `node-${actual.slice(0, 16)}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const top = basename(file).replace(/\.tar\.[gx]z$/, '');
  runTool('tar', ['-xf', file, '--no-same-owner', '--strip-components=1', '-C', folder, `${top}/bin/node`, `${top}/LICENSE`]);
  return {
    program: join(folder, 'bin', 'node'),
    licence: readFileSync(join(folder, 'LICENSE'), 'utf8'),
    origin: `${basename(file)} (SHA-256 ${actual})`,
  };
}
