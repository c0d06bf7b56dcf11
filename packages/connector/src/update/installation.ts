/**
 * The installed program and its side-by-side folders: `NAME-VERSION` for each version, and the link `NAME` to the one in use. A folder `NAME`, as tar
 * unpacks it, becomes a link at the first update.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isOlder, type PackageFormat } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';

const PACKAGED_FOLDER = '/usr/lib/landbridge-connector';

export interface Installation {
  format: PackageFormat;
  /** The path that services use: the link, or the folder that becomes one. */
  path: string;
}

/** @param mainFile the program that runs. @throws CodedError UPDATE_NOT_PACKAGED if it runs from source */
export function findInstallation(mainFile: string, version: string): Installation {
  const lib = dirname(realpathSync(mainFile));
  const folder = dirname(lib);
  if (folder === PACKAGED_FOLDER)
    return { format: existsSync('/var/lib/dpkg/info/landbridge-connector.list') ? 'deb' : 'rpm', path: folder };
  if (process.platform === 'win32') return { format: 'msi', path: folder };
  if (basename(lib) !== 'lib' || !existsSync(join(folder, 'bin', 'node'))) {
    throw new CodedError('UPDATE_NOT_PACKAGED', 'This connector was not installed from a package, so there is nothing to update', {
      action: 'Update it the way it was installed, for example with git.',
    });
  }
  const suffix = `-${version}`;
  const link = folder.endsWith(suffix) ? folder.slice(0, -suffix.length) : folder;
  const isLinked = link !== folder && existsSync(link) && realpathSync(link) === folder;
  return { format: 'archive', path: isLinked ? link : folder };
}

/**
 * Root writes and renames only where no other account can put a link in its way.
 *
 * @throws CodedError UPDATE_FOLDER_UNSAFE if this is root, and the folder or one above it can be changed by another account
 */
export function requireProtectedFolder(folder: string): void {
  if (process.getuid?.() !== 0) return;
  for (const start of new Set([folder, realpathSync(folder)])) {
    for (let path = start; ; path = dirname(path)) {
      const stats = lstatSync(path);
      const { uid, mode } = stats;
      // In a sticky folder such as /tmp, other accounts cannot replace what belongs to root.
      const isWritable = !stats.isSymbolicLink() && (mode & 0o022) !== 0 && ((mode & 0o1000) === 0 || path === start);
      if (uid !== 0 || isWritable) {
        throw new CodedError('UPDATE_FOLDER_UNSAFE', `Another account than root can change ${path}, so root installs no update there`, {
          action: 'Use a folder that only root can change, such as /opt or /root.',
        });
      }
      if (path === dirname(path)) break;
    }
  }
}

/**
 * Unpacks the archive beside the version in use. The name in the archive is not used.
 * @returns the new folder
 * @throws CodedError UPDATE_NOT_INSTALLED
 */
export function unpackBeside(path: string, version: string, archive: Buffer): string {
  const folder = `${path}-${version}`;
  const incoming = `${folder}.incoming`;
  for (const old of [incoming, folder]) rmSync(old, { recursive: true, force: true });
  mkdirSync(incoming, { recursive: true, mode: 0o755 });
  const file = join(incoming, 'package.tar.gz');
  writeFileSync(file, archive);
  const args = ['-xzf', file, '--no-same-owner', '--strip-components=1', '-C', incoming];
  const { status, stderr, error } = spawnSync('tar', args, { encoding: 'utf8' });
  rmSync(file);
  if (status !== 0 || !existsSync(join(incoming, 'lib', 'main.js'))) {
    rmSync(incoming, { recursive: true, force: true });
    throw new CodedError('UPDATE_NOT_INSTALLED', `The package cannot be unpacked: ${error?.message ?? stderr.trim()}`, {
      action: 'Check the free space and the permissions of the folder.',
    });
  }
  renameSync(incoming, folder);
  return folder;
}

/** Makes `path` a link to this folder, in one step if it is a link already. @returns the folder that was in use */
export function switchTo(path: string, folder: string, versionInUse: string): string {
  const next = `${path}.next`;
  rmSync(next, { force: true });
  symlinkSync(basename(folder), next);
  if (lstatSync(path).isSymbolicLink()) {
    const before = realpathSync(path);
    renameSync(next, path);
    return before;
  }
  const kept = `${path}-${versionInUse}`;
  rmSync(kept, { recursive: true, force: true });
  renameSync(path, kept);
  renameSync(next, path);
  return kept;
}

/** Removes the folders of versions other than these two. */
export function removeOthers(path: string, kept: readonly string[]): void {
  const prefix = `${basename(path)}-`;
  for (const name of readdirSync(dirname(path))) {
    const folder = join(dirname(path), name);
    const isVersion = name.startsWith(prefix) && isOlder(name.slice(prefix.length), '999999999.0.0');
    if (isVersion && !kept.includes(folder) && !lstatSync(folder).isSymbolicLink()) rmSync(folder, { recursive: true, force: true });
  }
}
