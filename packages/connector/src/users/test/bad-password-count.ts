/** Five wrong passwords must be five in the directory's own count, whatever breaks meanwhile: one more may lock a user out. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { SignInOutcome } from '@landbridge/protocol';
import { startRelay } from '../../../test/relay.ts';
import { login, request, usersOn } from '../../../test/users-on.ts';

export interface CountingDirectory {
  /** Where LDAPS listens: a loopback address that is in the certificate. */
  host: string;
  ldapsPort: number;
  target: Omit<Parameters<typeof usersOn>[0], 'url'>;
  /** As typed. */
  name: string;
  password: string;
  /** How many wrong passwords the directory counts for this user now. */
  count(): Promise<number>;
  /** Kills the server and starts it again with the same data. */
  crash(): Promise<void>;
}

const PATIENCE_MS = 60_000;

export function registerBadPasswordCountTest(directory: () => CountingDirectory): void {
  it('counts five wrong passwords as five, whatever fails in between', async () => {
    const { host, ldapsPort, target, name, password, count, crash } = directory();
    const relay = await startRelay(ldapsPort, host);
    const patient = { operationTimeoutMs: PATIENCE_MS, queueTimeoutMs: PATIENCE_MS, connectTimeoutMs: PATIENCE_MS };
    const made = usersOn({ ...patient, ...target, url: `ldaps://${host}:${relay.port}` }, { LOCKOUT_RESERVE: 0 });
    /** The same wrong password each time: each repetition is another attempt. */
    const attempt = (context = request()) => made.users.authenticate(login(name, 'Wr0ng-Passw0rd!'), context);
    /** Until the connector notices that its connections are lost it may try one: that reaches no server, and must not be counted. */
    const attemptWhenConnected = async (counted: number) => {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const answer = await attempt();
        if (!isUndecided(answer) || Date.now() > deadline) return answer;
        assert.equal(await count(), counted, JSON.stringify(answer));
        await delay(20);
      }
    };
    const assertRefused = (answer: SignInOutcome) =>
      assert.ok('failure' in answer && answer.failure.wireName === 'WrongPassword', JSON.stringify(answer));
    try {
      const right = await made.users.authenticate(login(name, password), request());
      assert.ok('profile' in right, JSON.stringify(right));
      assert.equal(await count(), 0);

      assertRefused(await attempt());
      assert.equal(await count(), 1, 'the usual case');

      relay.mend();
      assertRefused(await attemptWhenConnected(1));
      assert.equal(await count(), 2, 'idle connections were lost');

      relay.breakAtAnswer();
      assertRefused(await attempt());
      assert.equal(await count(), 3, 'the search was interrupted, and repeated');

      const context = request();
      context.onStep = (step) => {
        if (step.name === 'find') relay.breakAtAnswer();
      };
      const undecided = await attempt(context);
      // The server has received the bind, so it is not sent again; the user gets an error.
      assert.ok(isUndecided(undecided), JSON.stringify(undecided));
      assert.equal(await count(), 4, 'the answer to the bind was lost');

      await crash();
      assertRefused(await attemptWhenConnected(4));
      assert.equal(await count(), 5, 'the server was down for a while');
    } finally {
      await made.close();
      await relay.close();
    }
  });
}

function isUndecided(answer: SignInOutcome): boolean {
  return 'failure' in answer && answer.failure.wireName === undefined;
}
