/** The checks of the directory servers against slapd and the embedded Active Directory, each broken on its own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it, type TestContext } from 'node:test';
import { createDomain, startDirectory } from '@landbridge/directory';
import { createCertificateAuthority, createSelfSigned, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { startRelay } from '../../test/relay.ts';
import type { CheckId } from './catalogue.ts';
import { type Findings, runIn } from './test/run-in.ts';
import { createTroubleshooter } from './troubleshooter.ts';

const HUB_ONLY: CheckId[] = ['configuration'];

/** The failed checks except the hub's, which is not configured here. */
function failedIn({ failed }: Findings): CheckId[] {
  return failed.filter((id) => !HUB_ONLY.includes(id));
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('OpenLDAP', { skip: whyNoSlapd(), timeout: 180_000 }, () => {
  let slapd: Slapd;
  before(async () => {
    // The service account of this slapd may read everything; the restricted one may read users but no groups.
    slapd = await startSlapd({
      users: 5,
      access: `access to dn.subtree="ou=groups,dc=example,dc=org" by dn.exact="cn=service,ou=accounts,dc=example,dc=org" read by * none
access to dn.subtree="ou=people,dc=example,dc=org" attrs=entry,children,objectClass,uid,cn by dn.exact="cn=powerless,ou=accounts,dc=example,dc=org" read by * break
access to dn.base="dc=example,dc=org" by dn.exact="cn=powerless,ou=accounts,dc=example,dc=org" read by * break`,
    });
  });
  after(() => slapd?.[Symbol.asyncDispose]());

  const settings = () => ({
    LDAP_URL: slapd.ldapsUrl,
    CA_CERT: slapd.ca,
    LDAP_BASE: slapd.baseDn,
    LDAP_BIND_USER: slapd.serviceAccount.dn,
    LDAP_BIND_PASSWORD: slapd.serviceAccount.password,
  });
  const bindsOf = async (dn: string) =>
    (await slapd.operations()).filter((operation) => operation.kind === 'bind' && operation.dn === dn).length;

  it('passes every check', async (t) => {
    const [user] = slapd.users.ordinary;
    const found = await runIn(t, settings(), { userName: user?.uid });
    assert.deepEqual(failedIn(found), []);
    for (const id of ['ldap-tcp', 'ldap-tls', 'ldap-root-dse', 'ldap-bind', 'ldap-search', 'ldap-latency'] as const) {
      assert.equal(found.of(id, slapd.ldapsUrl).status === 'fail', false, found.of(id).found);
      assert.notEqual(found.of(id).status, 'skipped', found.of(id).found);
    }
    assert.match(found.of('ldap-tls').found, /CN=localhost, issued by CN=Landbridge test CA.*expires in/);
    assert.match(found.of('ldap-root-dse').found, /OpenLDAP/);
    assert.equal(found.of('ldap-clock').status, 'skipped');
    assert.match(found.of('groups-of-user').found, /3 groups as in a sign-in.*all 1 in memberOf are among them/);
    assert.doesNotMatch(JSON.stringify(found.all), /service-Passw0rd/);
  });

  it('reports a closed port, and skips the other checks of that server', async (t) => {
    const closed = `ldaps://localhost:${await closedPort()}`;
    const found = await runIn(t, { ...settings(), LDAP_URL: [closed, slapd.ldapsUrl] });
    assert.deepEqual(failedIn(found), ['ldap-tcp']);
    assert.deepEqual(found.of('ldap-tls', closed).because, { id: 'ldap-tcp', target: closed });
    assert.equal(found.of('rights-groups').status, 'pass', 'the other server tells');
  });

  it('says why TLS fails: an unknown authority, another name, a port without TLS', async (t) => {
    const unknown = await runIn(t, { ...settings(), CA_CERT: [] });
    assert.deepEqual(failedIn(unknown), ['ldap-tls']);
    assert.match(unknown.of('ldap-tls').found, /untrusted authority.*issued by CN=Landbridge test CA/);
    assert.match(unknown.of('ldap-tls').action ?? '', /CA_CERT/);
    const elsewhere = await startRelay(slapd.ldapsPort, '127.0.0.1', '127.0.0.2');
    t.after(() => elsewhere.close());
    const name = await runIn(t, { ...settings(), LDAP_URL: `ldaps://127.0.0.2:${elsewhere.port}` });
    assert.deepEqual(failedIn(name), ['ldap-tls']);
    assert.match(name.of('ldap-tls').found, /for another host name/);
    const plain = await runIn(t, { ...settings(), LDAP_URL: slapd.url.replace('ldap:', 'ldaps:') });
    assert.deepEqual(failedIn(plain), ['ldap-tls']);
    assert.equal(plain.of('ldap-bind').status, 'skipped', 'no password is sent to it');
  });

  it('says why StartTLS fails', async (t) => {
    const found = await runIn(t, { ...settings(), LDAP_URL: slapd.url, LDAP_STARTTLS: true, CA_CERT: [] });
    assert.deepEqual(failedIn(found), ['ldap-tls']);
    const well = await runIn(t, { ...settings(), LDAP_URL: slapd.url, LDAP_STARTTLS: true });
    assert.deepEqual(failedIn(well), []);
  });

  it('tries a refused password once, across servers and runs', async (t) => {
    const second = await startRelay(slapd.ldapsPort, '127.0.0.1');
    t.after(() => second.close());
    const troubleshooter = createTroubleshooter();
    const wrong = { ...settings(), LDAP_URL: [slapd.ldapsUrl, `ldaps://localhost:${second.port}`], LDAP_BIND_PASSWORD: 'wrong-Passw0rd' };
    const before = await bindsOf(slapd.serviceAccount.dn);
    const found = await runIn(t, wrong, { troubleshooter });
    await runIn(t, wrong, { troubleshooter });
    assert.deepEqual([...new Set(failedIn(found))], ['ldap-bind']);
    assert.match(found.of('ldap-bind', slapd.ldapsUrl).found, /LDAP_SERVICE_BIND_REFUSED/);
    assert.equal(found.of('rights-users').status, 'skipped');
    assert.equal((await bindsOf(slapd.serviceAccount.dn)) - before, 1);
    assert.doesNotMatch(JSON.stringify(found.all), /wrong-Passw0rd/);
    // A new password is tried.
    assert.equal((await runIn(t, settings(), { troubleshooter })).of('ldap-bind').status, 'pass');
  });

  it('reports that the service account may read users but no groups', async (t) => {
    const { dn, password } = slapd.powerlessAccount;
    const found = await runIn(t, { ...settings(), LDAP_BIND_USER: dn, LDAP_BIND_PASSWORD: password });
    assert.deepEqual(failedIn(found), ['rights-groups']);
    assert.equal(found.of('rights-users').status, 'pass', found.of('rights-users').found);
  });

  it('reports a search base that does not exist', async (t) => {
    const found = await runIn(t, { ...settings(), LDAP_BASE: 'ou=nowhere,dc=example,dc=org' });
    assert.deepEqual(failedIn(found), ['ldap-search']);
    assert.match(found.of('ldap-search').found, /noSuchObject \(32\)/);
  });

  it('reports that no user can be read below the search base', async (t) => {
    const found = await runIn(t, { ...settings(), LDAP_BASE: `ou=policies,${slapd.baseDn}`, LDAP_BASE_GROUPS: slapd.baseDn });
    assert.deepEqual(failedIn(found), ['rights-users']);
    assert.match(found.of('rights-users').found, /^No user can be read below ou=policies/);
  });

  it('says that it cannot know who may reset passwords', async (t) => {
    const found = await runIn(t, { ...settings(), ENABLE_WRITE_BACK: true });
    assert.equal(found.of('rights-reset').status, 'skipped');
    assert.match(found.of('rights-reset').found, /^unknown/);
  });

  it('reports that no user matches a name', async (t) => {
    const found = await runIn(t, settings(), { userName: 'nobody*' });
    assert.deepEqual(failedIn(found), ['groups-of-user']);
  });
});

describe('directory servers', { timeout: 120_000 }, () => {
  it('report an expired certificate', async (t) => {
    const ca = await createCertificateAuthority('Fabrikam CA');
    const expired = await ca.issue({
      commonName: 'localhost',
      dnsNames: ['localhost'],
      notBefore: new Date(2020, 0),
      notAfter: new Date(2021, 0),
    });
    const found = await runOn(t, { tls: expired }, { CA_CERT: ca.cert });
    assert.deepEqual(failedIn(found), ['ldap-tls']);
    assert.match(found.of('ldap-tls').found, /has expired.*valid until 2020-12-31|has expired.*valid until 2021-01-01/);
  });

  it('report a self-signed certificate', async (t) => {
    const found = await runOn(t, { tls: await createSelfSigned({ commonName: 'localhost', dnsNames: ['localhost'] }) }, {});
    assert.match(found.of('ldap-tls').found, /self-signed/);
  });

  it('get StartTLS if they require it, as from the connector', async (t) => {
    const ca = await createCertificateAuthority();
    const tls = await ca.issue({ commonName: 'localhost', ips: ['127.0.0.1'] });
    const directory = await startDirectory({ tls, requireTls: true });
    t.after(() => directory.stop());
    const found = await runIn(t, { ...ofDirectory(directory), CA_CERT: ca.cert });
    assert.deepEqual(failedIn(found), []);
    assert.match(found.of('ldap-bind').found, /over StartTLS, which the server requires/);
    assert.equal(found.of('ldap-search').status, 'pass');
  });

  it('report a wrong clock', async (t) => {
    const found = await runOn(t, { domain: createDomain({ now: () => Date.now() - 10 * 60_000 }) }, {});
    assert.deepEqual(failedIn(found), ['ldap-clock']);
    assert.match(found.of('ldap-clock').found, /(?:600|599|601) s ahead of /);
  });

  it('report that DNS lists no server', async (t) => {
    const found = await runIn(t, {
      LDAP_URL: 'ldaps:///DC=nowhere,DC=invalid',
      LDAP_DNS_SERVERS: '127.0.0.1:1',
      LDAP_BIND_USER: 'x',
      LDAP_BIND_PASSWORD: 'unused-Passw0rd',
    });
    assert.deepEqual(failedIn(found), ['directory-servers']);
    assert.match(found.of('directory-servers').found, /^LDAP_DISCOVERY_FAILED/);
  });

  it('warn if they are slow or hide their root DSE', async (t) => {
    const directory = await startDirectory();
    t.after(() => directory.stop());
    const settings = { ...ofDirectory(directory), LDAP_BASE: directory.baseDn };
    directory.faults.add({ on: 'search', does: 'delay', ms: 120 });
    const slow = await runIn(t, settings);
    assert.deepEqual(failedIn(slow), []);
    assert.equal(slow.of('ldap-latency').status, 'warn', slow.of('ldap-latency').found);
    assert.equal(slow.of('rights-token-groups').status, 'warn', 'this one has no tokenGroups');
    directory.faults.clear();
    directory.faults.add({ on: 'search', where: (asked) => asked.kind === 'search' && asked.base === '', does: 'answer', resultCode: 32 });
    const hidden = await runIn(t, settings);
    assert.deepEqual(failedIn(hidden), []);
    assert.match(hidden.of('ldap-root-dse').found, /cannot be read/);
    assert.equal(hidden.of('ldap-clock').status, 'skipped');
  });

  it('time out if they do not answer', async (t) => {
    const directory = await startDirectory();
    t.after(() => directory.stop());
    directory.faults.add({ on: 'bind', does: 'stay-silent' });
    const found = await runIn(t, { ...ofDirectory(directory), LDAP_OPERATION_TIMEOUT_MS: 300 });
    assert.deepEqual(failedIn(found), ['ldap-bind']);
    assert.match(found.of('ldap-bind').found, /^LDAP_TIMEOUT/);
    assert.equal(found.of('ldap-search').status, 'skipped');
  });

  it('find the groups of a user in two ways in Active Directory', async (t) => {
    const directory = await startDirectory();
    t.after(() => directory.stop());
    const found = await runIn(t, ofDirectory(directory), { userName: directory.users[0]?.name });
    assert.match(found.of('groups-of-user').found, /groups as in a sign-in.*by the in-chain rule/, found.of('groups-of-user').found);
    assert.equal(found.of('groups-of-user').status, 'pass', found.of('groups-of-user').found);
  });
});

function ofDirectory({ url, serviceAccount }: { url: string; serviceAccount: { dn: string; password: string } }) {
  return { LDAP_URL: url, LDAP_BIND_USER: serviceAccount.dn, LDAP_BIND_PASSWORD: serviceAccount.password };
}

async function runOn(t: TestContext, options: Parameters<typeof startDirectory>[0], settings: Record<string, unknown>): Promise<Findings> {
  const directory = await startDirectory(options);
  t.after(() => directory.stop());
  const url = directory.ldapsUrl?.replace('127.0.0.1', 'localhost') ?? directory.url;
  return await runIn(t, { ...ofDirectory(directory), LDAP_URL: url, ...settings });
}
