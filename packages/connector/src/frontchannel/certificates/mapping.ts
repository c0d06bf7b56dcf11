/**
 * Finds the user whose directory entry names the certificate. In Active Directory that is `altSecurityIdentities`, by the three mappings that
 * Microsoft calls strong (KB5014754; MS-PKCA, sections 3.1.5.2.1.3 and 3.1.5.2.1.5); mappings by ambiguous names are ignored. In any directory
 * it can be the whole certificate, in `userCertificate`.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import { BerReader } from '../../asn1/ber-reader.ts';
import { type BoundFilter, parseFilter, withValue } from '../../ldap/filter.ts';
import { type CertificateFields, fieldsOf, SUBJECT_KEY_IDENTIFIER } from './certificate-fields.ts';
import { type DistinguishedName, ldapName, readName, windowsName } from './distinguished-name.ts';

const BY_MAPPING = parseFilter('(altSecurityIdentities={0})');
const BY_CERTIFICATE = parseFilter('(userCertificate={0})');

export interface Mapping {
  /** The serial number in hexadecimal, for the log. */
  name: string;
  /** The user's entry matches at least one. An attribute that the directory does not know matches no entry. */
  filters: BoundFilter[];
}

/** @throws Error if the certificate cannot be parsed */
export function mappingOf(certificate: X509Certificate): Mapping {
  const fields = fieldsOf(certificate);
  const issuer = readName(fields.issuer);
  const identities = [...issuerAndSerial(issuer, fields), ...keyIdentifier(fields), ...hashes(certificate, fields)];
  return {
    name: fields.serialNumber.toString('hex'),
    filters: [
      ...identities.map((identity) => withValue(BY_MAPPING, identity)),
      // Active Directory, Samba and 389 Directory Server compare bytes.
      withValue(BY_CERTIFICATE, certificate.raw),
      withValue(BY_CERTIFICATE, exactAssertion(issuer, fields)),
    ],
  };
}

function issuerAndSerial(issuer: DistinguishedName, { serialNumber }: CertificateFields): string[] {
  // Windows stores the number little-endian, without leading zeros (CERT_INFO, wincrypt.h). Negative serial numbers are invalid (RFC 5280,
  // section 4.1.2.2).
  const first = serialNumber.findIndex((byte) => byte !== 0);
  if (issuer.length === 0 || first < 0 || (serialNumber[0] ?? 0) >= 0x80) return [];
  // MS-PKCA replaces line ends by commas, so another name could have the same text.
  if (issuer.flat().some(({ text }) => text !== undefined && /[\r\n\0]/.test(text))) return [];
  return [`X509:<I>${windowsName(issuer)}<SR>${Buffer.from(serialNumber.subarray(first)).reverse().toString('hex')}`];
}

function keyIdentifier({ extensions }: CertificateFields): string[] {
  const extension = extensions.get(SUBJECT_KEY_IDENTIFIER);
  const identifier = extension && new BerReader(extension, Error).readBytes();
  return identifier === undefined || identifier.length === 0 ? [] : [`X509:<SKI>${identifier.toString('hex')}`];
}

/** Of the public key, as in MS-PKCA and Samba, and of the whole certificate, as in Microsoft's guides for administrators. */
function hashes(certificate: X509Certificate, { publicKey }: CertificateFields): string[] {
  return [publicKey, certificate.raw].map((bytes) => `X509:<SHA1-PUKEY>${createHash('sha1').update(bytes).digest('hex')}`);
}

/** For certificateExactMatch (RFC 4523, section 2.1) of OpenLDAP. */
function exactAssertion(issuer: DistinguishedName, { serialNumber }: CertificateFields): string {
  const number = BigInt.asIntN(serialNumber.length * 8, BigInt(`0x${serialNumber.toString('hex')}`));
  return `{ serialNumber ${number}, issuer rdnSequence:"${ldapName(issuer).replaceAll('"', '""')}" }`;
}
