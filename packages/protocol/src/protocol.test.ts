import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerName, claimsOf, decodeFrame, encodeFrame, knownCapabilities, pidOf, ticketInfo } from './index.ts';

describe('decodeFrame', () => {
  it('accepts JSON objects with a name only', async (t) => {
    assert.deepEqual(decodeFrame('{"n":"x","p":{"a":1}}'), { n: 'x', p: { a: 1 } });
    assert.deepEqual(decodeFrame('{"n":"authenticated"}'), { n: 'authenticated', p: undefined });
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '{"p":1}',
      '{"n":1}',
      '{"n":""}',
      '{"n":null}',
      deep,
      `{"n":"${'x'.repeat(2000)}"}`,
    ]) {
      await t.test(text.slice(0, 20) || 'empty', async () => {
        assert.equal(decodeFrame(text), undefined, text.slice(0, 20));
      });
    }
  });

  it('accepts names of object properties as plain names', () => {
    for (const n of ['close', 'error', '__proto__', 'constructor']) assert.equal(decodeFrame(encodeFrame(n))?.n, n);
  });
});

describe('claimsOf', () => {
  it('reads a name or password that is missing or of the wrong type as empty, and a number as a name', () => {
    for (const password of [undefined, null, '', 1, {}, ['x'], true, false]) {
      const read = claimsOf('authenticate_user', { pid: 'p', username: 'a', password });
      assert.deepEqual(read, { claims: { pid: 'p', username: 'a', password: '', escaped: false } });
    }
    for (const [username, meant] of [
      [5, '5'],
      [undefined, ''],
      [null, ''],
      [{}, ''],
      [['a'], ''],
      [true, ''],
    ] as const) {
      const read = claimsOf('authenticate_user', { pid: 'p', username, password: 'x' });
      assert.deepEqual(read, { claims: { pid: 'p', username: meant, password: 'x', escaped: false } });
    }
    assert.ok('problem' in claimsOf('authenticate_user', 'x'));
  });

  it('reads an old password that is not a string as empty, and only an absent one as a reset', async (t) => {
    for (const [given, meant] of [
      [{}, undefined],
      [{ oldPassword: 'x' }, 'x'],
      [{ oldPassword: '' }, ''],
      [{ oldPassword: null }, ''],
      [{ oldPassword: false }, ''],
      [{ oldPassword: {} }, ''],
      [{ oldPassword: 0 }, ''],
    ] as const) {
      await t.test(JSON.stringify(given), async () => {
        const read = claimsOf('change_password', { pid: 'p', username: 'a', password: 'n', ...given });
        assert.ok('claims' in read);
        assert.equal(read.claims.oldPassword, meant);
      });
    }
  });

  it('leaves the pid readable if another claim is invalid', () => {
    assert.equal(pidOf({ pid: 'p', username: 5 }), 'p');
    assert.equal(pidOf({ pid: 7 }), '7');
    for (const claims of [{}, { pid: '' }, { pid: 'x'.repeat(300) }, { pid: null }, null]) assert.equal(pidOf(claims), undefined);
  });

  it('reads a limit below 1 as no limit', async (t) => {
    for (const [given, meant] of [
      [5, 5],
      ['7', 7],
      [2.5, 2],
      [0, undefined],
      [-1, undefined],
      [null, undefined],
      [undefined, undefined],
    ]) {
      await t.test(String(given), async () => {
        const read = claimsOf('search_users', { pid: 'p', limit: given });
        assert.ok('claims' in read);
        assert.equal(read.claims.limit, meant);
      });
    }
  });

  it('takes a value as escaped only if `escaped` is true', async (t) => {
    for (const [given, meant] of [
      [true, true],
      ['true', false],
      [1, false],
      [undefined, false],
    ]) {
      await t.test(JSON.stringify(given) ?? 'absent', async () => {
        const read = claimsOf('search_users', { pid: 'p', search: 'x', escaped: given });
        assert.ok('claims' in read);
        assert.equal(read.claims.escaped, meant);
      });
    }
  });

  it('has an answer whose frame name contains the pid', () => {
    assert.equal(answerName('authenticate_user', 'P'), 'P_result');
    assert.equal(answerName('search_users', 'P'), 'P_search_users_result');
    assert.equal(answerName('list_groups', 'P'), 'P_list_groups_result');
    assert.equal(answerName('change_password', 'P'), 'P_change_password_result');
  });
});

describe('ticketInfo', () => {
  it('accepts the answer of hubs with fewer or more fields than ours', () => {
    const least = { connectionName: 'c', connectionDomain: 'd', adHub: 'https://h', realm: { name: 'urn:r' } };
    assert.ok(ticketInfo.safeParse(least).success);
    assert.equal(
      ticketInfo.parse({ ...least, realm: { name: 'r', postTokenUrl: ['https://a', 'https://b'] }, more: 1 }).realm.postTokenUrl,
      'https://a,https://b',
    );
    assert.ok(!ticketInfo.safeParse({ ...least, adHub: undefined }).success);
  });
});

describe('knownCapabilities', () => {
  it('returns the capabilities that both sides know', () => {
    assert.deepEqual(knownCapabilities(['drain', 'fly']), ['drain']);
    assert.deepEqual(knownCapabilities(undefined), []);
  });
});
