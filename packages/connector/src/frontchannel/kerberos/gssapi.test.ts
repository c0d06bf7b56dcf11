/** GSS-API without a KDC: a missing library, and answers of the library that are rejected. Real tickets are in `kerberos.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { acceptWithGssapi, openGssapi } from './gssapi.ts';
import type { Accepted, MitKerberos } from './mit-kerberos.ts';

const { log } = createLog({ level: 'error', format: 'json', destination: { write() {} } });
const GOOD: Accepted = {
  client: 'alice@FABRIKAM.LOCAL',
  service: 'HTTP/sso.fabrikam.local@FABRIKAM.LOCAL',
  isKerberos: true,
  isAnonymous: false,
  response: Buffer.from('response'),
};
const STORE = { keytab: 'FILE:/none', rcache: 'dfl:' };

test('returns the names of the library unchanged', () => {
  const answer = { ...GOOD, client: 'al\\0ice\\@OTHER\\/x@FABRIKAM.LOCAL' };
  assert.deepEqual(acceptWithGssapi(answering(answer), Buffer.from('token'), STORE), {
    principal: answer.client,
    target: GOOD.service,
    responseToken: GOOD.response,
  });
  assert.equal(acceptWithGssapi(answering({ ...GOOD, response: Buffer.alloc(0) }), Buffer.from('token'), STORE).responseToken, undefined);
});

test('rejects incomplete exchanges, other mechanisms and anonymous tickets', () => {
  const rejects = (answer: Accepted | undefined, message: RegExp) =>
    assert.throws(() => acceptWithGssapi(answering(answer), Buffer.from('token'), STORE), { message });
  rejects(undefined, /only begins an exchange/);
  rejects({ ...GOOD, isKerberos: false }, /mechanism other than Kerberos/);
  rejects({ ...GOOD, isAnonymous: true }, /anonymous/);
});

test('reports a missing or wrong library, and what to install', async () => {
  // The first does not exist, the second is not a Kerberos library.
  for (const libraries of [['libnothing-of-the-kind.so.1'], ['libnothing-of-the-kind.so.1', process.execPath]]) {
    await assert.rejects(openGssapi({ keytab: '/none', log, libraries }), (error: unknown) => {
      const { code, message, action } = Object(error);
      assert.equal(code, 'KERBEROS_UNAVAILABLE');
      assert.match(message, /libnothing-of-the-kind/);
      for (const name of ['libgssapi-krb5-2', 'krb5-libs', 'Homebrew', 'nothing to compile']) assert.ok(action.includes(name), name);
      return true;
    });
  }
});

function answering(answer: Accepted | undefined): MitKerberos {
  return { accept: () => answer };
}
