/**
 * The hub's key outside the database. It encrypts the secrets in the database and seals the audit log, so that a stolen database or backup reveals no
 * secrets and every change leaves a trace. The key is a systemd credential, the setting HUB_KEY, or the file `hub.key` in the home, which the first
 * start creates.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, linkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromBase64url } from '@landbridge/protocol';
import { CodedError, keepOwner, readTextFile } from '@landbridge/runtime';

/** In the home. */
export const KEY_FILE = 'hub.key';
/** As in `LoadCredential=landbridge-hub-key:/path`. */
const KEY_CREDENTIAL = 'landbridge-hub-key';
const KEY_BYTES = 32;

export interface HomeKey {
  /** Its source, for messages: the setting, or the path of a file. */
  readonly origin: string;
  /** Its file in the home; undefined if it is somewhere else. */
  readonly file: string | undefined;
  /** @returns 32 bytes, different for each purpose */
  derive(purpose: string): Buffer;
}

/**
 * @param configured HUB_KEY
 * @param mayMake whether a missing key may be created. Not next to a database that already has one.
 * @throws CodedError HUB_KEY_UNUSABLE, HUB_KEY_MISSING
 */
export function openHomeKey(
  folder: string,
  configured: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  mayMake: () => boolean = () => true,
): HomeKey {
  const credential = environment.CREDENTIALS_DIRECTORY && join(environment.CREDENTIALS_DIRECTORY, KEY_CREDENTIAL);
  if (credential && existsSync(credential)) return readKey(credential);
  if (configured !== undefined) return keyOf(configured, 'HUB_KEY');
  const path = join(folder, KEY_FILE);
  if (!existsSync(path)) {
    if (!mayMake()) {
      throw new CodedError('HUB_KEY_MISSING', `${path} does not exist, but the secrets in the database are encrypted with it`, {
        action:
          'Restore the key from your copy. If it is lost, create a new one ("openssl rand -base64 32 | tr +/ -_ | tr -d =") and run "landbridge-hub hub-key reset".',
      });
    }
    makeKey(path);
  }
  return { ...readKey(path), file: path };
}

/** Two processes may start at the same time: the first one's key counts, and neither reads half a file. */
export function makeKey(path: string): void {
  const unfinished = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(unfinished, `${randomBytes(KEY_BYTES).toString('base64url')}\n`, { mode: 0o600, flag: 'wx', flush: true });
    keepOwner(unfinished, dirname(path));
    try {
      linkSync(unfinished, path);
    } catch (error) {
      if (!existsSync(path)) throw error;
    }
  } catch (cause) {
    throw unusable(`${path} cannot be created`, cause);
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** @throws CodedError HUB_KEY_UNUSABLE */
export function readKey(path: string): HomeKey {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (cause) {
    throw unusable(`${path} cannot be read`, cause);
  }
  return keyOf(text.trim(), path);
}

function keyOf(text: string, origin: string): HomeKey {
  const key = fromBase64url(text);
  if (key?.length !== KEY_BYTES) throw unusable(`${origin} is not a key: expected 32 bytes in base64url (43 characters)`);
  return {
    origin,
    file: undefined,
    derive: (purpose) => Buffer.from(hkdfSync('sha256', key, '', `landbridge hub ${purpose}`, KEY_BYTES)),
  };
}

function unusable(what: string, cause?: unknown): CodedError {
  return new CodedError('HUB_KEY_UNUSABLE', `The key of the hub is unusable: ${what}`, {
    action: 'Put the key back from your backup, and let the account of the hub read it.',
    cause,
  });
}
