/** Reads files that need not exist. */
import { readFileSync } from 'node:fs';

export const LET_READ = 'Allow the account that runs the connector to read it.';

/** @returns the text; undefined if the file does not exist. @throws `unreadable` for any other reason */
export function readIfExists(path: string, unreadable: (cause: unknown) => Error): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unreadable(error);
  }
}
