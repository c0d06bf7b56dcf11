/**
 * Seals a profile with the user's password: argon2id derives a key from password and salt, AES-256-GCM encrypts the profile with it. Opening it
 * checks the password, so that no password hash is stored, and a thief of the database must guess each password at argon2id's cost to
 * read a profile.
 */
import { argon2, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type Profile, profileSchema } from '@landbridge/protocol';

export interface Sealed {
  salt: Uint8Array;
  sealed: Uint8Array;
}

/** Authenticated with the profile, so that swapping rows in the database does not give one user's profile to another. */
export interface Owner {
  connectionId: string;
  userId: string;
}

/** 19 MiB, two passes, one lane: the minimum in the OWASP Password Storage Cheat Sheet for argon2id. */
const ARGON2ID = { parallelism: 1, memory: 19 * 1024, passes: 2, tagLength: 32 };
/** RFC 9106, section 3.1: 16 bytes are recommended for password hashing. */
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The first byte; another version may have other parameters. */
const VERSION = 1;

const hash = promisify(argon2);

export async function sealProfile(profile: Profile, password: string, owner: Owner): Promise<Sealed> {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', await keyOf(password, salt), iv);
  cipher.setAAD(aadOf(owner));
  const text = Buffer.concat([cipher.update(JSON.stringify(profile), 'utf8'), cipher.final()]);
  return { salt, sealed: Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), text]) };
}

/** Takes the same time either way. @returns undefined if it was sealed with another password */
export async function openProfile({ salt, sealed }: Sealed, password: string, owner: Owner): Promise<Profile | undefined> {
  const key = await keyOf(password, salt);
  const bytes = Buffer.from(sealed);
  if (bytes[0] !== VERSION) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(aadOf(owner));
    decipher.setAuthTag(bytes.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES));
    const text = Buffer.concat([decipher.update(bytes.subarray(1 + IV_BYTES + TAG_BYTES)), decipher.final()]);
    return profileSchema.parse(JSON.parse(text.toString('utf8')));
  } catch {
    // The tag does not match: another password, another user's row, or damage.
    return undefined;
  }
}

/** Takes as long as opening, for names without an entry: the time must not reveal who has signed in before. */
export async function openNothing(password: string): Promise<void> {
  await keyOf(password, Buffer.alloc(SALT_BYTES));
}

function keyOf(password: string, salt: Uint8Array): Promise<Buffer> {
  return hash('argon2id', { ...ARGON2ID, message: Buffer.from(password, 'utf8'), nonce: salt });
}

function aadOf({ connectionId, userId }: Owner): Buffer {
  return Buffer.from(JSON.stringify([connectionId, userId]), 'utf8');
}
