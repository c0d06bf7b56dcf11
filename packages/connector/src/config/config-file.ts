/** `config.json`: reading it, and changing single keys of it without losing what a person or another program wrote meanwhile. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';
import { jsonErrorPosition } from './json-position.ts';
import { writePrivateFile } from './write-private-file.ts';

/** All keys of the file, those that we do not know too. */
export type FileContent = Readonly<Record<string, unknown>>;

const fileContent = z.record(z.string(), z.unknown());

/** How often a change starts over because the file changed under it. */
const MAX_TRIES = 5;

/**
 * @returns the parsed file, `{}` where there is none
 * @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON with line and column
 */
export function readConfigFile(path: string): FileContent {
  return parseConfig(path, readText(path));
}

/**
 * Changes these keys and leaves all others as they stand in the file at this moment. The file before the change is kept beside it as
 * `config.json.bak`.
 *
 * @param changes new values by key; undefined removes a key
 * @returns whether anything was written: an unchanged file is not touched
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
      // Somebody saved the file while its backup was being written: the change is made again, on what they saved.
      if (readText(path) !== before) continue;
      writePrivateFile(path, `${JSON.stringify(next, null, 2)}\n`);
    } catch (error) {
      throw new CodedError('CONFIG_NOT_WRITABLE', `${path} cannot be written`, {
        action: 'Give the user that runs the connector the right to write there, or set OVERRIDE_CONFIG=false to use the environment only.',
        cause: error,
      });
    }
    return true;
  }
  throw new CodedError('CONFIG_NOT_WRITABLE', `${path} is changed by another program all the time`, {
    action: 'Find out what else writes it; two connectors must not share a folder.',
  });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CodedError('CONFIG_UNREADABLE', `${path} cannot be read`, {
      action: 'Give the user that runs the connector the right to read it.',
      cause: error,
    });
  }
}

/**
 * @param path where the text is from, for messages
 * @throws CodedError CONFIG_NOT_JSON with line and column, and without anything of the text
 */
export function parseConfig(path: string, text: string | undefined): FileContent {
  if (text === undefined) return {};
  // Windows' editors begin a file with a byte order mark.
  const json = text.replace(/^\uFEFF/, '');
  try {
    const result = fileContent.safeParse(JSON.parse(json));
    if (result.success) return result.data;
  } catch {
    // Node's own message quotes the file, and so perhaps a password.
    const { line, column } = jsonErrorPosition(json) ?? { line: 1, column: 1 };
    throw new CodedError('CONFIG_NOT_JSON', `${path} is not JSON: line ${line}, column ${column}`, {
      action: `Correct it there (a comma too many or missing, a quote missing), or take ${path}.bak, the file before the last change. Nothing was overwritten.`,
    });
  }
  throw new CodedError('CONFIG_NOT_JSON', `${path} is not a JSON object`, {
    action: 'It must begin with { and hold the settings by name.',
  });
}
