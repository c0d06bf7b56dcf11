/** On a real directory: guesses by all names through two connectors leave the account unlocked, and the right password still works. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Client } from 'ldapts';
import { login, request, usersOn } from '../../../test/users-on.ts';
import type { ConnectorSettings } from '../../config/settings.ts';

export interface LockingDirectory {
  /** LDAPS */
  target: Parameters<typeof usersOn>[0];
  settings?: Partial<ConnectorSettings>;
  /** All names of one user. */
  names: readonly string[];
  dn: string;
  password: string;
  /** This many wrong passwords lock an account: at least 4. */
  threshold: number;
}

export function registerLockoutReserveTest(directory: () => LockingDirectory, account = 'an account'): void {
  it(`${account} is not locked by guesses through several connectors`, async () => {
    const { target, settings, names, dn, password, threshold } = directory();
    const connectors = [usersOn(target, settings), usersOn(target, settings)];
    try {
      const guess = async (made: (typeof connectors)[number], name: string, guessed: string) => {
        const outcome = await made.users.authenticate(login(name, guessed), request());
        return 'failure' in outcome ? outcome.failure.code : 'ok';
      };
      const guesses = names.flatMap((name) => connectors.flatMap((made) => [0, 1, 2, 3].map((n) => guess(made, name, `${name}-${n}`))));
      const codes = await Promise.all(guesses);
      for (const made of connectors) codes.push(await guess(made, names[0] ?? '', 'another'), await guess(made, names[0] ?? '', password));
      const tried = codes.filter((code) => code === 'invalid_credentials').length;
      // Both connectors may have read the same count and tried one password each. 389 Directory Server counts two binds at the same moment once,
      // so there each connector may try as many as the count permits. That the account stays unlocked is checked below.
      assert.ok(tried >= threshold - 2 && tried <= 2 * (threshold - 2), codes.join());
      assert.equal(codes.filter((code) => code === 'too_many_attempts').length, codes.length - tried, codes.join());
      const desk = new Client({ url: target.url, tlsOptions: { ca: target.ca } });
      await desk.bind(dn, password);
      await desk.unbind();
      assert.deepEqual(await Promise.all(connectors.map((made) => guess(made, names[0] ?? '', password))), ['ok', 'ok']);
    } finally {
      for (const made of connectors) await made.close();
    }
  });
}
