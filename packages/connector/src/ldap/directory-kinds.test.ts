/** Root DSEs of many products, as their documentation or their servers show them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DirectoryKind } from './directory-kinds.ts';
import type { Entry } from './entry.ts';
import { readRootDse } from './root-dse.ts';
import { readSchema } from './schema.ts';

function entry(attributes: Record<string, string[]>): Entry {
  const of = ([name, values]: [string, string[]]) =>
    [name.toLowerCase(), { name, values: values.map((value) => Buffer.from(value)) }] as const;
  return { dn: '', attributes: new Map(Object.entries(attributes).map(of)) };
}

interface Row {
  root: Record<string, string[]>;
  kind: DirectoryKind;
  says: RegExp;
  host?: string;
  schema?: string;
}

const ROWS: Record<string, Row> = {
  'Active Directory': {
    root: { supportedCapabilities: ['1.2.840.113556.1.4.800', '1.2.840.113556.1.4.1670'] },
    kind: 'active-directory',
    says: /supportedCapabilities has 1\.2\.840\.113556\.1\.4\.800/,
  },
  'Active Directory Lightweight Directory Services': {
    root: { supportedCapabilities: ['1.2.840.113556.1.4.1851', '1.2.840.113556.1.4.1670'] },
    kind: 'ad-lds',
    says: /1\.2\.840\.113556\.1\.4\.1851/,
  },
  OpenLDAP: { root: { objectClass: ['top', 'OpenLDAProotDSE'] }, kind: 'openldap', says: /OpenLDAProotDSE/ },
  '389 Directory Server': {
    root: { vendorName: ['389 Project'], vendorVersion: ['389-Directory/2.3.1 B2023'] },
    kind: '389-ds',
    says: /vendorName is "389 Project"/,
  },
  FreeIPA: {
    root: { vendorName: ['389 Project'], vendorVersion: ['389-Directory/2.3.1'], ipaDomainLevel: ['1'] },
    kind: 'freeipa',
    says: /the root DSE has ipaDomainLevel/,
  },
  'FreeIPA with a short root DSE': {
    root: { vendorName: ['389 Project'] },
    schema: "( 2.16.840.1.113730.3.8.3.1 NAME 'ipaUniqueID' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
    kind: 'freeipa',
    says: /the schema defines ipaUniqueID/,
  },
  lldap: { root: { vendorName: ['LLDAP'], vendorVersion: ['lldap_0.5.0'] }, kind: 'lldap', says: /LLDAP/ },
  eDirectory: {
    root: { vendorName: ['NetIQ Corporation'], vendorVersion: ['LDAP Agent for NetIQ eDirectory 9.2.4 (40204.31)'] },
    kind: 'edirectory',
    says: /eDirectory 9/,
  },
  'eDirectory of today': {
    root: { vendorName: ['OpenText Corporation'], directoryTreeName: ['CORP'] },
    kind: 'edirectory',
    says: /OpenText/,
  },
  'Oracle Directory Server Enterprise Edition': {
    root: { vendorName: ['Oracle Corporation'], vendorVersion: ['Sun-Directory-Server/11.1.1.7.0'] },
    kind: 'odsee',
    says: /Sun-Directory-Server/,
  },
  'Oracle Unified Directory': {
    root: { vendorName: ['Oracle Corporation'], vendorVersion: ['Oracle Unified Directory 12.2.1.4.0'] },
    kind: 'opends',
    says: /Unified Directory/,
  },
  PingDS: {
    root: { vendorName: ['ForgeRock AS.'], vendorVersion: ['ForgeRock Directory Services 7.4.0'] },
    kind: 'opends',
    says: /ForgeRock/,
  },
  'Oracle Internet Directory': {
    root: { orclDirectoryVersion: ['OID 12.2.1.4.0'] },
    kind: 'oracle-internet-directory',
    says: /orclDirectoryVersion/,
  },
  IBM: {
    root: { vendorName: ['International Business Machines (IBM)'], vendorVersion: ['6.4'] },
    kind: 'ibm',
    says: /International Business Machines/,
  },
  ApacheDS: { root: { vendorName: ['Apache Software Foundation'], vendorVersion: ['2.0.0.AM27'] }, kind: 'apacheds', says: /Apache/ },
  'Google Secure LDAP': { root: { objectClass: ['top'] }, host: 'ldap.google.com', kind: 'google', says: /its host is ldap\.google\.com/ },
  'Google Secure LDAP behind stunnel': {
    root: { objectClass: ['top'] },
    schema: "( 1.3.6.1.4.1.11129.2.1 NAME 'googleUid' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
    kind: 'google',
    says: /googleUid/,
  },
  JumpCloud: { root: {}, host: 'ldap.jumpcloud.com', kind: 'jumpcloud', says: /ldap\.jumpcloud\.com/ },
  'a server that names another product': { root: { vendorName: ['GLAuth'] }, kind: 'other', says: /^Not recognised/ },
  'a server that says nothing': { root: { objectClass: ['top'] }, kind: 'other', says: /^Not recognised/ },
};

describe('a directory is recognised', () => {
  for (const [product, { root, kind, says, host, schema }] of Object.entries(ROWS)) {
    it(`as ${kind}: ${product}`, () => {
      const found = readRootDse(entry(root), { host, schema: schema === undefined ? undefined : readSchema([schema]) });
      assert.equal(found.kind, kind);
      assert.match(found.recognition, says);
    });
  }
});

const AD_LDS = 'CN={0A1B2C3D-0000-1111-2222-333344445555}';
const BASES: Record<string, [root: Record<string, string[]>, base: string | undefined]> = {
  'is the default naming context': [{ namingContexts: ['cn=config', 'dc=a'], defaultNamingContext: ['dc=b'] }, 'dc=b'],
  'is not the access log': [{ namingContexts: ['cn=accesslog', 'dc=example,dc=org'] }, 'dc=example,dc=org'],
  'is not a log with another name': [{ namingContexts: ['cn=log', 'o=log', 'cn=deltalog', 'o=corp'] }, 'o=corp'],
  'is never a top-level entry named cn=…': [{ namingContexts: ['cn=retro store', 'dc=x'] }, 'dc=x'],
  'is not a context that the root DSE lists as internal': [
    { namingContexts: ['o=history', 'o=watch', 'c=DE'], changeLog: ['o=history'], monitorContext: ['o=Watch'] },
    'c=DE',
  ],
  'is not the configuration or schema of AD LDS': [
    {
      supportedCapabilities: ['1.2.840.113556.1.4.1851'],
      namingContexts: [`CN=Configuration,${AD_LDS}`, `CN=Schema,CN=Configuration,${AD_LDS}`, 'CN=App,DC=corp,DC=com'],
      configurationNamingContext: [`CN=Configuration,${AD_LDS}`],
    },
    'CN=App,DC=corp,DC=com',
  ],
  'is not an internal partition of ApacheDS': [
    { namingContexts: ['ou=system', 'ou=schema', 'ou=config', 'dc=example,dc=com'] },
    'dc=example,dc=com',
  ],
  'is not an internal suffix of IBM': [
    { namingContexts: ['CN=SCHEMA', 'CN=LOCALHOST', 'CN=PWDPOLICY', 'CN=IBMPOLICIES', 'secAuthority=Default', 'O=SAMPLE'] },
    'O=SAMPLE',
  ],
  'is not a DNS zone of Active Directory': [
    { namingContexts: ['DC=DomainDnsZones,DC=x,DC=y', 'DC=ForestDnsZones,DC=x,DC=y', 'DC=x,DC=y'] },
    'DC=x,DC=y',
  ],
  'is only the accounts of FreeIPA, without its certificates': [
    { vendorName: ['389 Project'], ipaDomainLevel: ['1'], namingContexts: ['cn=changelog', 'o=ipaca', 'dc=ipa,dc=test'] },
    'cn=accounts,dc=ipa,dc=test',
  ],
  'is undefined if the server shows only internal data': [{ namingContexts: ['cn=config', 'cn=monitor', 'cn=accesslog', ''] }, undefined],
  'may be an organizational unit below a domain that is named like an internal one': [
    { namingContexts: ['ou=system,dc=corp,dc=com'] },
    'ou=system,dc=corp,dc=com',
  ],
};

describe('the guessed search base', () => {
  for (const [title, [root, base]] of Object.entries(BASES)) {
    it(title, () => assert.equal(readRootDse(entry(root)).defaultSearchBase, base));
  }
});
