/**
 * A profile sealed by the person's password: argon2id makes a key of password and salt, AES-256-GCM encrypts the profile with it. Opening
 * it checks the password, so that no hash needs to be kept beside it, and who steals the database has to guess each password,
 * at argon2id's price, before he reads one profile.
 */
import { argon2, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type Profile, profileSchema } from '@landbridge/protocol';

export interface Sealed {
  salt: Uint8Array;
  sealed: Uint8Array;
}

/** Whose profile it is: what was sealed for one person opens for no other, also where rows are swapped in the database. */
export interface Owner {
  connectionId: string;
  userId: string;
}

/** 19 MiB, two passes, one lane: the least that the OWASP Password Storage Cheat Sheet advises for argon2id. */
const ARGON2ID = { parallelism: 1, memory: 19 * 1024, passes: 2, tagLength: 32 };
/** RFC 9106, section 3.1: 16 bytes are recommended for password hashing. */
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** The first byte, so that a later version can have other parameters. */
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

/** @returns the profile, or undefined where the password is not the one it was sealed with; takes the same time either way */
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
    // The tag does not fit: another password, another person's row, or damage. None of them signs anybody in.
    return undefined;
  }
}

/** Takes as long as opening, for names without a profile: the time must not tell who has signed in before. */
export async function openNothing(password: string): Promise<void> {
  await keyOf(password, Buffer.alloc(SALT_BYTES));
}

function keyOf(password: string, salt: Uint8Array): Promise<Buffer> {
  return hash('argon2id', { ...ARGON2ID, message: Buffer.from(password, 'utf8'), nonce: salt });
}

function aadOf({ connectionId, userId }: Owner): Buffer {
  return Buffer.from(JSON.stringify([connectionId, userId]), 'utf8');
}
