import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { canonicalDomain } from '../store/connection-settings.ts';
import { connectionOfEmail } from './email-domains.ts';

test('changes settings one by one, normalizes them, and passes them on to connectors', async (t) => {
  const { api, createConnection, store } = await startHubForTest(t);
  const ticket = await createConnection();
  const changed = await api(
    '/connections/corp',
    { kerberos: true, certAuth: true, ipRanges: ['10.1.2.3/8', '10.0.0.0/8', '2001:DB8::/32'], displayName: ' Fabrikam  ' },
    'PATCH',
  );
  assert.equal(changed.status, 200);
  assert.deepEqual(changed.body.connection.ipRanges, ['10.0.0.0/8', '2001:db8::/32']);
  assert.equal(changed.body.connection.displayName, 'Fabrikam');
  const info = JSON.parse(await (await fetch(`${ticket}/info`)).text());
  assert.deepEqual([info.kerberos, info.certAuth], [true, true]);
  const second = await api('/connections/corp', { displayName: null, credentialCache: false }, 'PATCH');
  assert.deepEqual(second.body.connection.ipRanges, ['10.0.0.0/8', '2001:db8::/32']);
  assert.equal(second.body.connection.displayName, null);
  assert.deepEqual((await store.connectionByName('corp'))?.settings, {
    kerberos: true,
    certAuth: true,
    ipRanges: ['10.0.0.0/8', '2001:db8::/32'],
    credentialCache: false,
    cacheOpen: false,
    cacheClosed: false,
    listed: true,
    emailVerified: false,
    emailDomains: [],
    approveConnectors: false,
  });
});

test('rejects an invalid setting, names its field, and changes nothing', async (t) => {
  const { api, createConnection, store } = await startHubForTest(t);
  await createConnection();
  const before = await store.connectionByName('corp');
  const cases: [unknown, RegExp][] = [
    [{ kerberos: 'on' }, /"kerberos"/],
    [{ enabled: null }, /"enabled"/],
    [{ ipRanges: '10.0.0.0/8' }, /"ipRanges"/],
    [{ credentialCache: true, ipRanges: ['10.0.0.0/8', '10.0.0.0/99'] }, /"ipRanges\.1"/],
    [{ ipRanges: Array(201).fill('10.0.0.1') }, /"ipRanges"/],
    [{ emailDomains: ['fabrikam'] }, /"emailDomains\.0"/],
    [{ displayName: 'x'.repeat(101) }, /"displayName"/],
    [{ displayName: 'evil\u202egnp.exe' }, /"displayName"/],
    [{ displayName: 'two\nlines' }, /"displayName"/],
    [{ name: 'other' }, /"name" cannot be changed/],
    [{ '<script>': 1 }, /not a setting/],
    [[], /body/],
    ['{', /not JSON/],
  ];
  for (const [body, message] of cases) {
    await t.test(JSON.stringify(body).slice(0, 80), async () => {
      const answer = await api('/connections/corp', body, 'PATCH');
      assert.equal(answer.status, 400);
      assert.match(answer.body.error.message, message);
    });
  }
  assert.deepEqual(await store.connectionByName('corp'), before);
  assert.equal((await api('/connections/nobody', { enabled: false }, 'PATCH')).status, 404);
});

test('sends no request to a disabled connection, whose connectors stay connected', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  const asked: string[] = [];
  connector.answerAll(({ name }) => {
    asked.push(name);
    return { profile: { id: '1' }, users: [], groups: [] };
  });
  await api('/connections/corp', { enabled: false }, 'PATCH');
  const calls = [
    await api('/connections/corp/login', { username: 'a', password: 'b' }),
    await api('/connections/corp/search', {}),
    await api('/connections/corp/groups'),
    await api('/connections/corp/change-password', { username: 'a', password: 'b' }),
  ];
  for (const { status, body } of calls) assert.deepEqual([status, body.error.code], [403, 'connection_disabled']);
  assert.deepEqual(asked, []);
  await api('/connections/corp', { enabled: true }, 'PATCH');
  assert.equal((await api('/connections/corp/login', { username: 'a', password: 'b' })).status, 200);
  assert.deepEqual(asked, ['authenticate_user']);
});

test('maps an e-mail domain to one connection', async (t) => {
  const { api, createConnection, store } = await startHubForTest(t);
  await createConnection('a');
  await createConnection('b');
  const domains = (name: string, ...emailDomains: string[]) => api(`/connections/${name}`, { emailDomains }, 'PATCH');
  assert.deepEqual((await domains('a', '@Fabrikam.COM', 'bücher.example', 'fabrikam.com')).body.connection.emailDomains, [
    'fabrikam.com',
    'xn--bcher-kva.example',
  ]);
  const taken = await domains('b', 'new.example', 'FABRIKAM.com');
  assert.deepEqual([taken.status, taken.body.error.code], [409, 'email_domain_taken']);
  assert.match(taken.body.error.message, /"emailDomains"/);
  for (const [email, name] of [
    ['anna@fabrikam.com', 'a'],
    ['"odd@name"@FABRIKAM.com', 'a'],
    ['jörg@Bücher.example', 'a'],
    ['anna@evil.fabrikam.com', undefined],
    ['anna@fabrikam.com.evil.example', undefined],
    ['fabrikam.com', undefined],
    ['@fabrikam.com', undefined],
    ['anna@', undefined],
    ['', undefined],
  ] as const) {
    await t.test(`${email || '(empty)'}: ${name ?? 'no connection'}`, async () => {
      assert.equal((await connectionOfEmail(store, email))?.name, name);
    });
  }
});

test('rejects invalid e-mail domains', async (t) => {
  for (const text of [
    '',
    'com',
    '.com',
    'a..b',
    'a b.com',
    'a.com/x',
    'a.com:25',
    'x@a.com',
    '10.0.0.1',
    '[::1]',
    '-a.com',
    'a_b.com',
    'a.com?',
    `${'a'.repeat(64)}.com`,
  ]) {
    await t.test(text || '(empty)', () => assert.equal(canonicalDomain(text), undefined));
  }
});

test('records what an operator does in the audit log, with the operator and without secrets', async (t) => {
  const { api, store, createConnection, apiKey } = await startHubForTest(t);
  const ticket = await createConnection();
  await api('/connections/corp', { displayName: 'Fabrikam' }, 'PATCH');
  const renewed = await api('/connections/corp/ticket', {});
  await api('/connections/corp/ticket', undefined, 'DELETE');
  await api('/connections/corp', undefined, 'DELETE');
  const { id } = (await store.apiKeys())[0] ?? {};
  const records = await store.auditRecords({}, 100);
  const mine = records.filter(({ actor }) => actor === `api-key:${id}`);
  assert.deepEqual(mine.map(({ action }) => action).sort(), [
    ...['connection.change', 'connection.create', 'connection.delete', 'ticket.issue', 'ticket.renew', 'ticket.revoke'],
  ]);
  assert.ok(mine.every(({ connection, remoteAddress, result }) => connection === 'corp' && remoteAddress !== undefined && result === 'ok'));
  for (const secret of [ticket, renewed.body.ticket, apiKey]) {
    assert.ok(!JSON.stringify(records).includes(secret.split('/').at(-1) ?? secret));
  }
});
