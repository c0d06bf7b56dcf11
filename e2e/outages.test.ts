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
  /** One for each login that was begun and answered: the person, whether the password was the right one, and the status. */
  answers: { user: SlapdUser; right: boolean; status: number }[];
  /** Begins no further login, and returns when each that was begun has its answer. */
  finish(): Promise<void>;
}

/**
 * Logins without a pause, 32 at a time, every fourth with a wrong password. Each is of another person, so that a second bind for one
 * login shows as a second bind of one person.
 */
function startLoad(connection: string): Load {
  const answers: Load['answers'] = [];
  let running = true;
  const worker = async () => {
    while (running) {
      const user = slapd.users.ordinary[nextUser++];
      assert.ok(user, 'the load ran out of people');
      const right = nextUser % 4 !== 0;
      // A fetch that fails is a login without an answer: it rejects, and so does finish().
      const { status } = await hub.login(connection, user.uid, right ? user.password : 'wrong');
      answers.push({ user, right, status });
      // Answers without a directory come at once; more than some hundred a second prove nothing more.
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
  await until(`${count} more logins are answered`, async () => load.answers.length >= target);
}

function failed(load: Load): string[] {
  return load.answers.filter(({ status }) => status >= 500).map(({ user, status }) => `${user.uid}: ${status}`);
}

/** Whatever failed, nobody got in with a wrong password and none was bound twice. */
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

test('one of two connectors is killed during logins: each login is answered, and the other goes on', { skip }, async () => {
  const ticket = await hub.createConnection('killed');
  await using first = await connector(ticket);
  await using _second = await connector(ticket);
  await hub.untilConnectors('killed', 2);
  const load = startLoad('killed');
  await someMore(load);
  await first.kill();
  await hub.untilConnectors('killed', 1);
  await load.finish();
  await assertSafe(load);
  // The killed connector had at most all that were in flight.
  assert.ok(failed(load).length <= IN_FLIGHT, failed(load).join(', '));
  const later = startLoad('killed');
  await someMore(later);
  await later.finish();
  assert.deepEqual(failed(later), []);
});

test('SIGTERM of one of two connectors under load loses no login', { skip }, async () => {
  const ticket = await hub.createConnection('drained');
  await using first = await connector(ticket);
  await using _second = await connector(ticket);
  await hub.untilConnectors('drained', 2);
  const load = startLoad('drained');
  await someMore(load);
  assert.equal(await first.stop(), 0);
  await someMore(load);
  await load.finish();
  await assertSafe(load);
  assert.deepEqual(failed(load), []);
});

test('slapd is stopped under load and started again: the connector lives, every login is answered, logins work again', {
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
    await until('a login fails for want of a directory', async () => load.answers.some(({ status }) => status >= 500));
    await delay(2000);
    await slapd.start();
    const before = load.answers.length;
    await until('a login succeeds again', async () => load.answers.slice(before).some(({ status }) => status === 200));
    await someMore(load);
    await load.finish();
    await assertSafe(load);
  }
  assert.equal(only.pid, pid, 'the process is still the same');
});

test('a connector that starts before its directory and its hub waits for both', { skip }, async () => {
  const ticket = await hub.createConnection('early');
  await hub.stop();
  await slapd.stop();
  await using early = await connector(ticket);
  const { pid } = early;
  await until('the connector has said that it cannot reach the hub', async () => /"level":"(warn|error)"/.test(await early.log()));
  hub.start();
  await hub.untilConnectors('early', 1);
  const user = slapd.users.ordinary[nextUser++];
  assert.ok(user);
  assert.ok((await hub.login('early', user.uid, user.password)).status >= 500);
  await slapd.start();
  await until('a login succeeds', async () => (await hub.login('early', user.uid, user.password)).status === 200);
  assert.equal(early.pid, pid);
});

test('the hub is restarted under its connector, which comes back by itself', { skip }, async () => {
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
