import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Slapd, type SlapdUser, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, type HubProgram, startConnector, startHub, until } from './programs.ts';

const skip = whyNoSlapd();
const IN_FLIGHT = 32;
let slapd: Slapd;
let hub: HubProgram;
let nextUser = 0;

before(async () => {
  if (!skip) [slapd, hub] = await Promise.all([startSlapd({ users: 30_000 }), startHub()]);
});
after(async () => {
  for (const part of [hub, slapd]) await part?.[Symbol.asyncDispose]();
});

interface Load {
  /** One entry per answered sign-in: the user, whether the password was right, and the status. */
  answers: { user: SlapdUser; right: boolean; status: number }[];
  /** Starts no more sign-ins and waits for all answers. */
  finish(): Promise<void>;
}

/**
 * Continuous sign-ins, 32 at a time, every fourth with a wrong password. Each is by another user, so that a second bind by a user reveals a
 * repeated sign-in.
 */
function startLoad(connection: string): Load {
  const answers: Load['answers'] = [];
  let running = true;
  const worker = async () => {
    while (running) {
      const user = slapd.users.ordinary[nextUser++];
      assert.ok(user, 'the load ran out of users');
      const right = nextUser % 4 !== 0;
      // Another wrong one each time: one for many users counts as spraying. A failed fetch is a sign-in without an answer; it rejects finish().
      const { status } = await hub.login(connection, user.uid, right ? user.password : `wrong for ${user.uid}`);
      answers.push({ user, right, status });
      // Answers during an outage arrive at once; more than a few hundred per second prove nothing.
      if (status > 500) await delay(50);
    }
  };
  const workers = Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  workers.catch(() => {});
  return {
    answers,
    async finish() {
      running = false;
      await workers;
    },
  };
}

async function someMore(load: Load, count = 100): Promise<void> {
  const target = load.answers.length + count;
  await until(`${count} more sign-ins have an answer`, async () => load.answers.length >= target);
}

function failed(load: Load): string[] {
  return load.answers.filter(({ status }) => status >= 500).map(({ user, status }) => `${user.uid}: ${status}`);
}

/** Asserts that no wrong password was accepted and no user was bound twice. */
async function assertSafe(load: Load): Promise<void> {
  for (const { right, status } of load.answers)
    assert.ok(status >= 500 || status === (right ? 200 : 401), `status ${status}, right: ${right}`);
  const users = new Set(load.answers.map(({ user }) => user.dn));
  const binds = new Map<string, number>();
  for (const { kind, dn } of await slapd.operations()) if (kind === 'bind' && users.has(dn)) binds.set(dn, (binds.get(dn) ?? 0) + 1);
  const twice = [...binds].filter(([, count]) => count > 1);
  assert.deepEqual(twice, []);
}

async function connector(ticket: string) {
  return startConnector({
    ...directoryConfig(slapd, 'plain'),
    PROVISIONING_TICKET: ticket,
    LDAP_SEARCH_GROUPS: '(member={0})',
  });
}

test('if one of two connectors is killed under load, each sign-in gets an answer and the other connector continues', { skip }, async () => {
  const ticket = await hub.createConnection('killed');
  await using first = await connector(ticket);
  await using _second = await connector(await hub.addConnector('killed'));
  await hub.untilConnectors('killed', 2);
  const load = startLoad('killed');
  await someMore(load);
  await first.kill();
  await hub.untilConnectors('killed', 1);
  await load.finish();
  await assertSafe(load);
  // At most the requests in flight fail.
  assert.ok(failed(load).length <= IN_FLIGHT, failed(load).join(', '));
  const later = startLoad('killed');
  await someMore(later);
  await later.finish();
  assert.deepEqual(failed(later), []);
});

test('SIGTERM to one of two connectors under load fails no sign-in', { skip }, async () => {
  const ticket = await hub.createConnection('drained');
  await using first = await connector(ticket);
  await using _second = await connector(await hub.addConnector('drained'));
  await hub.untilConnectors('drained', 2);
  const load = startLoad('drained');
  await someMore(load);
  assert.equal(await first.stop(), 0);
  await someMore(load);
  await load.finish();
  await assertSafe(load);
  assert.deepEqual(failed(load), []);
});

test('if slapd restarts under load, the connector survives, each sign-in gets an answer, and sign-ins work again', {
  skip,
}, async () => {
  const ticket = await hub.createConnection('slapd');
  await using only = await connector(ticket);
  await hub.untilConnectors('slapd', 1);
  const { pid } = only;
  for (const end of [slapd.stop, slapd.kill]) {
    const load = startLoad('slapd');
    await someMore(load);
    await end();
    await until('a sign-in fails without a directory', async () => load.answers.some(({ status }) => status >= 500));
    await delay(2000);
    await slapd.start();
    const before = load.answers.length;
    await until('a sign-in succeeds again', async () => load.answers.slice(before).some(({ status }) => status === 200));
    await someMore(load);
    await load.finish();
    await assertSafe(load);
  }
  assert.equal(only.pid, pid, 'the process is the same');
});

test('a connector that starts before its directory and its hub waits for both', { skip }, async () => {
  const ticket = await hub.createConnection('early');
  await hub.stop();
  await slapd.stop();
  await using early = await connector(ticket);
  const { pid } = early;
  await until('the connector logs that it cannot reach the hub', async () => /"level":"(warn|error)"/.test(await early.log()));
  hub.start();
  await hub.untilConnectors('early', 1);
  const user = slapd.users.ordinary[nextUser++];
  assert.ok(user);
  assert.ok((await hub.login('early', user.uid, user.password)).status >= 500);
  await slapd.start();
  await until('a sign-in succeeds', async () => (await hub.login('early', user.uid, user.password)).status === 200);
  assert.equal(early.pid, pid);
});

test('a connector reconnects after a restart of the hub', { skip }, async () => {
  const ticket = await hub.createConnection('restarted');
  await using only = await connector(ticket);
  await hub.untilConnectors('restarted', 1);
  const { pid } = only;
  for (const end of [hub.stop, hub.kill]) {
    await end();
    hub.start();
    await hub.untilConnectors('restarted', 1);
    const user = slapd.users.ordinary[nextUser++];
    assert.ok(user);
    assert.equal((await hub.login('restarted', user.uid, user.password)).status, 200);
  }
  assert.equal(only.pid, pid);
});
