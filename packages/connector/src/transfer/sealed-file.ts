/**
 * A file encrypted with a passphrase: magic, version, salt, nonce, ciphertext, tag. Argon2id derives the key; AES-256-GCM encrypts and also
 * authenticates the header. The version fixes all parameters, so that a file cannot demand more memory or fewer rounds.
 */
import { argon2, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { CodedError } from '@landbridge/runtime';

const MAGIC = Buffer.from('LANDBRDG', 'latin1');
const VERSION = 1;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = MAGIC.length + 1 + SALT_BYTES + NONCE_BYTES;
/** 64 MiB, three passes, four lanes: the second recommendation of RFC 9106, section 4. Each offline guess costs that. */
const ARGON2ID = { memory: 64 * 1024, passes: 3, parallelism: 4, tagLength: 32 } as const;
/** Shorter passphrases can be guessed despite the hash. */
export const SHORTEST_PASSPHRASE = 12;
const LONGEST_PASSPHRASE = 1024;

const deriveKey = promisify(argon2);

/** @throws CodedError PASSPHRASE_UNUSABLE if it is too short or too long */
export async function sealFile(content: Buffer, passphrase: string): Promise<Buffer> {
  const characters = [...passphrase].length;
  if (characters < SHORTEST_PASSPHRASE || characters > LONGEST_PASSPHRASE) {
    throw new CodedError('PASSPHRASE_UNUSABLE', `A passphrase must have ${SHORTEST_PASSPHRASE} to ${LONGEST_PASSPHRASE} characters`, {
      action: 'Use several words.',
    });
  }
  const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)];
  const header = Buffer.concat([MAGIC, Buffer.of(VERSION), salt, nonce]);
  const cipher = createCipheriv('aes-256-gcm', await keyOf(passphrase, salt), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(header);
  return Buffer.concat([header, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

export function isSealed(bytes: Buffer): boolean {
  return bytes.subarray(0, MAGIC.length).equals(MAGIC);
}

/** @throws CodedError IMPORT_PASSPHRASE if the passphrase is wrong or the file was changed, IMPORT_UNREADABLE if a newer version wrote it */
export async function unseal(bytes: Buffer, passphrase: string): Promise<Buffer> {
  const version = bytes[MAGIC.length];
  if (version !== VERSION || bytes.length < HEADER_BYTES + TAG_BYTES) {
    throw new CodedError('IMPORT_UNREADABLE', 'The encrypted file is truncated, or from a newer version', {
      action: 'Copy it again, or update this connector.',
    });
  }
  const header = bytes.subarray(0, HEADER_BYTES);
  const salt = header.subarray(MAGIC.length + 1, MAGIC.length + 1 + SALT_BYTES);
  const nonce = header.subarray(HEADER_BYTES - NONCE_BYTES);
  const key = await keyOf(passphrase.slice(0, LONGEST_PASSPHRASE), salt);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(header);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw new CodedError('IMPORT_PASSPHRASE', 'The passphrase is wrong, or the file was changed', {
      action: 'Use the passphrase of the export.',
    });
  }
}

/** Another machine may type the same letters as other code points (RFC 8265, section 4.2.2: NFC). */
async function keyOf(passphrase: string, salt: Buffer): Promise<Buffer> {
  return deriveKey('argon2id', { ...ARGON2ID, message: Buffer.from(passphrase.normalize('NFC'), 'utf8'), nonce: salt });
}
