/**
 * The service account's password at rest: LDAP_BIND_CREDENTIALS, encrypted with the connector's private key, in the two formats of
 * installed connectors. Whoever reads config.json without certs/cert.key cannot read the password.
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

/** @param privateKeyPem the text of the key file, as it stands there: the encryption key is derived from the text, line ends included */
export function encryptPassword(password: string, privateKeyPem: string): string {
  const salt = randomBytes(SALT_BYTES);
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, scryptSync(privateKeyPem, salt, KEY_BYTES), iv);
  const encrypted = Buffer.concat([cipher.update(password, 'utf8'), cipher.final()]);
  return `$2$.${salt.toString('hex')}.${iv.toString('hex')}.${encrypted.toString('hex')}`;
}

/** @throws CodedError CREDENTIALS_UNREADABLE where it is neither format, or was encrypted with another key */
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
      action: 'Put back the certs/cert.key that belongs to this configuration, or set LDAP_BIND_PASSWORD anew.',
      cause: error,
    });
  }
  throw new CodedError('CREDENTIALS_UNREADABLE', 'LDAP_BIND_CREDENTIALS has none of the known formats', {
    action: 'Set LDAP_BIND_PASSWORD anew; it is encrypted at the next start.',
  });
}

/** @returns the password of the service account, or undefined where none is configured; @throws CodedError CREDENTIALS_UNREADABLE */
export function bindPassword(
  { values, origins }: Pick<Config, 'values' | 'origins'>,
  privateKeyPem: string | undefined,
): string | undefined {
  const { LDAP_BIND_PASSWORD, LDAP_BIND_CREDENTIALS } = values;
  // What a person typed is newer than what was encrypted before, unless the environment says otherwise.
  const typedCounts = origins.LDAP_BIND_PASSWORD === 'environment' || origins.LDAP_BIND_CREDENTIALS !== 'environment';
  if (LDAP_BIND_PASSWORD !== undefined && (typedCounts || LDAP_BIND_CREDENTIALS === undefined)) return LDAP_BIND_PASSWORD;
  if (LDAP_BIND_CREDENTIALS === undefined) return undefined;
  if (privateKeyPem === undefined) {
    throw new CodedError(
      'CREDENTIALS_UNREADABLE',
      'LDAP_BIND_CREDENTIALS is set, and the private key that it was encrypted with is missing',
      {
        action: 'Put back the certs/cert.key that belongs to this configuration, or set LDAP_BIND_PASSWORD anew.',
      },
    );
  }
  return decryptPassword(LDAP_BIND_CREDENTIALS, privateKeyPem);
}

function decrypt(encrypted: string, key: Buffer, iv: Buffer): string {
  const decipher = createDecipheriv(ALGORITHM, key, iv);
  const bytes = Buffer.concat([decipher.update(encrypted, 'hex'), decipher.final()]);
  // One wrong key in 256 leaves a padding that looks right, but hardly ever text.
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** OpenSSL's EVP_BytesToKey with MD5, one round and no salt: key and IV of format 1. Kept only to read what older connectors wrote. */
function bytesToKey(secret: string): Buffer {
  let derived = Buffer.alloc(0);
  let block = Buffer.alloc(0);
  while (derived.length < KEY_BYTES + IV_BYTES) {
    block = createHash('md5').update(block).update(secret, 'utf8').digest();
    derived = Buffer.concat([derived, block]);
  }
  return derived;
}
