import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { createLog, loadSettings } from '@landbridge/runtime';
import { z } from 'zod';
import { TEST_CHAIN } from '../../test/audit-for-test.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { startMailServer, whyNoMailServer } from '../../test/mail-server.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { exampleCertificate, exampleConnection } from '../../test/store-conformance/examples.ts';
import { createApiKey } from '../api/api-keys.ts';
import { createOnlineConnectors } from '../connectors/online.ts';
import { HUB_SETTINGS } from '../settings.ts';
import type { Store } from '../store/store.ts';
import { startAlerts } from './alerts.ts';

const SECRET = 'a secret of the receiver';
const MINUTE_MS = 60_000;
const signature = z.string().regex(/^t=\d+,v1=[0-9a-f]{64}$/);
const message = z.object({ id: z.string(), event: z.string(), kind: z.string(), text: z.string(), hub: z.string() });

/** A real HTTP receiver. `answers` are the statuses of its first answers; the others are 204. */
async function receiver(t: TestContext, answers: (number | { status: number; location: string })[] = []) {
  const requests: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      requests.push({ headers: request.headers, body });
      const answer = answers.shift() ?? 204;
      const { status, location } = typeof answer === 'number' ? { status: answer, location: undefined } : answer;
      response.writeHead(status, location === undefined ? {} : { Location: location }).end();
    });
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    url: `http://127.0.0.1:${port}/hook?token=in-the-query`,
    texts: () => requests.map(({ body }) => message.parse(JSON.parse(body)).text),
  };
}

/** A store with one connection that has one connector, which is away; and a clock. */
async function start(t: TestContext, environment: Record<string, string>, given?: Store) {
  const under = given === undefined ? await startHubForTest(t) : undefined;
  const store = given ?? under?.store;
  assert.ok(store);
  const clock = { ms: Date.now() };
  const lines: string[] = [];
  const { log } = createLog({ level: 'info', format: 'json', destination: { write: (line: string) => lines.push(line) } });
  const online = createOnlineConnectors(log, 60_000);
  const reachable = { of: online.of };
  t.after(() => online.stop());
  const { values: settings, problems } = loadSettings(HUB_SETTINGS, { file: {}, environment });
  assert.deepEqual(problems, []);
  const begin = () => {
    const alerts = startAlerts({
      ...{ store, settings, log, chain: TEST_CHAIN, certificate: undefined, expiryDays: 14 },
      online: { ...online, of: (id) => reachable.of(id) },
      sprayAlarms: { recent: () => [] },
      auditCopies: { status: async () => [] },
      hub: () => 'https://hub.example',
      now: () => new Date(clock.ms),
    });
    t.after(() => alerts.stop());
    return alerts;
  };
  return { store, under, clock, lines, reachable, begin };
}

async function addConnector(store: Store): Promise<void> {
  await store.addConnection(exampleConnection('corp'));
  await store.addCertificate('id-corp', exampleCertificate('01'), 5);
  const seen = {
    id: 'i1',
    connectionId: 'id-corp',
    thumbprint: '01',
    identity: 'told x',
    hostName: 'dc1',
    version: '1',
    remoteAddress: '192.0.2.1',
  };
  await store.seeInstance({ ...seen, at: new Date() }, 5);
}

const ONE_ONLINE = (() => [{ instance: 'i1', eligibility: () => 'eligible' }]) as never;

test('an alert is raised once when its condition has lasted, survives a restart, and is resolved once', async (t) => {
  const hook = await receiver(t);
  const { store, clock, reachable, begin, lines } = await start(t, { ALERT_WEBHOOK_URL: hook.url, ALERT_WEBHOOK_SECRET: SECRET });
  await addConnector(store);
  const alerts = begin();
  await alerts.check();
  clock.ms += MINUTE_MS;
  await alerts.check();
  assert.equal(hook.requests.length, 0, 'a short absence is no alert');
  clock.ms += MINUTE_MS;
  await alerts.check();
  await alerts.check();
  assert.deepEqual(hook.texts(), ['No connector of "corp" is online']);
  await alerts.stop();

  const [request] = hook.requests;
  assert.ok(request);
  const given = signature.parse(request.headers['landbridge-signature']);
  const [, seconds = '', mac = ''] = /^t=(\d+),v1=(.*)$/.exec(given) ?? [];
  assert.equal(createHmac('sha256', SECRET).update(`${seconds}.${request.body}`).digest('hex'), mac);
  const { id, event, kind, hub } = message.parse(JSON.parse(request.body));
  assert.deepEqual([event, kind, hub, request.headers['idempotency-key']], ['raised', 'connector', 'https://hub.example', `"${id}"`]);

  const again = begin();
  await again.check();
  clock.ms += 5 * MINUTE_MS;
  await again.check();
  assert.equal(hook.requests.length, 1);
  reachable.of = ONE_ONLINE;
  await again.check();
  clock.ms += 2 * MINUTE_MS;
  await again.check();
  await again.check();
  assert.deepEqual(
    hook.requests.map(({ body }) => message.parse(JSON.parse(body)).event),
    ['raised', 'resolved'],
  );
  assert.deepEqual(await store.openAlerts(), []);
  assert.doesNotMatch(lines.join(''), new RegExp(`${SECRET}|in-the-query`));
});

test('a message that is not accepted is repeated with growing delays, and given up in the end', async (t) => {
  const hook = await receiver(t, [...Array.from({ length: 11 }, () => 500), { status: 302, location: 'http://127.0.0.1:1/' }]);
  const { store, clock, begin } = await start(t, { ALERT_WEBHOOK_URL: hook.url, ALERT_WEBHOOK_SECRET: SECRET, ALERT_AFTER_MINUTES: '0' });
  await addConnector(store);
  const alerts = begin();
  for (let minutes = 0; minutes < 300; minutes++, clock.ms += MINUTE_MS) await alerts.check();
  assert.equal(hook.requests.length, 12);
  const [alert] = await store.openAlerts();
  const [last] = await store.alertMessages([alert?.id ?? '']);
  assert.deepEqual(
    [last?.attempts, last?.nextAt, last?.sentAt, last?.failure],
    [12, undefined, undefined, 'the receiver answered HTTP 302'],
  );
  assert.equal(new Set(hook.requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
});

for (const scheme of ['smtps', 'starttls'] as const) {
  test(`alerts are mailed with ${scheme}, and only to a server with a trusted certificate`, { skip: whyNoMailServer() }, async (t) => {
    await using server = await startMailServer(scheme);
    const environment = {
      ALERT_SMTP_URL: `${scheme === 'smtps' ? 'smtps' : 'smtp'}://127.0.0.1:${server.port}`,
      ALERT_MAIL_FROM: 'hub@fabrikam.com',
      ALERT_MAIL_TO: 'ops@fabrikam.com,second@fabrikam.com',
    };
    const { store, begin } = await start(t, { ...environment, ALERT_CA_FILE: server.caFile, ALERT_AFTER_MINUTES: '0' });
    await addConnector(store);
    await begin().check();
    const [sent] = await store.alertMessages((await store.openAlerts()).map(({ id }) => id));
    assert.equal(sent?.failure, undefined);
    const mail = await server.untilReceived();
    assert.match(mail, /^Subject: =\?UTF-8\?Q\?=5BLandbridge=5D_No_connector_of/m);
    assert.match(mail, /^No connector of "corp" is online$/m);
    assert.match(mail, /^To: ops@fabrikam\.com, second@fabrikam\.com$/m);
    assert.match(mail, /^Connection: https:\/\/hub\.example\/dashboard\/connections\/corp$/m);

    const { begin: beginWithout } = await start(t, environment, store);
    const [result] = await beginWithout().test();
    assert.match(result?.failure ?? '', /certificate/);
    assert.doesNotMatch(server.received(), /This is a test/);
  });
}

test('a certificate or an API key that expires soon, and a changed audit record, cause alerts', async (t) => {
  const { store, under, begin } = await start(t, {});
  const operator = operatorForTest(store);
  await createApiKey(operator, 'billing', { days: 3 });
  await createApiKey(operator, 'wiki', { days: 300 });
  const alerts = begin();
  await alerts.check();
  assert.deepEqual(
    (await store.openAlerts()).map(({ kind, text }) => [kind, text.replace(/\d{4}-\d\d-\d\d/, 'DAY')]),
    [['expiry', 'The API key "billing" expires DAY']],
  );
  await alerts.stop();
  const database = new DatabaseSync(under?.databasePath ?? '');
  database.exec("DROP TRIGGER audit_log_update; UPDATE audit_log SET detail = 'changed' WHERE id = 1");
  database.close();
  const again = begin();
  let texts: string[] = [];
  for (let n = 0; n < 100 && texts.length < 2; n++) {
    await again.check();
    texts = (await store.openAlerts()).map(({ text }) => text);
  }
  assert.ok(texts.includes('The audit log is broken at record 1: it, or the one before it, was changed'), texts.join());
});

test('a receiver that does not answer does not hold up the end of the hub, and gets the message after a restart', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  t.after(() => silent.close());
  t.after(() => silent.closeAllConnections());
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const { store, begin } = await start(t, { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: SECRET, ALERT_AFTER_MINUTES: '0' });
  await addConnector(store);
  const alerts = begin();
  void alerts.check();
  await once(silent, 'request');
  await alerts.stop();
  const due = await store.dueAlertMessages(new Date(Date.now() + MINUTE_MS), 10);
  assert.deepEqual(
    due.map(({ event, attempts }) => [event, attempts]),
    [['raised', 0]],
  );
});
