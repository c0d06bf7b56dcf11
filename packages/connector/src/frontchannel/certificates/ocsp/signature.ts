/** Verifies a responder's signature, with the algorithms of certificates (RFC 5280, RFC 4055, RFC 5758, RFC 8410). */
import { constants, type KeyObject, verify } from 'node:crypto';
import { BerReader } from '../../../asn1/ber-reader.ts';
import { TAG } from '../../../asn1/ber-writer.ts';

/** Without SHA-1, which OpenSSL rejects in certificates too. A null hash is part of the algorithm. */
const ALGORITHMS: Readonly<Record<string, { keyType: string; hash: string | null }>> = {
  '1.2.840.113549.1.1.11': { keyType: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { keyType: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { keyType: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { keyType: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { keyType: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { keyType: 'ec', hash: 'sha512' },
  '1.3.101.112': { keyType: 'ed25519', hash: null },
  '1.3.101.113': { keyType: 'ed448', hash: null },
};
const RSA_PSS = '1.2.840.113549.1.1.10';
const PSS_HASHES: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const PSS_HASH = 0xa0;

/**
 * @param signed.algorithm an AlgorithmIdentifier
 * @throws Error for unknown algorithms
 */
export function isSigned(data: Buffer, signed: { algorithm: Buffer; signature: Buffer; publicKey: KeyObject }): boolean {
  const { signature, publicKey } = signed;
  const keyType = publicKey.asymmetricKeyType;
  const content = new BerReader(signed.algorithm, (what) => new Error(`its algorithm has ${what}`)).enter(TAG.sequence);
  const type = content.readOid();
  if (type === RSA_PSS) {
    // Without parameters it is SHA-1 (RFC 4055, section 3.1).
    const parameters = content.enterIf(TAG.sequence)?.enterIf(PSS_HASH)?.enter(TAG.sequence);
    const hash = PSS_HASHES[parameters?.readOid() ?? ''];
    if (hash === undefined) throw new Error('unknown RSA-PSS hash');
    const key = { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING };
    return (keyType === 'rsa' || keyType === 'rsa-pss') && verify(hash, data, key, signature);
  }
  const known = ALGORITHMS[type];
  if (known === undefined) throw new Error(`unsupported signature algorithm ${type}`);
  return keyType === known.keyType && verify(known.hash, data, publicKey, signature);
}
