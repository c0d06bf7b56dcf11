/** Requests that proxy and connector could parse differently, and forged proxy headers, over plain sockets behind a trusted proxy. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { type TestContext, test } from 'node:test';
import { sendRaw, statusesIn } from '@landbridge/lab';
import type { FrontChannelOn } from '../../test/front-channel-on.ts';
import { opened, rawRequest, SIGN_IN, signedInAs } from '../../test/trusted-identity.ts';

const FORM_LINE = 'Content-Type: application/x-www-form-urlencoded';

/** The test's own address is the trusted proxy. */
const behindProxy = (t: TestContext) => opened(t, { TRUSTED_PROXIES: '127.0.0.1' }, { tls: false });

test('rejects requests that a proxy might parse differently (request smuggling)', async (t) => {
  const on = await behindProxy(t);
  const honest = await sendRaw(on.url, rawRequest(`GET ${SIGN_IN} HTTP/1.1`, ['Connection: close', 'X-Forwarded-User: anna']));
  assert.deepEqual(signedInAs(honest), ['anna']);
  const smuggled = rawRequest(`GET ${SIGN_IN} HTTP/1.1`, ['Connection: close', 'X-Forwarded-User: boss']);
  const requests: [string, string[], string][] = [
    ['both lengths', ['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`],
    ['both lengths, the other way round', ['Transfer-Encoding: chunked', `Content-Length: ${smuggled.length + 5}`], `0\r\n\r\n${smuggled}`],
    ['two lengths', ['Content-Length: 0', `Content-Length: ${smuggled.length}`], smuggled],
    ['a length that is a list', [`Content-Length: 0, ${smuggled.length}`], smuggled],
    ['a signed length', ['Content-Length: +0'], smuggled],
    ['a length in another base', ['Content-Length: 0x0'], smuggled],
    ['another encoding', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${smuggled}`],
    ['two encodings', ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`],
    ['a hidden encoding', ['Transfer-Encoding : chunked'], `0\r\n\r\n${smuggled}`],
    ['an encoding behind a vertical tab', ['Transfer-Encoding:\x0bchunked'], `0\r\n\r\n${smuggled}`],
    ['a chunk of a wrong size', ['Transfer-Encoding: chunked'], `-1\r\n\r\n${smuggled}`],
    ['a chunk with a bare line feed', ['Transfer-Encoding: chunked'], `0\n\n${smuggled}`],
    ['a folded header', ['X-A: b', ' Content-Length: 0'], smuggled],
    ['a bare line feed in a header', [`X-A: b\nX-B: c`, 'Content-Length: 0'], smuggled],
    ['a bare carriage return in a header', ['X-A: b\rX-B: c', 'Content-Length: 0'], smuggled],
    ['a null in a header', ['X-A: b\0c', 'Content-Length: 0'], smuggled],
  ];
  for (const [name, headers, body] of requests) {
    await t.test(name, async () => {
      const received = await sendRaw(on.url, rawRequest('POST /wsfed HTTP/1.1', [FORM_LINE, ...headers], body));
      assert.deepEqual(signedInAs(received), [], received);
      assert.ok(!statusesIn(received).includes(200), received);
    });
  }
});

test('only one header of exactly this name counts as X-Forwarded-User', async (t) => {
  const on = await behindProxy(t);
  for (const lines of [
    ['X_Forwarded_User: boss'],
    ['X-Forwarded-User : boss'],
    [' X-Forwarded-User: boss'],
    ['X-A: b', ' X-Forwarded-User: boss'],
    ['X-A: b\nX-Forwarded-User: boss'],
    ['X-A: b\rX-Forwarded-User: boss'],
    ['X-Forwarded-User\0: boss'],
    ['X-Forwarded-User: boss', 'X-Forwarded-User: anna'],
    ['X-Forwarded-User: boss', 'x-forwarded-user: boss'],
    ['X-Forwarded-User: boss, anna'],
    ['X-Forwarded-User: boss', ' anna'],
    ['X-Forwarded-User: boss', ...Array.from({ length: 97 }, (_, n) => `X-${n}: y`), 'X-Forwarded-User: anna'],
    ['X-Forwarded-User:'],
    ['X-Forwarded-User: (null)'],
    ['X-Forwarded-User: anna/boss'],
    ['X-Forwarded-User: MACHINE$'],
    ['X-Forwarded-User: a\tb'],
    ['X-Remote-User: boss'],
    ['REMOTE_USER: boss'],
    ['Forwarded: for=127.0.0.1;user=boss'],
    ['Authorization: Basic Ym9zczpib3Nz'],
    [`Cookie: X-Forwarded-User=boss`],
  ]) {
    await t.test(JSON.stringify(lines).slice(0, 100), async () => {
      const received = await sendRaw(on.url, rawRequest(`GET ${SIGN_IN} HTTP/1.1`, ['Connection: close', ...lines]));
      assert.deepEqual(signedInAs(received), [], received.slice(0, 200));
    });
  }
  // Trailers are not headers (RFC 9110, section 6.5).
  const trailer = await sendRaw(
    on.url,
    rawRequest(
      'POST /wsfed HTTP/1.1',
      [FORM_LINE, 'Connection: close', 'Transfer-Encoding: chunked', 'Trailer: X-Forwarded-User'],
      '0\r\nX-Forwarded-User: boss\r\n\r\n',
    ),
  );
  assert.deepEqual(statusesIn(trailer), [200]);
  assert.deepEqual(signedInAs(trailer), []);
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((found) => found?.family === 'IPv4' && !found.internal)?.address;
test('serves plain HTTP only to trusted proxies and this machine', {
  skip: outside === undefined && 'this machine has no network address',
}, async (t) => {
  const settings = { LISTEN_ADDRESS: '0.0.0.0' };
  const on = await opened(t, { ...settings, TRUSTED_PROXIES: '203.0.113.1' }, { tls: false });
  const ask = async ({ front }: FrontChannelOn, host = outside) => {
    const headers = { 'X-Forwarded-User': 'boss', 'X-Forwarded-For': '203.0.113.1', 'X-Forwarded-Proto': 'https' };
    const answer = await fetch(`http://${host}:${front.port}${SIGN_IN}`, { headers });
    return [answer.status, ...signedInAs(await answer.text())];
  };
  assert.deepEqual(await ask(on), [403]);
  assert.deepEqual(await ask(on, '127.0.0.1'), [200]);
  assert.deepEqual(await ask(await opened(t, { ...settings, TRUSTED_PROXIES: outside }, { tls: false })), [200, 'boss']);
});

test('each request on a connection has its own user', async (t) => {
  const on = await behindProxy(t);
  const of = (name: string | undefined, more: string[] = []) =>
    rawRequest(`GET ${SIGN_IN} HTTP/1.1`, [...(name === undefined ? [] : [`X-Forwarded-User: ${name}`]), ...more]);
  const received = await sendRaw(on.url, `${of('anna')}${of(undefined)}${of('bertha')}${of(undefined, ['Connection: close'])}`);
  assert.deepEqual(statusesIn(received), [200, 200, 200, 200]);
  const answers = received.split(/HTTP\/1\.1 (?=\d{3} )/).slice(1);
  assert.deepEqual(
    answers.map((answer) => signedInAs(answer)),
    [['anna'], [], ['bertha'], []],
  );
});
