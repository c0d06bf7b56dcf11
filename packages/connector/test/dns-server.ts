/** A real DNS server (dnsmasq) with the records of a test. */

import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, spawnBound } from '@landbridge/lab';

export interface DnsServer {
  /** For LDAP_DNS_SERVERS. */
  address: string;
  stop(): Promise<void>;
}

export interface DnsRecords {
  /** `_ldap._tcp.example.test` and so on, with their servers. */
  srv?: { service: string; host: string; port: number; priority?: number; weight?: number }[];
  /** Addresses by host name. */
  hosts?: Record<string, string>;
}

const DNSMASQ = '/usr/sbin/dnsmasq';

/** @returns why tests with a DNS server cannot run here, for `skip:` of a test; never if CI is set, where they must run */
export function whyNoDnsServer(): string | false {
  if (existsSync(DNSMASQ) || process.env.CI === 'true') return false;
  return `${DNSMASQ} is not installed (Debian package dnsmasq-base)`;
}

/** @param port the previous one, for a server that returns with other records */
export async function startDnsServer(records: DnsRecords, port?: number): Promise<DnsServer> {
  const listen = port ?? (await freePort());
  const address = `127.0.0.1:${listen}`;
  const child = spawnBound(
    DNSMASQ,
    [
      '--conf-file=/dev/null',
      '--no-daemon',
      '--no-resolv',
      '--no-hosts',
      '--local-ttl=1',
      '--listen-address=127.0.0.1',
      '--bind-interfaces',
      `--port=${listen}`,
      // Authoritative for everything below: a name without a record does not exist.
      '--local=/test/',
      '--host-record=ready.test,127.0.0.1',
      ...Object.entries(records.hosts ?? {}).map(([host, ip]) => `--host-record=${host},${ip}`),
      ...(records.srv ?? []).map((srv) => `--srv-host=${srv.service},${srv.host},${srv.port},${srv.priority ?? 0},${srv.weight ?? 0}`),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr?.on('data', (chunk) => {
    log += String(chunk);
  });
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([address]);
  while ((await resolver.resolve4('ready.test').catch(() => [])).length === 0) {
    if (child.exitCode !== null) throw new Error(`dnsmasq did not start: ${log}`);
    await delay(10);
  }
  return {
    address,
    async stop() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}
