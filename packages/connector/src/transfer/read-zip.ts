/**
 * Reads a zip that may be hostile: only the named files, into memory, within limits. A zip with anything that no export contains (links, paths
 * that lead outside, duplicate names, encryption) is refused as a whole.
 */
import { buffer as collect } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { CodedError } from '@landbridge/runtime';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';

/** An export is a few kilobytes; with certificate authorities and a PFX up to a hundred times that. */
export const MAX_ZIP_BYTES = 16 * 1024 * 1024;
const MAX_ENTRIES = 1000;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_TOTAL_BYTES = 8 * 1024 * 1024;
/** Settings and source code compress to a tenth, hardly to a fiftieth. */
const MAX_RATIO = 200;
/** Smaller files may have any ratio. */
const RATIO_COUNTS_FROM_BYTES = 64 * 1024;
const MAX_LISTED = 20;

/** File types in the upper half of the external attributes, as Unix programs write them (APPNOTE.TXT, section 4.4.15). */
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

export interface ZipContent {
  /** The allowed files that exist, by name without the top folder. */
  files: Map<string, Buffer>;
  /** The first names of other files, which were not read. */
  ignored: string[];
}

/**
 * @param allowed names to read, at the top of the zip or below one folder
 * @throws CodedError IMPORT_UNREADABLE if it is not a zip or damaged, IMPORT_REFUSED if it contains more than an export may
 */
export async function readZip(bytes: Buffer, allowed: ReadonlySet<string>): Promise<ZipContent> {
  if (bytes.length > MAX_ZIP_BYTES) throw refused(`it is larger than ${MAX_ZIP_BYTES / 1024 / 1024} MiB`);
  try {
    const zip = await fromBufferPromise(bytes, { lazyEntries: true, strictFileNames: false });
    const entries = await listEntries(zip);
    return await readAllowed(zip, entries, allowed);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError('IMPORT_UNREADABLE', `The file is not a readable zip: ${printable(error instanceof Error ? error.message : '')}`, {
      action: 'Copy it from the exporting machine again.',
    });
  }
}

async function listEntries(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  const names = new Set<string>();
  if (zip.entryCount > MAX_ENTRIES) throw refused(`it has more than ${MAX_ENTRIES} files`);
  for await (const entry of zip.eachEntry()) {
    if (entries.length >= MAX_ENTRIES) throw refused(`it has more than ${MAX_ENTRIES} files`);
    const name = printable(entry.fileName);
    // Windows and macOS ignore case.
    const folded = entry.fileName.toLowerCase();
    if (names.has(folded)) throw refused(`it has ${name} twice`);
    names.add(folded);
    if (entry.isEncrypted()) throw refused('it uses zip encryption; unpack it, and pack it without a password');
    const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
    if (type !== 0 && type !== REGULAR && type !== FOLDER) throw refused(`${name} in it is a link or not a file`);
    entries.push(entry);
  }
  return entries;
}

async function readAllowed(zip: ZipFile, entries: readonly Entry[], allowed: ReadonlySet<string>): Promise<ZipContent> {
  const topFolder = topFolderOf(entries, allowed);
  const content: ZipContent = { files: new Map(), ignored: [] };
  let total = 0;
  for (const entry of entries) {
    if (entry.fileName.endsWith('/')) continue;
    const name = entry.fileName.startsWith(topFolder) ? entry.fileName.slice(topFolder.length) : '';
    if (!allowed.has(name)) {
      if (content.ignored.length < MAX_LISTED) content.ignored.push(printable(entry.fileName));
      continue;
    }
    total += entry.uncompressedSize;
    if (entry.uncompressedSize > MAX_FILE_BYTES || total > MAX_TOTAL_BYTES) throw refused(`${name} in it is too large`);
    if (entry.uncompressedSize > RATIO_COUNTS_FROM_BYTES && entry.uncompressedSize > entry.compressedSize * MAX_RATIO) {
      throw refused(`${name} in it has a higher compression ratio than any settings file`);
    }
    content.files.set(name, await readEntry(zip, entry));
  }
  return content;
}

/** Zips packed by hand often have one top folder. */
function topFolderOf(entries: readonly Entry[], allowed: ReadonlySet<string>): string {
  const names = entries.map(({ fileName }) => fileName);
  if (names.some((name) => allowed.has(name))) return '';
  const folders = new Set(names.filter((name) => allowed.has(withoutFirst(name))).map((name) => name.slice(0, name.indexOf('/') + 1)));
  if (folders.size > 1) throw refused('it has several folders with settings');
  return [...folders][0] ?? '';
}

function withoutFirst(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

/** yauzl ends a stream that is longer than the entry says, but does not verify the checksum. */
async function readEntry(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const content = await collect(await zip.openReadStreamPromise(entry));
  if (crc32(content) !== entry.crc32) {
    throw new CodedError('IMPORT_UNREADABLE', `${printable(entry.fileName)} in the zip is damaged: its checksum is wrong`, {
      action: 'Copy it from the exporting machine again.',
    });
  }
  return content;
}

function refused(why: string): CodedError {
  return new CodedError('IMPORT_REFUSED', `The zip is refused: ${why}`, {
    action: 'Import a file that a connector exported.',
  });
}

/** Names in a zip are untrusted, and go to terminals, logs and pages. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters on purpose
  return text.slice(0, 200).replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '?');
}
