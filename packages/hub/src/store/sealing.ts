/**
 * Encrypts the secrets in the database with the key outside it, so that a stolen database or backup reveals none of them. Each column has its
 * own key (HKDF), and each value is bound to its row: it cannot be decrypted after being copied to another row or column. The tables
 * of the store declare their encrypted columns as `sealed`.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';

/** Derives 32 bytes for a purpose; see `home-key.ts`. */
export interface SealingKey {
  derive(purpose: string): Buffer;
}

/** Shows whether two processes have the same key, without revealing it. */
export function keyCheckOf(key: SealingKey): string {
  return key.derive('check').toString('base64url');
}

/** Table, column, and the fields that identify the row. */
export type Place = readonly [table: string, column: string, ...row: string[]];

export interface Sealing {
  seal(place: Place, bytes: Uint8Array): Buffer;
  /** @throws CodedError SECRET_UNREADABLE */
  open(place: Place, sealed: Uint8Array): Buffer;
}

/** The first byte of each value, so that the format can change. */
const VERSION = 1;
/** The nonce is random: NIST SP 800-38D, section 8.3, allows 2^32 values per key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

export function createSealing(key: SealingKey): Sealing {
  const keys = new Map<string, Buffer>();

  function keyOf([table, column]: Place): Buffer {
    const name = `${table}.${column}`;
    const known = keys.get(name);
    if (known !== undefined) return known;
    const derived = key.derive(`secrets of ${name}`);
    keys.set(name, derived);
    return derived;
  }

  return {
    seal(place, bytes) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', keyOf(place), iv);
      cipher.setAAD(aadOf(place));
      const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), text]);
    },
    open(place, sealed) {
      try {
        if (sealed[0] !== VERSION) throw new Error('Unknown version');
        const decipher = createDecipheriv('aes-256-gcm', keyOf(place), sealed.subarray(1, 1 + IV_BYTES), { authTagLength: TAG_BYTES });
        decipher.setAAD(aadOf(place));
        decipher.setAuthTag(sealed.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(sealed.subarray(1 + IV_BYTES + TAG_BYTES)), decipher.final()]);
      } catch (cause) {
        throw new CodedError('SECRET_UNREADABLE', `A secret of the table ${place[0]} cannot be decrypted: ${place.slice(1).join(', ')}`, {
          cause,
          action: 'It was damaged, moved to another row, or encrypted with another hub.key. Restore the database from a backup.',
        });
      }
    },
  };
}

function aadOf(place: Place): Buffer {
  return Buffer.from(JSON.stringify(place), 'utf8');
}
