/**
 * Distinguished names of certificates as text, in the notations that directories search by: Active Directory's and that of RFC 4514. Built
 * from the encoded name, because OpenSSL's text is neither.
 */
import { BerReader } from '../../asn1/ber-reader.ts';
import { TAG } from '../../asn1/ber-writer.ts';

/** In encoded order, from the root; each part has one or several attributes. */
export type DistinguishedName = readonly (readonly NameAttribute[])[];

export interface NameAttribute {
  /** An object identifier. */
  type: string;
  /** Undefined if the value is not text. */
  text: string | undefined;
  /** The value with tag and length. */
  encoded: Buffer;
}

/**
 * Names of attribute types in Windows (CertStrToName, wincrypt.h) and LDAP (RFC 4514, section 3; RFC 4519). For others, Windows writes the
 * object identifier.
 */
const ATTRIBUTE_TYPES: Readonly<Record<string, { windows?: string; ldap: string }>> = {
  '2.5.4.3': { windows: 'CN', ldap: 'CN' },
  '2.5.4.4': { windows: 'SN', ldap: 'sn' },
  '2.5.4.5': { windows: 'SERIALNUMBER', ldap: 'serialNumber' },
  '2.5.4.6': { windows: 'C', ldap: 'C' },
  '2.5.4.7': { windows: 'L', ldap: 'L' },
  '2.5.4.8': { windows: 'S', ldap: 'ST' },
  '2.5.4.9': { windows: 'STREET', ldap: 'STREET' },
  '2.5.4.10': { windows: 'O', ldap: 'O' },
  '2.5.4.11': { windows: 'OU', ldap: 'OU' },
  '2.5.4.12': { windows: 'T', ldap: 'title' },
  '2.5.4.17': { windows: 'PostalCode', ldap: 'postalCode' },
  '2.5.4.42': { windows: 'G', ldap: 'givenName' },
  '2.5.4.43': { windows: 'I', ldap: 'initials' },
  '2.5.4.46': { ldap: 'dnQualifier' },
  '0.9.2342.19200300.100.1.1': { ldap: 'UID' },
  '0.9.2342.19200300.100.1.25': { windows: 'DC', ldap: 'DC' },
  '1.2.840.113549.1.9.1': { windows: 'E', ldap: 'emailAddress' },
};

/** @param encoded a Name (RFC 5280, section 4.1.2.4). @throws Error if it is invalid */
export function readName(encoded: Buffer): DistinguishedName {
  const name = new BerReader(encoded, (what) => new Error(`the certificate has a name with ${what}`)).enter(TAG.sequence);
  return name.readAll((parts) =>
    parts.enter(TAG.set).readAll((part) => {
      const attribute = part.enter(TAG.sequence);
      const type = attribute.readOid();
      const value = attribute.readElement(attribute.peekTag());
      return { type, text: textOf(value), encoded: value };
    }),
  );
}

/**
 * As Active Directory compares it with `altSecurityIdentities`: in encoded order, separated by commas without spaces (MS-PKCA, section
 * 3.1.5.2.1.3, which implicitly refers to CertNameToStr).
 */
export function windowsName(name: DistinguishedName): string {
  return spelled(name, ' + ', ({ type, text, encoded }) => {
    const typeName = ATTRIBUTE_TYPES[type]?.windows ?? `OID.${type}`;
    return `${typeName}=${text === undefined ? `#${encoded.toString('hex').toUpperCase()}` : windowsValue(text)}`;
  });
}

/** Quotes values with special characters, so that no name can be mistaken for another. */
function windowsValue(text: string): string {
  return text === '' || /^\s|\s$|[,+="\n\r<>#;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** From the entry to the root, as in RFC 4514. */
export function ldapName(name: DistinguishedName): string {
  return spelled(name.toReversed(), '+', ({ type, text, encoded }) => {
    const typeName = ATTRIBUTE_TYPES[type]?.ldap;
    return typeName === undefined || text === undefined
      ? `${type}=#${encoded.toString('hex')}`
      : `${typeName}=${text.replace(/^[ #]|[ "+,;<>\\]$|["+,;<>\\]/g, '\\$&').replaceAll('\0', '\\00')}`;
  });
}

function spelled(name: DistinguishedName, betweenAttributes: string, spell: (attribute: NameAttribute) => string): string {
  return name.map((part) => part.map(spell).join(betweenAttributes)).join(',');
}

/** DirectoryString and the IA5String of mail addresses and domains (RFC 5280, section 4.1.2.4 and appendix A.1). */
function textOf(value: Buffer): string | undefined {
  const { tag, bytes } = new BerReader(value, Error).readAny();
  switch (tag) {
    case STRING_TAG.utf8:
      return bytes.toString('utf8');
    case STRING_TAG.numeric:
    case STRING_TAG.printable:
    case STRING_TAG.ia5:
    // In practice Latin-1, despite the standard.
    case STRING_TAG.teletex:
      return bytes.toString('latin1');
    case STRING_TAG.bmp:
      return bytes.length % 2 === 0 ? Buffer.from(bytes).swap16().toString('utf16le') : undefined;
    default:
      return undefined;
  }
}

const STRING_TAG = { utf8: 0x0c, numeric: 0x12, printable: 0x13, teletex: 0x14, ia5: 0x16, bmp: 0x1e } as const;
