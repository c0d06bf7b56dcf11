/**
 * The service account's password at rest: LDAP_BIND_CREDENTIALS, encrypted with the connector's private key, in the two formats of
 * Auth0 connectors. config.json does not reveal the password without certs/cert.key.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import type { Config } from './load.ts';

const ALGORITHM = 'aes-256-cbc';
const KEY_BYTES = 32;
const IV_BYTES = 16;
const SALT_BYTES = 16;

/** `$2$.SALT.IV.CIPHERTEXT`, in hexadecimal. */
const V2 = /^\$2\$\.([0-9a-f]{2,256})\.([0-9a-f]{32})\.((?:[0-9a-f]{32})+)$/i;
const V1 = /^(?:[0-9a-f]{32})+$/i;

/** @param privateKeyPem the exact text of the key file: the encryption key is derived from it, line ends included */
export function encryptPassword(password: string, privateKeyPem: string): string {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, scryptSync(privateKeyPem, salt, KEY_BYTES), iv);
  const encrypted = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()]);
  return `$2$.${salt.toString('hex')}.${iv.toString('hex')}.${encrypted.toString('hex')}`;
}

/** @throws CodedError CREDENTIALS_UNREADABLE if the format is unknown, or the text was encrypted with another key */
export function decryptPassword(credentials: string, privateKeyPem: string): string {
  const [, salt, iv, encrypted] = V2.exec(credentials) ?? [];
  try {
    if (salt !== undefined && iv !== undefined && encrypted !== undefined) {
      const key = scryptSync(privateKeyPem, Buffer.from(salt, 'hex'), KEY_BYTES);
      return decrypt(encrypted, key, Buffer.from(iv, 'hex'));
    }
    if (V1.test(credentials)) {
      const derived = bytesToKey(privateKeyPem);
      return decrypt(credentials, derived.subarray(0, KEY_BYTES), derived.subarray(KEY_BYTES));
    }
  } catch (error) {
    throw new CodedError('CREDENTIALS_UNREADABLE', 'LDAP_BIND_CREDENTIALS cannot be decrypted with the private key of this connector', {
      action: 'Restore the certs/cert.key of this configuration, or set LDAP_BIND_PASSWORD again.',
      cause: error,
    });
  }
  throw new CodedError('CREDENTIALS_UNREADABLE', 'LDAP_BIND_CREDENTIALS has an unknown format', {
    action: 'Set LDAP_BIND_PASSWORD again; it is encrypted at the next start.',
  });
}

/** @returns the password of the service account; undefined if there is none; @throws CodedError CREDENTIALS_UNREADABLE */
export function bindPassword(
  { values, origins }: Pick<Config, 'values' | 'origins'>,
  privateKeyPem: string | undefined,
): string | undefined {
  const { LDAP_BIND_PASSWORD, LDAP_BIND_CREDENTIALS } = values;
  // A typed password is newer than an encrypted one, unless the encrypted one comes from the environment.
  const typedCounts = origins.LDAP_BIND_PASSWORD === 'environment' || origins.LDAP_BIND_CREDENTIALS !== 'environment';
  if (LDAP_BIND_PASSWORD !== undefined && (typedCounts || LDAP_BIND_CREDENTIALS === undefined)) return LDAP_BIND_PASSWORD;
  if (LDAP_BIND_CREDENTIALS === undefined) return undefined;
  if (privateKeyPem === undefined) {
    throw new CodedError('CREDENTIALS_UNREADABLE', 'LDAP_BIND_CREDENTIALS is set, but the private key that encrypted it is missing', {
      action: 'Restore the certs/cert.key of this configuration, or set LDAP_BIND_PASSWORD again.',
    });
  }
  return decryptPassword(LDAP_BIND_CREDENTIALS, privateKeyPem);
}

function decrypt(encrypted: string, key: Buffer, iv: Buffer): string {
  const decipher = createDecipheriv(ALGORITHM, key, iv);
  const bytes = Buffer.concat([decipher.update(encrypted, 'hex'), decipher.final()]);
  // A wrong key leaves valid padding once in 256 times, but hardly ever valid UTF-8.
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** OpenSSL's EVP_BytesToKey with MD5, one round and no salt: key and IV of format 1. Only reads what older Auth0 connectors wrote. */
function bytesToKey(secret: string): Buffer {
  let derived = Buffer.alloc(0);
  let block = Buffer.alloc(0);
  while (derived.length < KEY_BYTES + IV_BYTES) {
    block = createHash('md5').update(block).update(secret, 'utf8').digest();
    derived = Buffer.concat([derived, block]);
  }
  return derived;
}
