/**
 * Packages as a hub offers them: the path, the signed list of sums, and what the name of a package says about it. The name is signed with the
 * list, so it also proves the version.
 */
import { z } from 'zod';

/** At the hub, before the file's name. */
export const PACKAGES_PATH = '/packages';
/** As `sha256sum` writes it. */
export const SUMS_FILE = 'SHA256SUMS';
export const SIGNATURE_FILE = `${SUMS_FILE}.minisig`;
/** The trusted comment of the signature, so that no other document signed with the same key is taken for a list of packages. */
export const SUMS_TRUSTED_COMMENT = 'Landbridge packages';
/** A list has one line of about 120 characters per file. */
export const MAX_SUMS_BYTES = 64 * 1024;

export type PackageFormat = 'archive' | 'deb' | 'rpm' | 'msi' | 'image';

export interface ListedFile {
  name: string;
  /** In lower-case hexadecimal. */
  sha256: string;
}

export interface ListedPackage extends ListedFile {
  program: 'connector' | 'hub';
  version: string;
  format: PackageFormat;
  /** `linux`, `darwin` or `win32`; undefined for images, which contain several. */
  platform: string | undefined;
  /** As Node.js names processors; undefined for images. */
  arch: string | undefined;
}

/** The hub's `newest_version`, in a session only: the newest version of the connector among the hub's packages. */
export const newestVersionPayload = z.object({ version: z.string().regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}$/) });

const VERSION = String.raw`(\d{1,9}\.\d{1,9}\.\d{1,9})`;
const NAME = '^landbridge-(connector|hub)';
const NAMES: readonly (readonly [PackageFormat, RegExp])[] = [
  ['archive', new RegExp(String.raw`${NAME}-${VERSION}-(linux|darwin)-(x64|arm64)\.tar\.gz$`)],
  ['deb', new RegExp(String.raw`${NAME}_${VERSION}-\d{1,9}_()(amd64|arm64)\.deb$`)],
  ['rpm', new RegExp(String.raw`${NAME}-${VERSION}-\d{1,9}\.()(x86_64|aarch64)\.rpm$`)],
  ['msi', new RegExp(String.raw`${NAME}-${VERSION}-(?:windows-|win32-|win-)?()(x64|arm64)\.msi$`)],
  ['image', new RegExp(String.raw`${NAME}-${VERSION}\.oci\.tar$`)],
];
const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: 'x64', x86_64: 'x64', aarch64: 'arm64' };
const PLATFORMS: Readonly<Partial<Record<PackageFormat, string>>> = { deb: 'linux', rpm: 'linux', msi: 'win32' };

/** @returns undefined if any line is not `HASH  NAME` with a plain file name */
export function parseSums(text: string): ListedFile[] | undefined {
  const files: ListedFile[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, sha256, name] = /^([0-9a-f]{64}) [ *]([A-Za-z0-9][A-Za-z0-9._+-]{0,199})$/.exec(line) ?? [];
    if (sha256 === undefined || name === undefined || files.some((file) => file.name === name)) return undefined;
    files.push({ name, sha256 });
  }
  return files;
}

/** @returns the packages among the files, the newest first */
export function packagesAmong(files: readonly ListedFile[]): ListedPackage[] {
  const packages = files.flatMap((file): ListedPackage[] => {
    for (const [format, pattern] of NAMES) {
      const match = pattern.exec(file.name);
      const [, program, version, platform, arch = ''] = match ?? [];
      if (version === undefined || (program !== 'connector' && program !== 'hub')) continue;
      const isImage = format === 'image';
      return [
        {
          ...file,
          ...{ program, version, format },
          platform: isImage ? undefined : (PLATFORMS[format] ?? platform),
          arch: isImage ? undefined : (ARCHITECTURES[arch] ?? arch),
        },
      ];
    }
    return [];
  });
  return packages.sort((a, b) => (isOlder(a.version, b.version) ? 1 : isOlder(b.version, a.version) ? -1 : 0));
}

/** @returns whether `version` is lower than `than`; false if either is not a version (Semantic Versioning 2.0.0). Suffixes are ignored. */
export function isOlder(version: string, than: string): boolean {
  const [mine, other] = [numbersOf(version), numbersOf(than)];
  if (mine === undefined || other === undefined) return false;
  const at = mine.findIndex((number, index) => number !== other[index]);
  return at !== -1 && (mine[at] ?? 0) < (other[at] ?? 0);
}

function numbersOf(version: string): number[] | undefined {
  const match = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+].*)?$/.exec(version);
  return match?.slice(1).map(Number);
}
