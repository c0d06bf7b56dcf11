/** What is said of the password when a sign-in could not be decided: a hub asks another connector only where it was not tried. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { UNSET_SETTINGS, usersOn } from '../../test/users-on.ts';
import { LdapError } from '../ldap/errors.ts';
import type { LdapResult } from '../ldap/messages.ts';
import { type AuthenticateOptions, createAuthenticate } from './authenticate.ts';

const ADA = { dn: 'uid=ada', attributes: new Map([['uid', { name: 'uid', values: [Buffer.from('ada')] }]]) };
// Nobody listens on port 1.
const nowhere = usersOn({ url: 'ldap://127.0.0.1:1', serviceAccount: undefined });
after(() => nowhere.close());
const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });

function bindResult(resultCode: number): LdapResult {
  return { resultCode, matchedDn: '', diagnosticMessage: '', referrals: [], controls: new Map() };
}

const failing = (error: LdapError) => async (): Promise<never> => {
  throw error;
};

async function errorWith(changes: Partial<AuthenticateOptions>) {
  const authenticate = createAuthenticate({
    directory: nowhere.directory,
    findUser: async () => ADA,
    checkPassword: async () => ({ result: bindResult(0), entry: ADA }),
    enrich: { full: async () => ({ profile: { id: 'ada' }, raw: {}, groups: undefined }), brief: async () => ({ id: 'ada' }) },
    settings: UNSET_SETTINGS,
    log,
    ...changes,
  });
  const claims = { pid: '1', username: 'ada', password: 'p', escaped: false };
  const answer = await authenticate(claims, { correlationId: '1', signal: new AbortController().signal });
  assert.ok('err' in answer);
  const { reason, tried } = answer.err;
  return [reason, tried];
}

test('before the bind, and where the bind cannot have been sent, the password was not tried', async () => {
  const unreachable = new LdapError('LDAP_UNREACHABLE', 'away');
  assert.deepEqual(await errorWith({ findUser: failing(unreachable) }), ['directory_unavailable', false]);
  assert.deepEqual(await errorWith({ findUser: failing(new LdapError('LDAP_TIMEOUT', 'slow', { mayHaveBeenSent: true })) }), [
    'directory_unavailable',
    false,
  ]);
  assert.deepEqual(await errorWith({ checkPassword: failing(unreachable) }), ['directory_unavailable', false]);
  assert.deepEqual(await errorWith({ checkPassword: failing(new LdapError('LDAP_BUSY', 'queue')) }), ['busy', false]);
  assert.deepEqual(await errorWith({ findUser: failing(new LdapError('LDAP_FILTER_INVALID', 'wrong')) }), [undefined, false]);
  const { users } = nowhere;
  const answer = await users.authenticate(
    { pid: '1', username: 'ada', password: 'p', escaped: false },
    { correlationId: '1', signal: new AbortController().signal },
  );
  assert.ok('err' in answer);
  assert.deepEqual([answer.err.reason, answer.err.tried], ['directory_unavailable', false]);
});

test('a bind that may have been sent may have been tried', async () => {
  for (const code of ['LDAP_TIMEOUT', 'LDAP_CONNECTION_LOST'] as const) {
    const lost = new LdapError(code, 'lost', { mayHaveBeenSent: true });
    assert.deepEqual(await errorWith({ checkPassword: failing(lost) }), ['directory_unavailable', undefined]);
  }
  const busy = 51;
  assert.deepEqual(await errorWith({ checkPassword: async () => ({ result: bindResult(busy), entry: ADA }) }), [
    'directory_unavailable',
    undefined,
  ]);
});

test('what fails after the bind says nothing of the directory: the password was right', async () => {
  const groups = new LdapError('LDAP_TIMEOUT', 'groups');
  assert.deepEqual(await errorWith({ enrich: { full: failing(groups), brief: failing(groups) } }), [undefined, undefined]);
});
