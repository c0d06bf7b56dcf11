/** Reads `config.json`, and changes single keys of it without losing concurrent edits. */
import { isDeepStrictEqual } from 'node:util';
import {
  CodedError,
  errorCodeOf,
  type JsonObject,
  LET_READ,
  parseJsonObject,
  readTextIfExists,
  withJsonChanges,
  writePrivateFile,
} from '@landbridge/runtime';

/** All keys of the file, unknown ones included. */
export type FileContent = JsonObject;

/** Attempts of a change while something else writes the file. */
const MAX_TRIES = 5;

/**
 * @returns the parsed file; `{}` if there is none
 * @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON with line and column
 */
export function readConfigFile(path: string): FileContent {
  return parseConfig(path, readText(path));
}

/**
 * Changes these keys and leaves all others as they are in the file now. The previous file is kept as `config.json.bak`.
 *
 * @param changes new values by key; undefined removes a key
 * @returns whether the file was written; it is not if nothing changes
 * @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON (a broken file is never overwritten), CONFIG_NOT_WRITABLE
 */
export function updateConfigFile(path: string, changes: Readonly<Record<string, unknown>>): boolean {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const before = readText(path);
    const content = parseConfig(path, before);
    const changed = Object.entries(changes).filter(([key, value]) => !isDeepStrictEqual(content[key], value));
    if (changed.length === 0) return false;
    const next = withJsonChanges(before ?? '{}', Object.fromEntries(changed));
    try {
      if (before !== undefined) writePrivateFile(`${path}.bak`, before);
      // Something else saved the file during the backup: change the new content instead.
      if (readText(path) !== before) continue;
      writePrivateFile(path, next);
    } catch (error) {
      throw new CodedError('CONFIG_NOT_WRITABLE', `${path} cannot be written`, {
        action: 'Allow the account that runs the connector to write there, or set OVERRIDE_CONFIG=false to use the environment only.',
        cause: error,
      });
    }
    return true;
  }
  throw new CodedError('CONFIG_NOT_WRITABLE', `${path} is constantly changed by another program`, {
    action: 'Find out what else writes it. Two connectors must not share a folder.',
  });
}

function readText(path: string): string | undefined {
  return readTextIfExists(path, (cause) => {
    const isFolder = errorCodeOf(cause) === 'EISDIR';
    return new CodedError('CONFIG_UNREADABLE', isFolder ? `${path} is a folder` : `${path} cannot be read`, {
      action: isFolder ? 'Remove it. A container runtime makes a folder if the file to mount does not exist.' : LET_READ,
      cause,
    });
  });
}

/**
 * @param path for messages
 * @throws CodedError CONFIG_NOT_JSON with line and column, but without any of the text
 */
export function parseConfig(path: string, text: string | undefined): FileContent {
  if (text === undefined) return {};
  const parsed = parseJsonObject(text);
  if ('object' in parsed) return parsed.object;
  throw new CodedError('CONFIG_NOT_JSON', `${path} ${parsed.problem}`, {
    action: `Correct it there: it must be a JSON object in UTF-8 (often a comma or a quotation mark is missing). ${path}.bak is the file before the last change. Nothing was overwritten.`,
  });
}
