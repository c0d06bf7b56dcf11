/**
 * From the signed list of packages to the verified package for this machine. Everything comes from a hub that may have been taken over, or from a
 * folder, so nothing counts but the signature: over the list, whose file names have the versions.
 */
import { createHash } from 'node:crypto';
import {
  isOlder,
  type ListedPackage,
  MAX_SUMS_BYTES,
  type PackageFormat,
  packagesAmong,
  parseSums,
  SIGNATURE_FILE,
  SUMS_FILE,
  SUMS_TRUSTED_COMMENT,
} from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { readMinisignKey, verifyMinisign } from './minisign.ts';

/** Reads a file that is published with the packages. */
export type ReadPublished = (name: string, maxBytes: number) => Promise<Buffer>;

const MAX_PACKAGE_BYTES = 512 * 1024 * 1024;

/** @throws CodedError UPDATE_KEY_UNUSABLE, UPDATE_NOT_SIGNED, UPDATE_NOT_FOUND, UPDATE_NOT_NEWER, and what `read` throws */
export async function chooseSignedPackage(
  read: ReadPublished,
  options: { publicKey: string; installed: string; format: PackageFormat; platform: string; arch: string; allowDowngrade: boolean },
): Promise<ListedPackage> {
  const { installed, format, platform, arch } = options;
  const key = readMinisignKey(options.publicKey);
  if (key === undefined) {
    throw new CodedError('UPDATE_KEY_UNUSABLE', 'UPDATE_PUBLIC_KEY is not a public key of minisign', {
      action: 'Use the second line of minisign.pub.',
    });
  }
  const sums = await read(SUMS_FILE, MAX_SUMS_BYTES);
  const signature = await read(SIGNATURE_FILE, MAX_SUMS_BYTES);
  const files = parseSums(sums.toString('utf8'));
  if (verifyMinisign(sums, signature.toString('utf8'), key) !== SUMS_TRUSTED_COMMENT || files === undefined) {
    throw new CodedError('UPDATE_NOT_SIGNED', `${SUMS_FILE} is not signed with the key that this connector trusts. Nothing was installed`, {
      action: 'Find out who changed the packages. Only if the publisher announced a new key, set UPDATE_PUBLIC_KEY to it.',
    });
  }
  const suitable = packagesAmong(files).filter(
    (each) => each.program === 'connector' && each.format === format && each.platform === platform && each.arch === arch,
  );
  const [newest] = suitable;
  if (newest === undefined) {
    throw new CodedError('UPDATE_NOT_FOUND', `The packages include none for this machine (${format}, ${platform}, ${arch})`, {
      action: 'Ask the publisher for it, or install another kind of package.',
    });
  }
  if (!isOlder(installed, newest.version) && !(options.allowDowngrade && newest.version !== installed)) {
    throw new CodedError('UPDATE_NOT_NEWER', `Version ${newest.version} is not newer than the installed ${installed}`, {
      action: newest.version === installed ? 'Nothing to do.' : 'If you want the older version, use --allow-downgrade.',
    });
  }
  return newest;
}

/** @throws CodedError UPDATE_DAMAGED, and what `read` throws */
export async function readVerified(read: ReadPublished, { name, sha256 }: ListedPackage): Promise<Buffer> {
  const content = await read(name, MAX_PACKAGE_BYTES);
  if (createHash('sha256').update(content).digest('hex') === sha256) return content;
  throw new CodedError('UPDATE_DAMAGED', `${name} does not have the SHA-256 sum in the signed list. Nothing was installed`, {
    action: 'Try again. If it happens again, find out who changed the file.',
  });
}
