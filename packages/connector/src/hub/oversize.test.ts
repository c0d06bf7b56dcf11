import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oversizeRequest } from './oversize.ts';

const LONG = 'x'.repeat(2_000_000);
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (claims: object) => `${encoded({ alg: 'RS256', typ: 'JWT', kid: 'k' })}.${encoded(claims)}.${'s'.repeat(342)}`;
const frame = (name: string, payload: object) => JSON.stringify({ n: name, p: payload });

test('finds the pid among the first and the last claims of a token', () => {
  for (let extra = 0; extra < 4; extra++) {
    const pid = `p${'1'.repeat(extra)}`;
    for (const claims of [
      { pid, username: LONG, password: 'x' },
      { username: LONG, password: 'x', pid },
      { username: LONG, password: 'x', pid, iat: 1, exp: 2 },
    ]) {
      assert.deepEqual(oversizeRequest(frame('authenticate_user', { jwt: token(claims) })), {
        name: 'authenticate_user',
        correlationId: pid,
      });
    }
  }
  const numbered = frame('search_users', { jwt: token({ pid: 17, search: LONG }) });
  assert.deepEqual(oversizeRequest(numbered), { name: 'search_users', correlationId: '17' });
});

test('finds the pid of claims that are not in a token', () => {
  assert.deepEqual(oversizeRequest(frame('authenticate_user', { pid: 'abc', username: LONG })), {
    name: 'authenticate_user',
    correlationId: 'abc',
  });
});

test('does not mistake a name for the pid, and ignores other frames', () => {
  const forged = `"pid":"victim","x":"${LONG}","pid":"victim`;
  for (const payload of [
    { username: forged },
    { jwt: token({ username: forged }) },
    { jwt: token({ username: LONG, pid: 'in the middle', password: LONG }) },
  ]) {
    assert.equal(oversizeRequest(frame('authenticate_user', payload)), undefined);
  }
  for (const name of ['authenticated', '__proto__', 'toString'])
    assert.equal(oversizeRequest(frame(name, { pid: 'a', x: LONG })), undefined);
  assert.equal(oversizeRequest(LONG), undefined);
});
