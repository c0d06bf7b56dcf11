/** Two real directories with the same users and 32 sign-ins in flight, while one of them is killed, stopped or cut off. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Slapd, type SlapdUser, startSlapd, whyNoSlapd } from '@landbridge/lab';
import type { RequestOutcome } from '@landbridge/protocol';
import { type Relay, startRelay } from '../../../test/relay.ts';
import { login, request, type UsersOn, usersOn } from '../../../test/users-on.ts';
import { serverAddress } from '../connect.ts';

const skip = whyNoSlapd();
const IN_FLIGHT = 32;
const BIND_CONNECTIONS = 8;
const USERS = 20_000;

interface Part {
  slapd: Slapd;
  relay: Relay;
}

let parts: [Part, Part];
let on: UsersOn | undefined;
let nextUser = 0;

before(async () => {
  if (skip) return;
  const start = async (): Promise<Part> => {
    const slapd = await startSlapd({ users: USERS });
    return { slapd, relay: await startRelay(slapd.port) };
  };
  parts = [await start(), await start()];
});
afterEach(async () => {
  await on?.close();
  on = undefined;
});
after(async () => {
  for (const { relay, slapd } of parts ?? []) {
    await relay.close();
    await slapd[Symbol.asyncDispose]();
  }
});

interface Login {
  user: SlapdUser;
  right: boolean;
  outcome: RequestOutcome<'authenticate_user'>;
}

/** 32 at a time without a pause, every fourth with a wrong password, each of another user: a repeated bind would be the user's second. */
function startLoad({ users }: UsersOn) {
  const logins: Login[] = [];
  let running = true;
  const worker = async () => {
    while (running) {
      const user = parts[0].slapd.users.ordinary[nextUser++];
      assert.ok(user, 'the load ran out of users');
      const right = nextUser % 4 !== 0;
      const outcome = await users.authenticate(login(user.uid, right ? user.password : 'wrong'), request());
      logins.push({ user, right, outcome });
      // A few hundred a second prove as much as a few thousand.
      await delay(20);
    }
  };
  const workers = Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return {
    logins,
    async more(count: number) {
      const target = logins.length + count;
      await until(`${count} more sign-ins are answered`, () => logins.length >= target);
    },
    async finish() {
      running = false;
      await workers;
    },
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `waited in vain until ${what}`);
    await delay(10);
  }
}

const TRY_AGAIN = new Set(['LDAP_CONNECTION_LOST', 'LDAP_TIMEOUT']);

/** @returns the sign-ins without a result; all others must have the right one */
function undecided(logins: Login[]): Login[] {
  return logins.filter(({ user, right, outcome }) => {
    const failure = 'failure' in outcome ? outcome.failure : undefined;
    if (failure !== undefined && failure.wireName === undefined) {
      assert.ok(TRY_AGAIN.has(failure.inner?.code ?? ''), JSON.stringify(failure));
      return true;
    }
    assert.equal(failure?.wireName, right ? undefined : 'WrongPassword');
    assert.ok('failure' in outcome ? outcome.failure.profile : outcome.profile, user.uid);
    return false;
  });
}

/** How often each user was bound, on both servers together, by the servers' own logs. */
async function assertNobodyBoundTwice(logins: Login[]): Promise<void> {
  const counts = new Map(logins.map(({ user }) => [user.dn, 0]));
  for (const { slapd } of parts) {
    for (const { kind, dn } of await slapd.operations()) {
      const count = kind === 'bind' ? counts.get(dn) : undefined;
      if (count !== undefined) counts.set(dn, count + 1);
    }
  }
  assert.deepEqual(
    [...counts].filter(([, count]) => count > 1),
    [],
  );
}

const outages: { name: string; hurt(part: Part): Promise<void> | void; heal(part: Part): Promise<void> | void }[] = [
  { name: 'killed', hurt: ({ slapd }) => slapd.kill(), heal: ({ slapd }) => slapd.start() },
  {
    name: 'stopped (SIGSTOP)',
    hurt: ({ slapd }) => signal(slapd, 'SIGSTOP'),
    heal: ({ slapd }) => signal(slapd, 'SIGCONT'),
  },
  { name: 'cut off', hurt: ({ relay }) => relay.cut(), heal: ({ relay }) => relay.mend() },
];

function signal(slapd: Slapd, name: 'SIGSTOP' | 'SIGCONT'): void {
  assert.ok(slapd.pid);
  process.kill(slapd.pid, name);
}

describe('two servers with 32 sign-ins in flight', { skip }, () => {
  for (const index of [0, 1] as const) {
    for (const { name, hurt, heal } of outages) {
      it(`lose no sign-in and repeat no bind when the ${index === 0 ? 'first' : 'second'} is ${name}`, async (t) => {
        const { serviceAccount } = parts[0].slapd;
        on = usersOn({
          url: parts[0].slapd.url,
          servers: parts.map(({ relay }) => serverAddress(`ldap://127.0.0.1:${relay.port}`, 'none')),
          serviceAccount,
          bindConnections: BIND_CONNECTIONS,
          returnAfterMs: 500,
          heartbeatMs: 500,
          heartbeatFilter: undefined,
        });
        const servers = () => on?.directory.status().servers ?? [];
        await on.directory.rootDse();
        await until('both are connected', () => servers().every(({ state }) => state === 'healthy'));
        const load = startLoad(on);
        await load.more(100);
        await hurt(parts[index]);
        await until('it is known to be unreachable', () => servers()[index]?.state === 'unreachable');
        assert.deepEqual(
          servers().map(({ inUse }) => inUse),
          [index !== 0, index === 0],
        );
        await load.more(100);
        await heal(parts[index]);
        await until('the first is used', () => servers()[0]?.state === 'healthy' && servers()[0]?.inUse === true);
        await until('the second is healthy', () => servers()[1]?.state === 'healthy');
        const later = load.logins.length;
        await load.more(100);
        await load.finish();
        const lost = undecided(load.logins);
        t.diagnostic(`${lost.length} of ${load.logins.length} were asked to try again`);
        assert.ok(lost.length <= (index === 0 ? BIND_CONNECTIONS : 0), `${lost.length} were asked to try again`);
        assert.ok(lost.every((one) => load.logins.indexOf(one) < later + IN_FLIGHT));
        await assertNobodyBoundTwice(load.logins);
      });
    }
  }
});
