/** Looks for a directory that this machine belongs to, so that often nothing has to be typed: the domain of its name, and what DNS knows of it. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createLog } from '@landbridge/runtime';
import { createDiscovery } from '../ldap/servers/discovery.ts';

export interface FoundDirectory {
  domain: string;
  /** For LDAP_URL: all servers that DNS names, now and later. */
  url: string;
  /** Those that it names now. */
  servers: string[];
}

/** A machine has one domain, and seldom a second. */
const MAX_DOMAINS = 4;

/** @returns domains in which DNS names directory servers; none where it does not, or does not answer */
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

/** Of its own name, of Windows, and where it looks for names without a dot (resolv.conf(5)). */
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
