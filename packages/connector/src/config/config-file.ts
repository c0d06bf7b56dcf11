/** Reads `config.json`, and changes single keys of it without losing concurrent edits. */
import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';
import { jsonErrorPosition } from './json-position.ts';
import { LET_READ, readIfExists } from './read-file.ts';
import { writePrivateFile } from './write-private-file.ts';

/** All keys of the file, unknown ones included. */
export type FileContent = Readonly<Record<string, unknown>>;

const fileContent = z.record(z.string(), z.unknown());

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
    const next = { ...content, ...Object.fromEntries(changed) };
    try {
      if (before !== undefined) writePrivateFile(`${path}.bak`, before);
      // Something else saved the file during the backup: change the new content instead.
      if (readText(path) !== before) continue;
      writePrivateFile(path, `${JSON.stringify(next, null, 2)}\n`);
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
  return readIfExists(path, (cause) => new CodedError('CONFIG_UNREADABLE', `${path} cannot be read`, { action: LET_READ, cause }));
}

/**
 * @param path for messages
 * @throws CodedError CONFIG_NOT_JSON with line and column, but without any of the text
 */
export function parseConfig(path: string, text: string | undefined): FileContent {
  if (text === undefined) return {};
  // Windows editors add a byte order mark.
  const json = text.replace(/^\uFEFF/, '');
  try {
    const result = fileContent.safeParse(JSON.parse(json));
    if (result.success) return result.data;
  } catch {
    // Node's own message quotes the file, which may hold a password.
    const { line, column } = jsonErrorPosition(json) ?? { line: 1, column: 1 };
    throw new CodedError('CONFIG_NOT_JSON', `${path} is not JSON: line ${line}, column ${column}`, {
      action: `Correct it there (often a comma or a quote), or restore ${path}.bak, the file before the last change. Nothing was overwritten.`,
    });
  }
  throw new CodedError('CONFIG_NOT_JSON', `${path} is not a JSON object`, {
    action: 'It must be an object of settings by name, beginning with {.',
  });
}
