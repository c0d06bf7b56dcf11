import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestIdentity } from '@landbridge/lab';
import { auditForTest } from '../../test/audit-for-test.ts';
import { agentToken, connect, makeIdentity, openSocket, type Provisioned, pemBody, provision } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import type { Operator } from '../operator.ts';
import { drainConnector, revokeInstance, revokeKey } from './operator-actions.ts';

const [IDENTITY, OTHER] = [makeIdentity(), makeIdentity()];
const reported = (id: string, rest: object = {}) => ({ id: `instance-${id}`, hostName: `host-${id}`, version: '0.0.1', ...rest });
const profile = () => ({ profile: { id: '1' } });

const listed = async ({ api }: HubUnderTest, name = 'corp') => (await api(`/connections/${name}/connectors`)).body.connectors;
/** A new user each time, so that the guard limits none. */
const login = ({ api }: HubUnderTest) => api('/connections/corp/login', { username: crypto.randomUUID(), password: 'b' });
const decide = ({ api }: HubUnderTest, id: string | undefined, decision: string, body: unknown = {}) =>
  api(`/connections/corp/connectors/${id}/${decision}`, body);

/** A command in another process: it changes only the store. */
function operatorElsewhere({ store }: HubUnderTest): Operator {
  return { store, audit: auditForTest(store), actor: 'command-line', takeEffect: async () => {} };
}

/** @returns the hub's answer to `authenticate` */
async function answered(provisioned: Provisioned, instance?: unknown) {
  const first = JSON.stringify({ n: 'authenticate', p: { jwt: await agentToken(provisioned), instance } });
  const { socket, reply } = await openSocket(provisioned.socketUrl, first);
  socket.terminate();
  return reply;
}
const REVOKED = { n: 'authentication_failure', p: { reason: 'revoked' } };
const PENDING = { n: 'authentication_failure', p: { reason: 'approval_pending' } };

test('instances with one key are told apart by their own ID, and keep it across reconnections', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned('corp', { identity: IDENTITY });
  const first = await connect(provisioned, { instance: reported('a') });
  first.answerAll(profile);
  await login(under);
  await connect(provisioned, { instance: reported('b', { version: '99.0.0' }) });
  const [a, b] = await listed(under);
  assert.ok(a && b);
  assert.deepEqual([a.hostName, a.version, a.outdated, a.state, a.sockets, a.sharesKey], ['host-a', '0.0.1', true, 'online', 1, true]);
  assert.deepEqual([b.hostName, b.outdated, b.requests, b.latency], ['host-b', false, 0, undefined]);
  assert.deepEqual([a.requests, a.errors, a.inFlight], [1, 0, 0]);
  assert.ok((a.latency?.p95Ms ?? -1) >= 0 && a.onlineSince);
  first.socket.close();
  await first.closed;
  while ((await listed(under))[0]?.state !== 'offline');
  await connect(provisioned, { instance: reported('a', { hostName: 'renamed' }) });
  const again = (await listed(under))[0];
  assert.deepEqual([again?.id, again?.hostName, again?.requests], [a.id, 'renamed', 1]);
});

test('Auth0 connectors are one instance per key and address', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned('corp', { identity: IDENTITY });
  await connect(provisioned);
  await connect(provisioned);
  const [only, ...others] = await listed(under);
  assert.deepEqual([others.length, only?.sockets, only?.version, only?.outdated, only?.hostName], [0, 2, '6.1.0', false, undefined]);
  assert.match(only?.remoteAddress ?? '', /127\.0\.0\.1|::1/);
});

test('statistics count errors of connectors, but not wrong passwords', async (t) => {
  const under = await startHubForTest(t, { LOGIN_TIMEOUT_MS: '200' });
  const connector = await connect(await under.provisioned('corp', { identity: IDENTITY }));
  const answers: unknown[] = [
    { err: { name: 'WrongPassword', message: 'Wrong password' }, profile: {} },
    { err: { message: 'Unexpected Error' } },
    profile(),
  ];
  connector.answerAll(() => answers.shift());
  for (let n = 0; n < 3; n++) await login(under);
  connector.socket.pause();
  assert.equal((await login(under)).status, 504);
  const [instance] = await listed(under);
  assert.deepEqual([instance?.requests, instance?.errors], [4, 2]);
  connector.socket.resume();
});

test('a connection with approval rejects a new key with a reason until an operator approves it', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  await under.api('/connections/corp', { approveConnectors: true }, 'PATCH');
  const provisioned = await provision(ticket, IDENTITY, { instance: reported('a') });
  const [key] = (await under.api('/connections/corp')).body.connection.certificates;
  assert.deepEqual([key?.state, key?.hostName, key?.agentVersion], ['pending', 'host-a', '0.0.1']);
  assert.deepEqual(await answered(provisioned, reported('a')), PENDING);
  assert.deepEqual((await login(under)).body.error.code, 'connector_offline');
  const [waiting] = await listed(under);
  assert.deepEqual([waiting?.state, waiting?.hostName], ['pending', 'host-a']);
  assert.ok(under.logLines.some(({ action }) => String(action).endsWith(`connector approve corp ${waiting?.id}`)));
  // Registering again does not help.
  await provision(ticket, IDENTITY, { instance: reported('a') });
  assert.deepEqual(await answered(provisioned, reported('a')), PENDING);

  assert.equal((await decide(under, waiting?.id, 'approve')).status, 204);
  (await connect(provisioned, { instance: reported('a') })).answerAll(profile);
  assert.equal((await login(under)).status, 200);
  const registrations = (await under.store.auditRecords({ action: 'connector.register' }, 10)).map(({ result, detail }) => ({
    result,
    detail,
  }));
  assert.deepEqual(registrations, [{ result: 'approval_pending', detail: 'host-a 0.0.1' }]);
  // Another instance with the approved key needs no approval, one with another key does.
  await connect(provisioned, { instance: reported('b') });
  const other = await provision(ticket, OTHER);
  assert.deepEqual(await answered(other), PENDING);
  const second = (await under.api('/connections/corp')).body.connection.certificates.find(({ state }) => state === 'pending');
  assert.equal((await decide(under, second?.thumbprint, 'approve')).status, 204);
  await connect(other);
});

test('a drained instance finishes its requests and gets no new ones, across reconnections, until it is resumed', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned('corp', { identity: IDENTITY });
  const connector = await connect(provisioned, { instance: reported('a') });
  const pending = login(under);
  const request = await connector.nextRequest();
  const [instance] = await listed(under);
  assert.equal((await decide(under, instance?.id, 'drain')).status, 204);
  assert.equal((await login(under)).body.error.code, 'connector_offline');
  assert.deepEqual(
    (await listed(under)).map(({ state, drained, inFlight }) => ({ state, drained, inFlight })),
    [{ state: 'draining', drained: true, inFlight: 1 }],
  );
  request.answer(profile());
  assert.equal((await pending).status, 200);
  connector.socket.close();
  await connector.closed;
  const back = await connect(provisioned, { instance: reported('a') });
  back.answerAll(profile);
  assert.equal((await login(under)).body.error.code, 'connector_offline');
  assert.equal((await decide(under, instance?.id, 'resume')).status, 204);
  assert.equal((await login(under)).status, 200);
});

test('a revoked instance is dropped and rejected, and another one with its key is not', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned('corp', { identity: IDENTITY });
  const connector = await connect(provisioned, { instance: reported('a') });
  const pending = login(under);
  const request = await connector.nextRequest();
  const [instance] = await listed(under);
  assert.equal((await decide(under, instance?.id, 'revoke')).status, 204);
  assert.equal((await pending).body.error.code, 'connector_lost');
  request.answer(profile());
  assert.equal(await connector.closed, 1006);
  assert.deepEqual(await answered(provisioned, reported('a', { hostName: 'other' })), REVOKED);
  assert.equal((await listed(under))[0]?.state, 'revoked');
  (await connect(provisioned, { instance: reported('b') })).answerAll(profile);
  assert.equal((await login(under)).status, 200);
});

test('a revoked key is rejected with any instance ID, after registering again, and in a new certificate', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  const rewrapped = newCertificateOf(IDENTITY);
  const provisioned = await provision(ticket, IDENTITY);
  // Both certificates are accepted before.
  await provision(await under.addConnector(), rewrapped);
  const connectors = [await connect(provisioned, { instance: reported('a') }), await connect(provisioned, { instance: reported('b') })];
  const other = await connect(await provision(await under.addConnector(), OTHER), { instance: reported('a') });
  const [first] = await listed(under);
  assert.equal((await decide(under, first?.id, 'revoke', { key: true })).status, 204);
  for (const connector of connectors) assert.equal(await connector.closed, 1006);
  for (const instance of [reported('a'), reported('c'), undefined]) assert.deepEqual(await answered(provisioned, instance), REVOKED);
  for (const identity of [IDENTITY, rewrapped, newCertificateOf(IDENTITY)]) {
    await assert.rejects(provision(ticket, identity), /Registration: 403.*certificate_revoked/);
  }
  assert.equal((await decide(under, first?.id, 'approve')).body.error.code, 'connector_revoked');
  const { certificates } = (await under.api('/connections/corp')).body.connection;
  assert.deepEqual(certificates.map(({ state }) => state).sort(), ['approved', 'revoked', 'revoked']);
  const { thumbprints } = JSON.parse(await (await fetch(`${ticket}/info`)).text());
  assert.equal(thumbprints.length, 1);
  other.answerAll(profile);
  assert.equal((await login(under)).status, 200);
});

test('a change by a command in another process takes effect at the next heartbeat', async (t) => {
  const under = await startHubForTest(t, { HEARTBEAT_INTERVAL_MS: '50' });
  const provisioned = await under.provisioned('corp', { identity: IDENTITY });
  const elsewhere = operatorElsewhere(under);
  const [a, b] = [await connect(provisioned, { instance: reported('a') }), await connect(provisioned, { instance: reported('b') })];
  const [first, second] = await listed(under);
  await drainConnector(elsewhere, 'corp', first?.id ?? '', 'drain');
  while ((await listed(under))[0]?.state !== 'draining');
  await drainConnector(elsewhere, 'corp', first?.id ?? '', 'resume');
  while ((await listed(under))[0]?.state !== 'online');
  await revokeInstance(elsewhere, 'corp', second?.id ?? '');
  assert.equal(await b.closed, 1006);
  assert.equal(a.socket.readyState, a.socket.OPEN);
  await revokeKey(elsewhere, 'corp', first?.thumbprint ?? '');
  assert.equal(await a.closed, 1006);
});

test('no connector takes the place of an instance without its key', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  const victim = await connect(await provision(ticket, IDENTITY), { instance: reported('victim') });
  const attacker = await provision(await under.addConnector(), OTHER);
  // The same ID, and IDs that look like stored identities of others.
  const [row] = await under.store.instances((await under.store.connectionByName('corp'))?.id ?? '');
  for (const instance of [reported('victim'), { id: row?.id }, { id: row?.thumbprint }, { id: 'address-127.0.0.1' }]) {
    await connect(attacker, { instance });
  }
  const list = await listed(under);
  const own = list.filter(({ thumbprint }) => thumbprint === row?.thumbprint);
  assert.deepEqual(
    own.map(({ sockets, hostName, sharesKey }) => ({ sockets, hostName, sharesKey })),
    [{ sockets: 1, hostName: 'host-victim', sharesKey: false }],
  );
  const strange = list.find(({ hostName, thumbprint }) => hostName === 'host-victim' && thumbprint !== row?.thumbprint);
  assert.ok(strange);
  await decide(under, strange.id, 'revoke', { key: true });
  victim.answerAll(profile);
  assert.equal((await login(under)).status, 200);
});

test('one key cannot displace instances of another key, or drained and revoked instances of its own', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  const [mine, theirs] = [await provision(ticket, IDENTITY), await provision(await under.addConnector(), OTHER)];
  await connect(mine, { instance: reported('quiet') });
  await connect(theirs, { instance: reported('bad') });
  await decide(under, (await listed(under))[1]?.id, 'revoke');
  for (let n = 0; n < 70; n++) (await connect(theirs, { instance: reported(`flood-${n}`) })).socket.terminate();
  assert.deepEqual(await answered(theirs, reported('bad')), REVOKED);
  const list = await listed(under);
  assert.ok(list.some(({ hostName, state }) => hostName === 'host-quiet' && state === 'online'));
  assert.equal(list.length, 1 + 64);
});

test('an invalid host name, version or instance ID of a connector is ignored', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  const provisioned = await provision(ticket, IDENTITY, { instance: reported('a', { hostName: '<b>x</b>' }) });
  assert.equal((await under.api('/connections/corp')).body.connection.certificates[0]?.hostName, undefined);
  const names = [
    '<script>alert(1)</script>',
    'a\u001b[2Jb',
    'a\nb',
    'x'.repeat(300),
    '',
    'evil\u202egnp',
    ['a'],
    { toString: 'x' },
    7,
    null,
  ];
  for (const [n, hostName] of names.entries()) {
    const connector = await connect(provisioned, { instance: { id: `hostile-${n}`, hostName, version: hostName } });
    const instance = (await listed(under)).find(({ state }) => state === 'online');
    assert.deepEqual([instance?.hostName, instance?.version], [undefined, '0.0.1'], JSON.stringify(hostName));
    connector.socket.terminate();
    while ((await listed(under)).some(({ state }) => state === 'online'));
  }
  // Without a valid ID it counts as an Auth0 connector.
  for (const instance of [{ id: 'x'.repeat(65) }, { id: 'short' }, { id: "' OR 1=1 --" }, { id: 7 }, 'text', [], null, { hostName: 'a' }]) {
    await connect(provisioned, { instance });
  }
  const untold = (await listed(under)).filter(({ state }) => state === 'online');
  assert.deepEqual(
    untold.map(({ sockets }) => sockets),
    [8],
  );
  assert.equal((await answered(provisioned, reported('giant', { hostName: 'x'.repeat(60_000) })))?.n, 'authenticated');
});

test('the API rejects unknown connectors and unknown actions', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned('corp', { identity: IDENTITY });
  await connect(provisioned);
  await under.createConnection('other');
  const [instance] = await listed(under);
  for (const [path, status, code] of [
    [`corp/connectors/nobody/drain`, 404, 'connector_not_found'],
    [`corp/connectors/nobody/revoke`, 404, 'connector_not_found'],
    [`other/connectors/${instance?.id}/revoke`, 404, 'connector_not_found'],
    [`nobody/connectors/${instance?.id}/drain`, 404, 'connection_not_found'],
    [`corp/connectors/${instance?.thumbprint}/drain`, 404, 'connector_not_found'],
    [`corp/connectors/${instance?.id}/explode`, 403, 'api_key_scope'],
  ] as const) {
    await t.test(path.replace(instance?.id ?? '', 'ID').replace(instance?.thumbprint ?? '', 'KEY'), async () => {
      const answer = await under.api(`/connections/${path}`, {});
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], path);
    });
  }
  assert.equal((await listed(under))[0]?.state, 'online');
});

/** The same key in another self-signed certificate. */
function newCertificateOf({ key }: TestIdentity): TestIdentity {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-certificate-'));
  try {
    const file = join(folder, 'key.pem');
    writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const args = ['req', '-x509', '-new', '-key', file, '-sha256', '-days', '30', '-subj', `/CN=${crypto.randomUUID()}`];
    const { stdout, stderr, status } = spawnSync('openssl', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl: ${stderr}`);
    return { certificate: pemBody(stdout, 'CERTIFICATE'), key };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
