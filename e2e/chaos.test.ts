/**
 * Three connectors, a slapd and 64 sign-ins in flight, while connectors are killed, stopped, frozen and cut off, alone and together. Every
 * sign-in gets an answer, no user is accepted or rejected wrongly, and no password reaches the directory twice.
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
/** Longer than the hub waits for an answer, shorter than it takes to close a silent socket. */
const SILENCE_MS = 7000;

let slapd: Slapd;
let hub: HubProgram;
let members: { relay: Relay; program: Program }[] = [];

before(async () => {
  if (skip) return;
  // Users who sign in once do not need the cache, whose hashing would take CPU time from the test.
  [slapd, hub] = await Promise.all([startSlapd({ users: 10_000 }), startHub({ CREDENTIAL_CACHE: 'false' })]);
  await hub.createConnection(CONNECTION);
  members = await Promise.all(
    [1, 2, 3].map(async () => {
      const relay = await startRelay();
      const program = await startConnector({
        ...directoryConfig(slapd, 'plain'),
        PROVISIONING_TICKET: await hub.addConnector(CONNECTION),
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

/** Continuous sign-ins, every eighth with a wrong password, by each user in turn. */
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
      // A failed request is a sign-in without an answer; it rejects finish().
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
      await until(`${count} more sign-ins have an answer`, async () => answers.length >= target);
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

test('with failures of one or two of three connectors, each sign-in gets an answer and none is tried twice', { skip }, async (t) => {
  const [first, second, third] = members;
  assert.ok(first && second && third);
  const load = startLoad();
  await load.more();

  const failuresIn = async (what: string, happens: () => Promise<unknown>): Promise<Login[]> => {
    const from = load.answers.length;
    await happens();
    await hub.untilConnectors(CONNECTION, 3);
    // Wait until the requests to a silent connector have an answer.
    await load.more(IN_FLIGHT);
    const answers = load.answers.slice(from);
    const failed = answers.filter(({ status }) => status >= 500);
    t.diagnostic(`${what}: ${answers.length} sign-ins, ${failed.length} of them told to retry`);
    return failed;
  };

  // A stopping connector finishes its requests, so no sign-in fails.
  assert.deepEqual(await failuresIn('SIGTERM', () => stopped(first.program)), []);
  for (const [what, happens] of [
    ['SIGKILL', () => killed(second.program)],
    ['SIGSTOP', () => frozen(third.program, SILENCE_MS)],
    ['a cut network', () => cutOff(first.relay, SILENCE_MS)],
  ] as const) {
    await t.test(`${what} fails at most the sign-ins in flight`, async () => {
      assert.ok((await failuresIn(what, happens)).length <= IN_FLIGHT);
    });
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
    'no user is bound more often than they signed in',
  );
});
