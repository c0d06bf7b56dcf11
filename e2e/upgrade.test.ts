import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { type Answer, directoryConfig, type HubProgram, type Program, startConnector, startHub, until } from './programs.ts';

const skip = whyNoSlapd();
const WORKERS = 8;
const MAX_TRIES = 40;
let slapd: Slapd;
let hub: HubProgram;
let connectors: Program[] = [];
let nextUser = 0;

before(async () => {
  if (skip) return;
  [slapd, hub] = await Promise.all([startSlapd({ users: 20_000 }), startHub()]);
  const tickets = [await hub.createConnection('corp'), await hub.addConnector('corp')];
  connectors = await Promise.all(
    tickets.map((PROVISIONING_TICKET) => startConnector({ ...directoryConfig(slapd, 'plain'), PROVISIONING_TICKET })),
  );
  await hub.untilConnectors('corp', 2);
});
after(async () => {
  for (const part of [...connectors, hub, slapd]) await part?.[Symbol.asyncDispose]();
});

/** Signs in until told to stop. A client tries again after a failed connection or a 5xx, as HTTP clients do. */
function signInContinuously() {
  const counts = { done: 0, retries: 0, lost: 0 };
  let running = true;
  const signIn = async () => {
    const user = slapd.users.ordinary[nextUser++];
    assert.ok(user, 'the load ran out of users');
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const answer: Answer | undefined = await hub.login('corp', user.uid, user.password).catch(() => undefined);
      if (answer?.status === 200) return counts.done++;
      counts.retries++;
      await delay(250);
    }
    return counts.lost++;
  };
  const workers = Promise.all(
    Array.from({ length: WORKERS }, async () => {
      while (running) {
        await signIn();
        await delay(5);
      }
    }),
  );
  return {
    counts,
    more: (count: number) => {
      const target = counts.done + count;
      return until(`${count} more sign-ins succeed`, async () => counts.done >= target);
    },
    async finish() {
      running = false;
      await workers;
    },
  };
}

test('two connectors that are stopped and started one after the other lose no sign-in, and no client has to try again', {
  skip,
}, async () => {
  const load = signInContinuously();
  await load.more(50);
  for (const connector of connectors) {
    assert.equal(await connector.stop(), 0);
    await load.more(50);
    connector.start();
    await hub.untilConnectors('corp', 2);
    await load.more(50);
  }
  await load.finish();
  assert.deepEqual([load.counts.lost, load.counts.retries], [0, 0]);
});

test('a restart of the hub loses no sign-in of a client that tries again', { skip }, async () => {
  const load = signInContinuously();
  await load.more(50);
  await hub.stop();
  hub.start();
  await hub.untilConnectors('corp', 2);
  await load.more(50);
  await load.finish();
  assert.equal(load.counts.lost, 0);
});
