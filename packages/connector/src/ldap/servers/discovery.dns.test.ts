/** A domain's servers, found through a real DNS server and asked over LDAPS with certificates for their names. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { createCertificateAuthority, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { createLog } from '@landbridge/runtime';
import { type DnsRecords, type DnsServer, startDnsServer, whyNoDnsServer } from '../../../test/dns-server.ts';
import { errorOf, login, request, type UsersOn, usersOn } from '../../../test/users-on.ts';
import { LdapError } from '../errors.ts';
import { createDiscovery, domainOfDn } from './discovery.ts';

const skip = whyNoSlapd() || whyNoDnsServer();
const LDAPS = '_ldaps._tcp.fabrikam.test';
const CONTROLLERS = '_ldap._tcp.dc._msdcs.fabrikam.test';
const HOSTS = { 'dc1.fabrikam.test': '127.0.0.1', 'dc2.fabrikam.test': '127.0.0.1', 'fabrikam.test': '127.0.0.1' };

let slapds: Slapd[] = [];
let ca = '';
let dns: DnsServer | undefined;
let on: UsersOn | undefined;
let lines: string[] = [];

before(async () => {
  if (skip) return;
  const authority = await createCertificateAuthority();
  ca = authority.cert;
  slapds = await Promise.all(
    ['dc1.fabrikam.test', 'dc2.fabrikam.test'].map(async (name) =>
      startSlapd({ users: 5, certificate: { authority, pair: await authority.issue({ commonName: name, dnsNames: [name] }) } }),
    ),
  );
});
afterEach(async () => {
  await on?.close();
  await dns?.stop();
  on = dns = undefined;
});
after(async () => {
  for (const slapd of slapds) await slapd[Symbol.asyncDispose]();
});

async function discover(url: string, records: DnsRecords, trustedDomains: string[] = []) {
  dns = await startDnsServer({ hosts: HOSTS, ...records });
  lines = [];
  const { log } = createLog({ level: 'debug', format: 'json', destination: { write: (line) => lines.push(line) } });
  const found = createDiscovery({ urls: [{ url, tls: 'starttls' }], dnsServers: [dns.address], trustedDomains, log, random: () => 0 });
  return typeof found === 'function' ? found : async () => found;
}

const urls = (addresses: readonly { url: string }[]) => addresses.map(({ url }) => url);

describe('the servers of a domain', { skip }, () => {
  it('sign users in over LDAPS, even after one of them is down', async () => {
    const [first, second] = slapds;
    assert.ok(first && second);
    const addresses = await discover('ldaps:///DC=fabrikam,DC=test', {
      srv: [
        { service: LDAPS, host: 'dc2.fabrikam.test', port: second.ldapsPort, priority: 10 },
        { service: LDAPS, host: 'dc1.fabrikam.test', port: first.ldapsPort, priority: 0 },
      ],
    });
    assert.deepEqual(urls(await addresses()), [
      `ldaps://dc1.fabrikam.test:${first.ldapsPort}`,
      `ldaps://dc2.fabrikam.test:${second.ldapsPort}`,
    ]);
    on = usersOn({ url: first.url, servers: addresses, serviceAccount: first.serviceAccount, ca });
    const [user, other] = first.users.ordinary;
    assert.ok(user && other);
    const { users } = on;
    const signIn = async ({ uid, password }: typeof user) => errorOf(await users.authenticate(login(uid, password), request()));
    assert.equal(await signIn(user), 'ok');
    await first.stop();
    assert.equal(await signIn(other), 'ok');
    assert.deepEqual(
      on.directory.status().servers.map(({ inUse }) => inUse),
      [false, true],
    );
    await first.start();
  });

  it('get no password if the certificate is for another host', async () => {
    const [first] = slapds;
    assert.ok(first);
    const addresses = await discover('ldaps:///DC=fabrikam,DC=test', {
      srv: [{ service: LDAPS, host: 'dc2.fabrikam.test', port: first.ldapsPort }],
    });
    on = usersOn({ url: first.url, servers: addresses, serviceAccount: first.serviceAccount, ca });
    const before = (await first.operations()).length;
    await assert.rejects(
      on.directory.rootDse(),
      (error) => error instanceof LdapError && error.code === 'LDAP_TLS_FAILED' && /another host name/.test(error.message),
    );
    assert.equal((await first.operations()).length, before);
  });

  it('belong to the domain, unless another domain is trusted', async () => {
    const srv = [
      { service: CONTROLLERS, host: 'dc.evil.test', port: 389 },
      { service: CONTROLLERS, host: 'evilfabrikam.test', port: 389 },
      { service: CONTROLLERS, host: 'dc1.fabrikam.test', port: 389 },
    ];
    assert.deepEqual(urls(await (await discover('ldap://fabrikam.test', { srv }))()), ['ldap://dc1.fabrikam.test:389']);
    assert.equal(lines.filter((line) => line.includes('outside the domain')).length, 2);
    await dns?.stop();
    const trusting = await discover('ldap://fabrikam.test', { srv }, ['evil.test']);
    assert.deepEqual(new Set(urls(await trusting())), new Set(['ldap://dc1.fabrikam.test:389', 'ldap://dc.evil.test:389']));
  });

  it('are asked at the LDAPS port if only plain LDAP is registered, as by Windows', async () => {
    const srv = [{ service: CONTROLLERS, host: 'dc1.fabrikam.test', port: 389 }];
    assert.deepEqual(urls(await (await discover('ldaps://fabrikam.test', { srv }))()), ['ldaps://dc1.fabrikam.test:636']);
  });

  it('are the host itself if its name has no SRV records, and an error if there is no host either', async () => {
    assert.deepEqual(urls(await (await discover('ldaps://dc1.fabrikam.test', {}))()), ['ldaps://dc1.fabrikam.test']);
    await dns?.stop();
    const nobody = await discover('ldap:///DC=fabrikam,DC=test', {});
    await assert.rejects(nobody(), (error) => error instanceof LdapError && error.code === 'LDAP_DISCOVERY_FAILED');
  });

  it('stay the same while DNS does not answer, and keep their order while its answer is the same', async () => {
    const srv = Array.from({ length: 6 }, (_, i) => ({ service: CONTROLLERS, host: `dc${i}.fabrikam.test`, port: 389, weight: 10 }));
    const addresses = await discover('ldap://fabrikam.test', { srv });
    const before = await addresses();
    assert.equal(before.length, 6);
    assert.deepEqual(await addresses(), before);
    await dns?.stop();
    assert.deepEqual(await addresses(), before);
    dns = await startDnsServer({ srv: srv.slice(0, 2) }, Number(dns?.address.split(':')[1]));
    assert.deepEqual(new Set(urls(await addresses())), new Set(['ldap://dc0.fabrikam.test:389', 'ldap://dc1.fabrikam.test:389']));
  });
});

describe('a URL that may name a domain', () => {
  it('has a DN of domain components, or a name without a port', () => {
    assert.equal(domainOfDn('DC=Fabrikam,DC=local'), 'fabrikam.local');
    for (const dn of ['', 'OU=x,DC=fabrikam', 'DC=fabrikam+CN=x', 'DC=a/b,DC=local', 'DC=..,DC=local', 'fabrikam'])
      assert.equal(domainOfDn(dn), undefined, dn);
    const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
    // Hosts are known at once: DNS is asked for nothing.
    for (const url of ['ldap://dc1', 'ldap://10.0.0.1', 'ldaps://[fd00::1]', 'ldaps://dc1.fabrikam.local:636', 'ldap://localhost']) {
      const found = createDiscovery({ urls: [{ url, tls: 'starttls' }], dnsServers: [], trustedDomains: [], log });
      assert.ok(Array.isArray(found), url);
    }
  });
});
