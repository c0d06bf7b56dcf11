/** The root DSE: what the server tells anyone about itself (MS-ADTS 3.1.1.3.2). It lists only what this server supports. */
import { PagedResultsControl } from 'ldapts';
import type { Domain } from './domain.ts';
import type { EntryAttributes } from './responses.ts';
import { generalizedTime } from './time.ts';

export const START_TLS = '1.3.6.1.4.1.1466.20037';
/** RFC 4532. */
export const WHO_AM_I = '1.3.6.1.4.1.4203.1.11.3';
/** No references to other domains (MS-ADTS 3.1.1.3.4.1.1). */
export const DOMAIN_SCOPE = '1.2.840.113556.1.4.1339';

export const CONTROLS: readonly string[] = [PagedResultsControl.type, DOMAIN_SCOPE];

const CAPABILITIES = [
  // Active Directory of Windows 2000, 2003, 2008, 2008 R2, 2012; without signing and sealing (MS-ADTS 3.1.1.3.4.3).
  '1.2.840.113556.1.4.800',
  '1.2.840.113556.1.4.1670',
  '1.2.840.113556.1.4.1935',
  '1.2.840.113556.1.4.2080',
  '1.2.840.113556.1.4.2237',
];

/** Windows Server 2016 and later. */
const FUNCTIONAL_LEVEL = '7';

export function rootDse(domain: Domain, hasTls: boolean): EntryAttributes[] {
  const { baseDn, dnsName } = domain;
  const configuration = `CN=Configuration,${baseDn}`;
  const server = `CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,${configuration}`;
  const attributes: Record<string, string | readonly string[]> = {
    currentTime: generalizedTime(domain.now()),
    subschemaSubentry: `CN=Aggregate,CN=Schema,${configuration}`,
    dsServiceName: `CN=NTDS Settings,${server}`,
    namingContexts: [baseDn, configuration, `CN=Schema,${configuration}`],
    defaultNamingContext: baseDn,
    schemaNamingContext: `CN=Schema,${configuration}`,
    configurationNamingContext: configuration,
    rootDomainNamingContext: baseDn,
    supportedControl: CONTROLS,
    supportedExtension: hasTls ? [START_TLS, WHO_AM_I] : [WHO_AM_I],
    supportedLDAPVersion: '3',
    supportedCapabilities: CAPABILITIES,
    highestCommittedUSN: String(domain.highestUsn()),
    dnsHostName: `dc1.${dnsName}`,
    ldapServiceName: `${dnsName}:dc1$@${dnsName.toUpperCase()}`,
    serverName: server,
    isSynchronized: 'TRUE',
    isGlobalCatalogReady: 'TRUE',
    domainFunctionality: FUNCTIONAL_LEVEL,
    forestFunctionality: FUNCTIONAL_LEVEL,
    domainControllerFunctionality: FUNCTIONAL_LEVEL,
  };
  return Object.entries(attributes).map(([name, values]) => ({ name, values: typeof values === 'string' ? [values] : values }));
}
