import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { startFakeHub } from '../../test/fake-hub.ts';
import { linkTo } from '../../test/link-to.ts';
import { LdapError } from '../ldap/errors.ts';
import { undecidedFailure } from '../users/failures.ts';

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

async function connected(capabilities: string[] | undefined, options: Parameters<typeof linkTo>[1] = {}) {
  const hub = await startFakeHub();
  toStop.push(() => hub.stop());
  hub.authenticatedPayload = capabilities && { capabilities };
  const made = linkTo(hub, options);
  toStop.push(() => made.link.close());
  const agent = await hub.nextAgent();
  await made.reached('connected');
  return agent;
}

test('reports the state of the directory to a hub that knows `health`, at first and at each change', async () => {
  let isUp = true;
  const agent = await connected(['health'], { directoryIsUp: () => isUp });
  assert.deepEqual(await agent.nextFrame(), { n: 'health', p: { directory: 'up' } });
  isUp = false;
  assert.deepEqual(await agent.nextFrame(), { n: 'health', p: { directory: 'down' } });
  isUp = true;
  assert.deepEqual(await agent.nextFrame(), { n: 'health', p: { directory: 'up' } });
});

const unreachable = async () => undecidedFailure(new LdapError('LDAP_UNREACHABLE', 'no directory'), false);
const PLAIN = { message: 'Unexpected Error', inner: { code: 'LDAP_UNREACHABLE', message: 'no directory' } };

for (const [hub, capabilities, err] of [
  ['a hub that knows `reasons`', ['reasons'], { ...PLAIN, reason: 'directory_unavailable', tried: false }],
  ['a hub that does not know `reasons`', [], PLAIN],
  ['a hub without capabilities', undefined, PLAIN],
] as const) {
  test(`sends ${hub} ${'reason' in err ? 'the reason of a failure' : 'a plain failure'}`, async () => {
    const agent = await connected(capabilities && [...capabilities], { users: { authenticate: unreachable }, directoryIsUp: () => false });
    const pid = agent.ask('authenticate_user', { username: 'ada', password: 'p' });
    assert.deepEqual(await agent.nextFrame(), { n: `${pid}_result`, p: { err } });
  });
}

test('sends the steps of a sign-in only to hubs that know `steps`', async () => {
  const step = { name: 'find', ms: 3.5, outcome: 'uid=ada' };
  for (const capabilities of [['steps'], []]) {
    const agent = await connected(capabilities, {
      users: {
        async authenticate({ username }, { onStep }) {
          onStep?.(step);
          return { profile: { id: username } };
        },
      },
    });
    const pid = agent.ask('authenticate_user', { username: 'ada', password: 'p' });
    const answer = { profile: { id: 'ada' } };
    assert.deepEqual(await agent.nextFrame(), { n: `${pid}_result`, p: capabilities.length > 0 ? { ...answer, steps: [step] } : answer });
  }
});
