/**
 * Tickets by MIT Kerberos without a KDC: where the library is missing, and what is not accepted though the library did not
 * refuse it. Real tickets are in `kerberos.test.ts`.
 */
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

test('what the library says of a ticket is taken as it is', () => {
  const answer = { ...GOOD, client: 'al\\0ice\\@OTHER\\/x@FABRIKAM.LOCAL' };
  assert.deepEqual(acceptWithGssapi(answering(answer), Buffer.from('token'), STORE), {
    principal: answer.client,
    target: GOOD.service,
    responseToken: GOOD.response,
  });
  assert.equal(acceptWithGssapi(answering({ ...GOOD, response: Buffer.alloc(0) }), Buffer.from('token'), STORE).responseToken, undefined);
});

test('half an exchange, another mechanism and somebody without a name are refused', () => {
  const refused = (answer: Accepted | undefined, message: RegExp) =>
    assert.throws(() => acceptWithGssapi(answering(answer), Buffer.from('token'), STORE), { message });
  refused(undefined, /only the beginning of an exchange/);
  refused({ ...GOOD, isKerberos: false }, /something else than Kerberos/);
  refused({ ...GOOD, isAnonymous: true }, /without a name/);
});

test('a library that is missing, or is another one, is said with what to install', async () => {
  // The first one is not there, and the second is not one of Kerberos.
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
