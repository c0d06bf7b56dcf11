/** The audit log at an HTTPS receiver that fails in every way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createCertificateAuthority } from '@landbridge/lab';
import { z } from 'zod';
import { auditCopiesForTest, until } from '../../../test/audit-copies-for-test.ts';
import { TEST_CHAIN } from '../../../test/audit-for-test.ts';
import { pruneAuditLog } from '../retention.ts';

const line = z.object({ id: z.number().optional(), action: z.string(), head: z.string().optional() });
const idsOf = ({ body }: { body: string }) =>
  body
    .trim()
    .split('\n')
    .flatMap((text) => line.parse(JSON.parse(text)).id ?? []);

async function begin(t: TestContext) {
  const { folder, store, lines, audit, copy } = auditCopiesForTest(t);
  const authority = await createCertificateAuthority('Receiver CA');
  const { cert, key } = await authority.issue({ commonName: 'receiver', ips: ['127.0.0.1'] });
  const [ca, token] = [join(folder, 'ca.pem'), join(folder, 'token')];
  writeFileSync(ca, authority.cert);
  writeFileSync(token, 'first-token\n');
  const requests: { key: string; token: string; type: string; body: string }[] = [];
  /** Undefined: the connection breaks after the request was read. */
  let answer: number | undefined = 200;
  const server = createServer({ cert, key }, async (request, response) => {
    const { 'idempotency-key': idempotencyKey, authorization = '', 'content-type': type = '' } = request.headers;
    requests.push({ key: String(idempotencyKey), token: authorization, type, body: await text(request) });
    if (answer === undefined) request.socket.destroy();
    else response.writeHead(answer, { location: '/other' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const settings = { AUDIT_HTTP_URL: `https://127.0.0.1:${port}/in?key=secret-key`, AUDIT_HTTP_TOKEN_FILE: token, AUDIT_CA_FILE: ca };
  return {
    ...{ store, lines, requests, token },
    answerWith(status: number | undefined) {
      answer = status;
    },
    record: () => audit.record({ actor: 'user', action: 'login', subject: 'anna', result: 'ok' }),
    copy: (more: object = {}) => copy({ ...settings, ...more }),
  };
}

test('a batch is repeated with the same content and key until the answer is 2xx, even after a restart and with a new token', async (t) => {
  const { record, copy, requests, answerWith, token, lines } = await begin(t);
  for (const status of [500, undefined, 302, 401]) {
    requests.length = 0;
    lines.length = 0;
    answerWith(status);
    await record();
    let copies = copy();
    await until(() => requests.length >= 1);
    await until(async () => (await copies.status())[0]?.failure !== undefined);
    // These are not part of the batch that failed.
    await record();
    await copies.stop();
    writeFileSync(token, 'second-token\n');
    copies = copy();
    await until(() => requests.length >= 2);
    const [first, second] = requests;
    assert.ok(first && second);
    assert.deepEqual([second.key, second.body], [first.key, first.body]);
    assert.equal(second.token, 'Bearer second-token');
    assert.equal(first.type, 'application/x-ndjson');
    answerWith(204);
    await until(async () => (await copies.status())[0]?.unsent === 0);
    await copies.stop();
    const accepted = requests.filter(({ key }) => key === first.key);
    assert.ok(accepted.every(({ body }) => body === first.body));
    assert.ok(requests.some(({ body, key }) => key !== first.key && idsOf({ body }).length === 1));
    assert.ok(requests.some(({ body }) => body.includes('"audit.head"')));
    assert.equal(lines.filter((text) => text.includes('Audit log not copied')).length, 2);
    assert.doesNotMatch(lines.join(''), /-token|secret-key/);
    writeFileSync(token, 'first-token\n');
  }
});

test('a receiver whose certificate is not from AUDIT_CA_FILE gets nothing, even with NODE_TLS_REJECT_UNAUTHORIZED=0', async (t) => {
  const { record, copy, requests } = await begin(t);
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  t.after(() => {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
  });
  await record();
  const copies = copy({ AUDIT_CA_FILE: undefined });
  await until(async () => (await copies.status())[0]?.failure !== undefined);
  await copies.stop();
  assert.deepEqual(requests, []);
});

test('records that expired before they were delivered are counted, and the rest are delivered', async (t) => {
  const { store, record, copy, requests, answerWith, lines } = await begin(t);
  await record();
  let copies = copy();
  await until(async () => (await copies.status())[0]?.unsent === 0);
  await copies.stop();
  answerWith(503);
  for (let n = 0; n < 5; n++) await record();
  copies = copy();
  await until(async () => (await copies.status())[0]?.failure !== undefined);
  await pruneAuditLog(store, TEST_CHAIN.seal, 1, new Date(Date.now() + 10 * 24 * 60 * 60_000));
  await record();
  requests.length = 0;
  answerWith(200);
  await until(async () => (await copies.status())[0]?.unsent === 0);
  // The record of the removal and the one after it.
  assert.deepEqual(requests.flatMap(idsOf), [7, 8]);
  assert.equal((await copies.status())[0]?.lost, 5);
  assert.ok(lines.some((text) => text.includes('reached their retention limit')));
});
