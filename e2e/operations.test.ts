import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type LoggedOperation, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, type HubProgram, startConnector, startHub } from './programs.ts';

const skip = whyNoSlapd();
let slapd: Slapd;
let hub: HubProgram;

before(async () => {
  if (!skip) [slapd, hub] = await Promise.all([startSlapd(), startHub()]);
});
after(async () => {
  for (const part of [hub, slapd]) await part?.[Symbol.asyncDispose]();
});

/** @returns the directory operations during `work` */
async function operationsDuring(work: () => Promise<void>): Promise<LoggedOperation[]> {
  const before = (await slapd.operations()).length;
  await work();
  return (await slapd.operations()).slice(before);
}

test('a sign-in costs three LDAP operations if its groups are unknown and two if they are cached', { skip }, async () => {
  const PROVISIONING_TICKET = await hub.createConnection('counted');
  await using _connector = await startConnector({
    ...directoryConfig(slapd, 'plain'),
    PROVISIONING_TICKET,
    LDAP_USER_BY_NAME: '(uid={0})',
    LDAP_SEARCH_GROUPS: '(member={0})',
  });
  await hub.untilConnectors('counted', 1);
  // The second user is in the same department, and so in the same groups.
  const [first, second, other] = [slapd.users.ordinary[0], slapd.users.ordinary[50], slapd.users.ordinary[1]];
  assert.ok(first && second && other);
  // The very first sign-in also opens and binds a connection for binds and reads the root DSE.
  assert.equal((await hub.login('counted', other.uid, other.password)).status, 200);

  const unknown = await operationsDuring(async () => {
    const { status, body } = await hub.login('counted', first.uid, first.password);
    assert.equal(status, 200);
    assert.ok(Array.isArray(body.profile?.groups) && body.profile.groups.includes(first.groups[0]));
  });
  assert.deepEqual(
    unknown.map(({ kind, result }) => [kind, result]),
    [
      ['search', 0],
      ['bind', 0],
      ['search', 0],
    ],
    JSON.stringify(unknown),
  );
  const known = await operationsDuring(async () => {
    const { status, body } = await hub.login('counted', second.uid, second.password);
    assert.equal(status, 200);
    assert.ok(Array.isArray(body.profile?.groups) && body.profile.groups.includes(second.groups[0]));
  });
  assert.deepEqual(
    known.map(({ kind, dn }) => [kind, dn]),
    [
      ['search', slapd.baseDn],
      ['bind', second.dn],
    ],
  );
});

test('a wrong password costs a search and one bind; an unknown name or an empty password costs no bind', { skip }, async () => {
  const PROVISIONING_TICKET = await hub.createConnection('refused');
  await using _connector = await startConnector({ ...directoryConfig(slapd, 'plain'), PROVISIONING_TICKET });
  await hub.untilConnectors('refused', 1);
  const [warmUp, user] = slapd.users.ordinary;
  assert.ok(warmUp && user);
  assert.equal((await hub.login('refused', warmUp.uid, warmUp.password)).status, 200);
  const bindsOf = (asked: LoggedOperation[]) => asked.filter(({ kind }) => kind === 'bind').map(({ dn, result }) => [dn, result]);
  const wrong = await operationsDuring(async () => {
    assert.equal((await hub.login('refused', user.uid, 'wrong')).status, 401);
  });
  assert.deepEqual(bindsOf(wrong), [[user.dn, 49]]);
  const others = await operationsDuring(async () => {
    assert.equal((await hub.login('refused', 'nobody', 'wrong')).status, 401);
    assert.equal((await hub.login('refused', user.uid, '')).status, 401);
  });
  assert.deepEqual(bindsOf(others), []);
});
