/**
 * Three connectors and a slapd, 64 logins in flight, and everything that can happen to a connector: killed, stopped politely, frozen,
 * cut off; one at a time, then several at once. Each login must be answered, nobody gets in or is kept out wrongly, and no password
 * comes to the directory twice.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, type HubProgram, type Program, startConnector, startHub, until } from './programs.ts';
import { type Relay, startRelay } from './relay.ts';

const skip = whyNoSlapd();
const IN_FLIGHT = 64;
const CONNECTION = 'chaos';
/** Longer than a hub takes to give up what a silent connector owes it, shorter than it takes to drop the socket. */
const SILENCE_MS = 7000;

let slapd: Slapd;
let hub: HubProgram;
let members: { relay: Relay; program: Program }[] = [];

before(async () => {
  if (skip) return;
  // People signed in once each are nothing for the cache, whose hashing would take the processors from what is tested.
  [slapd, hub] = await Promise.all([startSlapd({ users: 10_000 }), startHub({ CREDENTIAL_CACHE: 'false' })]);
  const ticket = await hub.createConnection(CONNECTION);
  members = await Promise.all(
    [1, 2, 3].map(async () => {
      const relay = await startRelay();
      const program = await startConnector({
        ...directoryConfig(slapd, 'plain'),
        PROVISIONING_TICKET: ticket,
        HTTP_PROXY: relay.url,
        LDAP_SEARCH_GROUPS: '(member={0})',
      });
      return { relay, program };
    }),
  );
  await hub.untilConnectors(CONNECTION, 3);
});
after(async () => {
  for (const { relay, program } of members) {
    await program[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
  }
  for (const part of [hub, slapd]) await part?.[Symbol.asyncDispose]();
});

interface Login {
  dn: string;
  right: boolean;
  status: number;
  code: string | undefined;
  retry: boolean | undefined;
}

/** Logins without a pause, every eighth with a wrong password; everybody has had a turn before the first one has another. */
function startLoad() {
  const answers: Login[] = [];
  const { ordinary } = slapd.users;
  let next = 0;
  let running = true;
  const worker = async () => {
    while (running) {
      const index = next++;
      const user = ordinary[index % ordinary.length];
      assert.ok(user);
      const right = index % 8 !== 0;
      // A request that fails is a login without an answer: it rejects, and so does finish().
      const { status, body } = await hub.login(CONNECTION, user.uid, right ? user.password : `wrong ${index}`);
      answers.push({ dn: user.dn, right, status, code: body.error?.code, retry: body.error?.retry });
    }
  };
  const workers = Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  workers.catch(() => {});
  return {
    answers,
    async more(count = 200) {
      const target = answers.length + count;
      await until(`${count} more logins are answered`, async () => answers.length >= target);
    },
    async finish() {
      running = false;
      await workers;
    },
  };
}

function signal(program: Program, name: NodeJS.Signals): void {
  assert.ok(program.pid);
  process.kill(program.pid, name);
}

async function frozen(program: Program, ms: number): Promise<void> {
  signal(program, 'SIGSTOP');
  await delay(ms);
  signal(program, 'SIGCONT');
}

async function cutOff(relay: Relay, ms: number): Promise<void> {
  relay.cut();
  await delay(ms);
  relay.mend();
}

async function killed(program: Program): Promise<void> {
  await program.kill();
  program.start();
}

async function stopped(program: Program): Promise<void> {
  assert.equal(await program.stop(), 0);
  program.start();
}

test('whatever happens to one or two of three connectors, each login is answered and none is tried twice', { skip }, async (t) => {
  const [first, second, third] = members;
  assert.ok(first && second && third);
  const load = startLoad();
  await load.more();

  const failuresIn = async (what: string, happens: () => Promise<unknown>): Promise<Login[]> => {
    const from = load.answers.length;
    await happens();
    await hub.untilConnectors(CONNECTION, 3);
    // Those that were asked of a connector that is silent now are answered before the next thing happens.
    await load.more(IN_FLIGHT);
    const answers = load.answers.slice(from);
    const failed = answers.filter(({ status }) => status >= 500);
    t.diagnostic(`${what}: ${answers.length} logins, ${failed.length} of them asked to try again`);
    return failed;
  };

  // A connector that stops finishes what it has: nobody notices.
  assert.deepEqual(await failuresIn('SIGTERM', () => stopped(first.program)), []);
  // At most what was in flight there when it happened.
  for (const [what, happens] of [
    ['SIGKILL', () => killed(second.program)],
    ['SIGSTOP', () => frozen(third.program, SILENCE_MS)],
    ['a cut network', () => cutOff(first.relay, SILENCE_MS)],
  ] as const) {
    const failed = await failuresIn(what, happens);
    assert.ok(failed.length <= IN_FLIGHT, `${what}: ${failed.length} failed`);
  }
  for (let round = 0; round < 2; round++) {
    await failuresIn('SIGSTOP and SIGKILL', () => Promise.all([frozen(first.program, SILENCE_MS / 2), killed(second.program)]));
    await failuresIn('a cut network and SIGTERM', () => Promise.all([cutOff(third.relay, SILENCE_MS), stopped(first.program)]));
  }
  assert.deepEqual(await failuresIn('SIGTERM at the end', () => stopped(second.program)), []);
  await load.finish();

  const wrong = load.answers.filter(
    ({ right, status, retry }) => status !== (right ? 200 : 401) && !((status === 503 || status === 504) && retry === true),
  );
  assert.deepEqual(wrong, []);

  const logins = new Map<string, number>();
  for (const { dn } of load.answers) logins.set(dn, (logins.get(dn) ?? 0) + 1);
  const binds = new Map<string, number>();
  for (const { kind, dn } of await slapd.operations()) if (kind === 'bind' && logins.has(dn)) binds.set(dn, (binds.get(dn) ?? 0) + 1);
  assert.deepEqual(
    [...binds].filter(([dn, count]) => count > (logins.get(dn) ?? 0)),
    [],
    'nobody is bound more often than they asked',
  );
});
