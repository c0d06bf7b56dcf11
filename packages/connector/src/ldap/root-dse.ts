/** What a directory says about itself in its root DSE (RFC 4512, section 5.1), and which kind of directory that makes it. */

import { parseGeneralizedTime } from '../asn1/generalized-time.ts';
import { allTexts, type Entry, firstText } from './entry.ts';
import { ANY_ENTRY } from './filter.ts';
import type { SearchRequest } from './messages.ts';

/** `unknown`: the directory does not show its root DSE. */
export type DirectoryKind = 'active-directory' | 'openldap' | '389-ds' | 'other' | 'unknown';

export interface RootDse {
  kind: DirectoryKind;
  /** For display: `Active Directory (Samba)`. */
  product: string;
  /** Where searches begin unless LDAP_BASE is set. */
  defaultSearchBase: string | undefined;
  namingContexts: string[];
  dnsHostName: string | undefined;
  /** Of the whole forest, in Active Directory. */
  configurationNamingContext: string | undefined;
  supportedControls: ReadonlySet<string>;
  supportedExtensions: ReadonlySet<string>;
  /** The server's clock, if the server shows it: Active Directory does. */
  currentTime: Date | undefined;
}

/** A capability of Active Directory and compatible servers (MS-ADTS, section 3.1.1.3.4.3.1). */
const ACTIVE_DIRECTORY_OID = '1.2.840.113556.1.4.800';

/** `+` asks for operational attributes, among which OpenLDAP and others publish it. */
export const ROOT_DSE_REQUEST: SearchRequest = {
  searchBase: '',
  scope: 'base',
  filter: ANY_ENTRY,
  attributes: ['*', '+'],
};

export function readRootDse(entry: Entry): RootDse {
  const namingContexts = allTexts(entry, 'namingContexts');
  const { kind, product } = recognise(entry);
  return {
    kind,
    product,
    // 389-ds spells it defaultnamingcontext; attribute names are case-insensitive.
    defaultSearchBase:
      firstText(entry, 'defaultNamingContext') ??
      namingContexts.find((context) => !/^cn=(schema|config|changelog|monitor)\b/i.test(context)),
    namingContexts,
    dnsHostName: firstText(entry, 'dnsHostName'),
    configurationNamingContext: firstText(entry, 'configurationNamingContext'),
    supportedControls: new Set(allTexts(entry, 'supportedControl')),
    supportedExtensions: new Set(allTexts(entry, 'supportedExtension')),
    currentTime: parseGeneralizedTime(firstText(entry, 'currentTime')),
  };
}

function recognise(entry: Entry): { kind: DirectoryKind; product: string } {
  const vendor = firstText(entry, 'vendorName') ?? '';
  const version = firstText(entry, 'vendorVersion') ?? '';
  if (allTexts(entry, 'supportedCapabilities').includes(ACTIVE_DIRECTORY_OID)) {
    return { kind: 'active-directory', product: vendor ? `Active Directory (${vendor})` : 'Active Directory' };
  }
  const classes = [...allTexts(entry, 'objectClass'), ...allTexts(entry, 'structuralObjectClass')];
  if (classes.some((name) => name.toLowerCase() === 'openldaprootdse')) return { kind: 'openldap', product: 'OpenLDAP' };
  if (/^389 Project/i.test(vendor) || /^389-Directory/i.test(version))
    return { kind: '389-ds', product: version || '389 Directory Server' };
  return { kind: 'other', product: [vendor, version].filter(Boolean).join(' ') || 'an LDAP directory' };
}

export const UNKNOWN_ROOT_DSE: RootDse = {
  kind: 'unknown',
  product: 'a directory that does not show its root DSE',
  defaultSearchBase: undefined,
  namingContexts: [],
  dnsHostName: undefined,
  configurationNamingContext: undefined,
  supportedControls: new Set(),
  supportedExtensions: new Set(),
  currentTime: undefined,
};
