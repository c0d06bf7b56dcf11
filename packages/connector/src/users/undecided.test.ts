/** What a failed sign-in says about the password: a hub asks another connector only if the password was not tried. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { UNSET_SETTINGS, usersOn } from '../../test/users-on.ts';
import type { Directory } from '../ldap/directory.ts';
import { LdapError } from '../ldap/errors.ts';
import type { LdapResult } from '../ldap/messages.ts';
import { createAuthenticate } from './authenticate.ts';
import { createLockout } from './lockout/lockout.ts';
import { createRateLimits } from './rate-limits.ts';

const ADA = { dn: 'uid=ada', attributes: new Map([['uid', { name: 'uid', values: [Buffer.from('ada')] }]]) };
// Nothing listens on port 1.
const nowhere = usersOn({ url: 'ldap://127.0.0.1:1', serviceAccount: undefined });
after(() => nowhere.close());
const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });

function bindResult(resultCode: number): LdapResult {
  return { resultCode, matchedDn: '', diagnosticMessage: '', referrals: [], controls: new Map() };
}

function bindingWith(bind: Directory['bind']): Directory {
  return { ...nowhere.directory, bind };
}

const failing = (error: LdapError) => async (): Promise<never> => {
  throw error;
};

type AuthenticateOptions = Parameters<typeof createAuthenticate>[0];

/** @returns the failure's code, and whether the password was tried */
async function failureWith(changes: Partial<AuthenticateOptions>) {
  const authenticate = createAuthenticate({
    directory: nowhere.directory,
    findUser: async () => ADA,
    attributes: [],
    enrich: {
      subjectOf: async () => undefined,
      full: async () => ({ profile: { id: 'ada' }, raw: {}, groups: undefined }),
      brief: async () => ({ id: 'ada' }),
      refusal: async () => ({ failure: { code: 'invalid_credentials' } }),
    },
    rulesOf: async () => undefined,
    lockout: createLockout({ directory: nowhere.directory, reserve: 2, attributes: [], log }),
    isDenied: async () => false,
    limits: createRateLimits(UNSET_SETTINGS),
    settings: UNSET_SETTINGS,
    log,
    ...changes,
  });
  const claims = { pid: '1', username: 'ada', password: 'p', escaped: false };
  const answer = await authenticate(claims, { correlationId: '1', signal: new AbortController().signal });
  assert.ok('failure' in answer);
  return [answer.failure.code, answer.failure.tried];
}

test('the password counts as untried before the bind, and if the bind cannot have been sent', async () => {
  const unreachable = new LdapError('LDAP_UNREACHABLE', 'away');
  assert.deepEqual(await failureWith({ findUser: failing(unreachable) }), ['directory_unavailable', false]);
  assert.deepEqual(await failureWith({ findUser: failing(new LdapError('LDAP_TIMEOUT', 'slow', { mayHaveBeenSent: true })) }), [
    'directory_unavailable',
    false,
  ]);
  assert.deepEqual(await failureWith({ directory: bindingWith(failing(unreachable)) }), ['directory_unavailable', false]);
  assert.deepEqual(await failureWith({ directory: bindingWith(failing(new LdapError('LDAP_BUSY', 'queue'))) }), ['connector_busy', false]);
  assert.deepEqual(await failureWith({ findUser: failing(new LdapError('LDAP_FILTER_INVALID', 'wrong')) }), ['connector_error', false]);
  const { users } = nowhere;
  const answer = await users.authenticate(
    { pid: '1', username: 'ada', password: 'p', escaped: false },
    { correlationId: '1', signal: new AbortController().signal },
  );
  assert.ok('failure' in answer);
  assert.deepEqual([answer.failure.code, answer.failure.tried], ['directory_unavailable', false]);
});

test('the password counts as tried if the bind may have been sent', async () => {
  for (const code of ['LDAP_TIMEOUT', 'LDAP_CONNECTION_LOST'] as const) {
    const lost = new LdapError(code, 'lost', { mayHaveBeenSent: true });
    assert.deepEqual(await failureWith({ directory: bindingWith(failing(lost)) }), ['directory_unavailable', undefined]);
  }
  const busy = 51;
  assert.deepEqual(await failureWith({ directory: bindingWith(async () => bindResult(busy)) }), ['directory_unavailable', undefined]);
});

test('a failure after a successful bind is an unexpected error, not an unavailable directory', async () => {
  const groups = new LdapError('LDAP_TIMEOUT', 'groups');
  assert.deepEqual(
    await failureWith({
      directory: bindingWith(async () => bindResult(0)),
      enrich: { subjectOf: async () => undefined, full: failing(groups), brief: failing(groups), refusal: failing(groups) },
    }),
    ['connector_error', undefined],
  );
});
