/** Writes a file that only its owner may read. Writes it atomically if the file system allows that. */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from './program-home.ts';
import { errorCodeOf } from './text-file.ts';

/**
 * Errors that mean that a file cannot be replaced by renaming: it is a mount point (a file bound into a container), or its folder is
 * read-only.
 */
const NOT_REPLACEABLE: ReadonlySet<string | undefined> = new Set(['EBUSY', 'EXDEV', 'EROFS', 'EACCES', 'EPERM']);

/**
 * Writes a temporary file with mode 0600 beside it, syncs, and renames. Creates a missing folder with mode 0700. Replaces the target of a
 * symbolic link, not the link itself. A file that cannot be replaced is overwritten in place.
 *
 * @throws the error of the file system, with nothing changed
 */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  makeFolder(dirname(path));
  const target = exists(path) ? realpathSync(path) : path;
  try {
    replace(target, content);
  } catch (error) {
    if (!exists(target) || !NOT_REPLACEABLE.has(errorCodeOf(error))) throw error;
    overwrite(target, content);
  }
}

function replace(target: string, content: string | Uint8Array): void {
  const beside = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = openSync(beside, 'wx', 0o600);
    try {
      // Not writeSync, which may write only a part when the disk is full.
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    keepOwner(beside, exists(target) ? target : dirname(target));
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  syncFolder(dirname(target));
}

/** A power failure can leave the file incomplete, so callers keep a copy of important files. After any other failure the previous content is restored. */
function overwrite(target: string, content: string | Uint8Array): void {
  const before = readFileSync(target);
  const file = openSync(target, 'r+');
  try {
    writeAll(file, Buffer.from(content));
  } catch (error) {
    writeAll(file, before);
    throw error;
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, bytes: Buffer): void {
  // On a full disk, a write may be partial.
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at);
  ftruncateSync(file, bytes.length);
  fsyncSync(file);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** If an administrator runs a command as root, the file still belongs to the account of the service. @param like whose owner it gets */
export function keepOwner(path: string, like: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(like);
  chownSync(path, uid, gid);
}

/** Makes the rename survive a power cut. Windows cannot open a folder. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
