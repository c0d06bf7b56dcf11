/**
 * Detects the kind of a directory server from its root DSE and schema. Code that depends on the kind (queries, ids, account states) is next to
 * its caller. docs/directories.md lists what is known about each kind.
 */
import { allTexts, type Entry, firstText } from './entry.ts';
import type { Schema } from './schema.ts';

export type DirectoryKind =
  | 'active-directory'
  | 'ad-lds'
  | 'openldap'
  | '389-ds'
  | 'freeipa'
  | 'lldap'
  | 'edirectory'
  /** Sun and Oracle Directory Server Enterprise Edition. Shares its origin with 389 Directory Server. */
  | 'odsee'
  /** Products derived from OpenDS: Oracle Unified Directory, OpenDJ, PingDS, PingDirectory. */
  | 'opends'
  | 'oracle-internet-directory'
  | 'ibm'
  | 'apacheds'
  | 'google'
  | 'jumpcloud'
  /** The root DSE is readable but does not identify a known product. */
  | 'other'
  /** The root DSE is not readable. */
  | 'unknown';

export interface Recognised {
  kind: DirectoryKind;
  /** For display: `Active Directory (Samba)`. */
  product: string;
  /** A sentence for administrators: the detected kind and the evidence. */
  recognition: string;
}

export interface ServerFacts {
  rootDse: Entry;
  schema: Schema | undefined;
  /** The host of the URL, because cloud services hide their product. */
  host: string | undefined;
}

/** Capability OIDs of Active Directory and of its lightweight edition (MS-ADTS, section 3.1.1.3.4.3). */
const ACTIVE_DIRECTORY_OID = '1.2.840.113556.1.4.800';
const AD_LDS_OID = '1.2.840.113556.1.4.1851';

interface Kind {
  kind: DirectoryKind;
  product: string;
  /** @returns the evidence, or undefined */
  sign(facts: Facts): string | undefined;
}

/** The first match wins. FreeIPA comes before 389 Directory Server, on which it is based. */
const KINDS: readonly Kind[] = [
  {
    kind: 'active-directory',
    product: 'Active Directory',
    sign: ({ has }) => has('supportedCapabilities', ACTIVE_DIRECTORY_OID),
  },
  {
    kind: 'ad-lds',
    product: 'Active Directory Lightweight Directory Services',
    sign: ({ has }) => has('supportedCapabilities', AD_LDS_OID),
  },
  {
    kind: 'openldap',
    product: 'OpenLDAP',
    sign: ({ has }) => has('objectClass', 'OpenLDAProotDSE') ?? has('structuralObjectClass', 'OpenLDAProotDSE'),
  },
  {
    kind: 'freeipa',
    product: 'FreeIPA',
    // Only FreeIPA's schema has ipaUniqueID.
    sign: ({ shows, defines }) => shows('ipaTopologyPluginVersion') ?? shows('ipaDomainLevel') ?? defines('ipaUniqueID'),
  },
  {
    kind: '389-ds',
    product: '389 Directory Server',
    sign: ({ says }) => says('vendorName', /^389 Project/i) ?? says('vendorVersion', /^(389-Directory|Red ?Hat-Directory)/i),
  },
  { kind: 'lldap', product: 'lldap', sign: ({ says }) => says('vendorName', /^lldap$/i) ?? says('vendorVersion', /^lldap/i) },
  {
    kind: 'edirectory',
    product: 'eDirectory',
    sign: ({ says, shows, defines }) =>
      says('vendorVersion', /eDirectory/i) ??
      says('vendorName', /^(Novell|NetIQ|Micro Focus|OpenText)/i) ??
      shows('directoryTreeName') ??
      defines('ndsLoginProperties'),
  },
  {
    kind: 'opends',
    product: 'a directory based on OpenDS',
    sign: ({ says, defines }) =>
      says('vendorVersion', /Unified Directory|OpenDJ|OpenDS|ForgeRock|PingDS|Ping ?Directory|Ping Directory Server/i) ??
      says('vendorName', /^(ForgeRock|Ping Identity|UnboundID)/i) ??
      defines('ds-pwp-account-disabled'),
  },
  {
    kind: 'oracle-internet-directory',
    product: 'Oracle Internet Directory',
    sign: ({ shows, defines }) => shows('orclDirectoryVersion') ?? defines('orclGuid'),
  },
  {
    kind: 'odsee',
    product: 'Sun or Oracle Directory Server',
    sign: ({ says }) =>
      says('vendorVersion', /^(Sun|Oracle|iPlanet|Netscape)\b.*Director/i) ?? says('vendorName', /^(Sun Microsystems|Oracle|Netscape)/i),
  },
  {
    kind: 'ibm',
    product: 'IBM Security Directory Server',
    sign: ({ says, shows, defines }) =>
      says('vendorName', /International Business Machines|^IBM\b/i) ?? shows('ibmDirectoryVersion') ?? defines('ibm-entryUuid'),
  },
  {
    kind: 'apacheds',
    product: 'ApacheDS',
    sign: ({ says, defines }) => says('vendorName', /^Apache Software Foundation/i) ?? defines('ads-directoryServiceId'),
  },
  { kind: 'google', product: 'Google Secure LDAP', sign: ({ isAt, defines }) => isAt(/^ldap\.google\.com$/i) ?? defines('googleUid') },
  {
    kind: 'jumpcloud',
    product: 'JumpCloud',
    sign: ({ isAt, says }) => isAt(/(^|\.)ldap\.jumpcloud\.com$/i) ?? says('namingContexts', /\bdc=jumpcloud,dc=com$/i),
  },
];

/** Tests of root DSE, schema and URL. Each returns its evidence as text for display if it finds something. */
type Facts = ReturnType<typeof factsOf>;

function factsOf({ rootDse, schema, host }: ServerFacts) {
  const values = (name: string) => allTexts(rootDse, name);
  return {
    has: (name: string, value: string) =>
      values(name).some((text) => text.toLowerCase() === value.toLowerCase()) ? `${name} has ${value}` : undefined,
    says(name: string, pattern: RegExp) {
      const text = values(name).find((candidate) => pattern.test(candidate));
      return text === undefined ? undefined : `${name} is ${JSON.stringify(text)}`;
    },
    shows: (name: string) => (values(name).length > 0 ? `the root DSE has ${name}` : undefined),
    defines: (name: string) => (schema?.attributeType(name) === undefined ? undefined : `the schema defines ${name}`),
    isAt: (pattern: RegExp) => (host !== undefined && pattern.test(host) ? `its host is ${host}` : undefined),
  };
}

export function recognise(server: ServerFacts): Recognised {
  const facts = factsOf(server);
  const vendor = firstText(server.rootDse, 'vendorName') ?? '';
  const version = firstText(server.rootDse, 'vendorVersion') ?? '';
  for (const { kind, product, sign } of KINDS) {
    const reason = sign(facts);
    if (reason === undefined) continue;
    const recognition = `Recognised as ${product}: ${reason}`;
    if (kind === 'active-directory') return { kind, product: vendor ? `${product} (${vendor})` : product, recognition };
    return { kind, product: version === '' || /^[0-9.]+$/.test(version) ? `${product} ${version}`.trim() : version, recognition };
  }
  return {
    kind: 'other',
    product: [vendor, version].filter(Boolean).join(' ') || 'an LDAP directory',
    recognition: 'Not recognised: neither root DSE nor schema names a known product, so queries follow RFC 2798 and RFC 2307',
  };
}
