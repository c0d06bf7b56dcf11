/** Reads text files as administrators write them: with a byte order mark, in UTF-16 from PowerShell, or behind the symbolic links of a mount. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const LET_READ = 'Allow the account that runs the program to read it.';

/** @returns the text without its byte order mark. Invalid UTF-8 becomes U+FFFD, as in Node. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}

/** Windows PowerShell writes UTF-16 with a byte order mark. Some programs omit the mark. Then every second byte of ASCII text is 0. */
function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0 && second !== undefined) ? 'utf-16be' : 'utf-8';
}

/** @throws the file system's error */
export function readTextFile(path: string): string {
  return decodeText(readFileSync(path));
}

/** @returns the text; undefined if the file does not exist. @throws `unreadable` for any other reason */
export function readTextIfExists(path: string, unreadable: (cause: unknown) => Error): string | undefined {
  try {
    return readTextFile(path);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw unreadable(error);
  }
}

/**
 * Lists the files of a configuration folder. Kubernetes mounts each file as a link to a file below the hidden link `..data`, and
 * `openssl rehash` adds links to the folder's own files.
 *
 * @returns the paths in the order of their names, each file once, without hidden files
 * @throws the file system's error
 */
export function filesIn(folder: string): string[] {
  const found = new Map<string, string>();
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (name.startsWith('.') || !statSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    const real = realpathSync(path);
    if (!found.has(real) || path === real) found.set(real, path);
  }
  return [...found.values()];
}

/** @returns a code such as `ENOENT`; undefined if it is not a system error */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
