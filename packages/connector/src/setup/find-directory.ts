/** Finds the directory of this machine by its domain and DNS, so that often nothing has to be typed. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createLog } from '@landbridge/runtime';
import { createDiscovery } from '../ldap/servers/discovery.ts';

export interface FoundDirectory {
  domain: string;
  /** For LDAP_URL: stands for the servers that DNS lists at any time. */
  url: string;
  /** The servers that DNS lists now. */
  servers: string[];
}

/** A machine has one domain, rarely a second one. */
const MAX_DOMAINS = 4;

/** @returns domains for which DNS lists directory servers; empty if there are none, or DNS does not answer */
export async function findDirectories(
  dnsServers: readonly string[],
  domains: readonly string[] = domainsOfThisMachine(),
): Promise<FoundDirectory[]> {
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const found = await Promise.all(
    domains.slice(0, MAX_DOMAINS).map(async (domain): Promise<FoundDirectory[]> => {
      const url = `ldaps:///${domain
        .split('.')
        .map((label) => `DC=${label}`)
        .join(',')}`;
      const servers = createDiscovery({ urls: [{ url, tls: 'starttls' }], dnsServers, trustedDomains: [], log });
      try {
        return [{ domain, url, servers: (typeof servers === 'function' ? await servers() : servers).map((server) => server.url) }];
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}

/** From the host name, Windows, and the search list of resolv.conf(5). */
function domainsOfThisMachine(): string[] {
  const [, ...labels] = hostname().split('.');
  const candidates = [labels.join('.'), process.env.USERDNSDOMAIN ?? '', ...searchDomains()];
  return [...new Set(candidates.map((name) => name.toLowerCase().replace(/\.$/, '')).filter(isDomain))];
}

function searchDomains(): string[] {
  try {
    const lines = readFileSync('/etc/resolv.conf', 'utf8').split('\n');
    return lines.flatMap((line) => (/^(?:search|domain)\s/.test(line) ? line.trim().split(/\s+/).slice(1) : []));
  } catch {
    return [];
  }
}

function isDomain(name: string): boolean {
  return name.includes('.') && name.length < 254 && name.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
}
