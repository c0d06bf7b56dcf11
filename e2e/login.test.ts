import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { type Answer, directoryConfig, type HubProgram, type Program, startConnector, startHub } from './programs.ts';

const skip = whyNoSlapd();
const TRANSPORTS = ['ldaps', 'starttls', 'plain'] as const;
let slapd: Slapd;
let hub: HubProgram;
const connectors: Program[] = [];

before(async () => {
  if (skip) return;
  [slapd, hub] = await Promise.all([startSlapd({ users: 10_000 }), startHub()]);
  for (const transport of TRANSPORTS) {
    const PROVISIONING_TICKET = await hub.createConnection(transport);
    connectors.push(await startConnector({ ...directoryConfig(slapd, transport), PROVISIONING_TICKET }));
  }
  await Promise.all(TRANSPORTS.map((transport) => hub.untilConnectors(transport, 1)));
});

after(async () => {
  for (const part of [...connectors, hub, slapd]) await part?.[Symbol.asyncDispose]();
});

function assertRefused({ status, body }: Answer): void {
  assert.equal(status, 401);
  assert.equal(body.error?.code, 'invalid_credentials');
}

for (const transport of TRANSPORTS) {
  test(`over ${transport}, only the right password signs in, and the profile has nested groups`, { skip }, async () => {
    const { ordinary, special } = slapd.users;
    for (const user of [ordinary[0], ordinary[9_999], special.inCycle]) {
      assert.ok(user);
      const { status, body } = await hub.login(transport, user.uid, user.password);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.profile?.dn, user.dn);
      assert.deepEqual([...groupsOf(body)].sort(), user.groups);
    }
    const uid = ordinary[1]?.uid ?? '';
    assertRefused(await hub.login(transport, uid, 'wrong'));
    assertRefused(await hub.login(transport, 'nobody', 'wrong'));
    assertRefused(await hub.login(transport, '*', ordinary[1]?.password ?? ''));
    assertRefused(await hub.login(transport, uid, ''));
    assert.equal((await hub.login(transport, '', ordinary[1]?.password ?? '')).status, 400);
    const binds = (await slapd.operations()).filter(({ kind, dn }) => kind === 'bind' && dn === '');
    assert.deepEqual(binds, [], 'no anonymous bind');
  });
}

test('users with difficult names sign in with their own password only', { skip }, async (t) => {
  const { locked, expiredPassword: _expired, mustChangePassword: _mustChange, ...usable } = slapd.users.special;
  for (const [name, user] of Object.entries(usable)) {
    await t.test(`${name} signs in with their own password only`, async () => {
      const { status, body } = await hub.login('ldaps', user.uid, user.password);
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual([...groupsOf(body)].sort(), user.groups);
      // Another one for each user: one password for many users looks like spraying.
      assertRefused(await hub.login('ldaps', user.uid, `wrong for ${name}`));
    });
  }
  assert.equal((await hub.login('ldaps', locked.uid, locked.password)).status, 401);
});

test('a connector sends no password to a directory that it does not trust', { skip }, async () => {
  const { CA_CERT: _untrusted, ...config } = directoryConfig(slapd, 'ldaps');
  const PROVISIONING_TICKET = await hub.createConnection('untrusted');
  await using _connector = await startConnector({ ...config, PROVISIONING_TICKET });
  await hub.untilConnectors('untrusted', 1);
  const user = slapd.users.ordinary[2];
  const { status, body } = await hub.login('untrusted', user?.uid ?? '', user?.password ?? '');
  assert.deepEqual([status, body.error?.code], [503, 'directory_unavailable']);
  const binds = (await slapd.operations()).filter(({ kind, dn }) => kind === 'bind' && dn === user?.dn);
  assert.deepEqual(binds, []);
});

test('neither program logs passwords', { skip }, async () => {
  const secret = 'a-Passw0rd-that-must-not-be-seen';
  assertRefused(await hub.login('ldaps', slapd.users.ordinary[3]?.uid ?? '', secret));
  for (const program of [hub, ...connectors]) {
    const log = await program.log();
    assert.ok(!log.includes(secret));
    assert.ok(!log.includes(slapd.users.ordinary[0]?.password ?? ''));
    assert.ok(!log.includes(slapd.serviceAccount.password));
  }
});

function groupsOf(body: Answer['body']): string[] {
  const groups = body.profile?.groups;
  assert.ok(Array.isArray(groups));
  return groups;
}
