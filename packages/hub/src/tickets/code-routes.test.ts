import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { askForCode, type CodeAttempt } from '../../test/code-connector.ts';
import { enrolWithProof } from '../../test/enrolling-connector.ts';
import { makeIdentity } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { POLL_INTERVAL_MS } from './enrolment-codes.ts';

const [OURS, THEIRS] = [makeIdentity(), makeIdentity()];

async function start(t: TestContext, changes: Parameters<typeof signedInBrowser>[2] = {}) {
  const under = await startHubForTest(t, { TRUSTED_PROXIES: '127.0.0.1' });
  const ticket = await under.createConnection();
  const { publicUrl } = under.hub;
  const { browser } = await signedInBrowser(under.store, 'anna', changes);
  const connection = await under.store.connectionByName('corp');
  assert.ok(connection);
  const ask = async (identity = OURS, options: Parameters<typeof askForCode>[2] = {}): Promise<CodeAttempt> => {
    const attempt = await askForCode(under.hub.url, identity, options);
    assert.ok(typeof attempt !== 'string', String(attempt));
    return attempt;
  };
  const page = (code: string) => browser.open(`${publicUrl}/dashboard/code/${code}`);
  const approve = async (code: string, fields: Record<string, string> = {}) =>
    browser.submit(await page(code), '/approve', { connection: 'corp', matches: 'on', ...fields });
  /** A ticket in the form that the connector makes. */
  const ticketOf = ({ hub }: CodeAttempt) => `${publicUrl}/p/ad/${connection.id}..${hub}`;
  const enrol = (attempt: CodeAttempt, identity = OURS, options: Parameters<typeof enrolWithProof>[2] = {}) =>
    enrolWithProof(ticketOf(attempt), identity, { secret: undefined, ...options });
  const states = async () => (await under.store.certificates(connection.id)).map(({ state }) => state);
  const audited = async (action: string) =>
    (await under.store.auditRecords({ action }, 100)).map(({ actor, connection: name, subject, detail }) => ({
      actor,
      name,
      subject,
      detail,
    }));
  return { ...under, ticket, browser, connection, ask, page, approve, enrol, states, audited, dashboard: `${publicUrl}/dashboard` };
}

test('an approved key enrols once, for this connection, and the audit log has what the administrator saw', async (t) => {
  const { api, ask, page, approve, enrol, states, audited } = await start(t);
  // The administrator approved exactly this connector.
  await api('/connections/corp', { approveConnectors: true }, 'PATCH');
  const attempt = await ask();
  assert.equal(await attempt.poll(), 'pending');
  const shown = await page(attempt.userCode.toLowerCase().replace('-', ''));
  assert.ok(shown.text.includes(attempt.comparison));
  assert.ok(shown.text.includes('dc1') && shown.text.includes('1.2.3') && shown.text.includes('127.0.0.1'));
  assert.equal((await enrol(attempt)).code, 'ticket_not_found');
  assert.equal((await approve(attempt.userCode)).status, 303);
  assert.deepEqual(await states(), []);
  assert.equal((await enrol(attempt, THEIRS)).code, 'ticket_not_found');
  await sleep(POLL_INTERVAL_MS);
  assert.equal(await attempt.poll(), 'approved');
  assert.ok(attempt.connectionId);
  assert.equal((await enrol(attempt, OURS, { asksOnly: true })).state, 'new');
  assert.equal((await enrol(attempt)).state, 'enrolled');
  assert.deepEqual(await states(), ['approved']);
  // From now on the key is known.
  assert.equal((await enrol(attempt)).state, 'enrolled');
  assert.equal(await attempt.poll(), 'expired');

  const [record] = await audited('connector.approve-code');
  assert.deepEqual([record?.actor, record?.name, record?.detail], ['administrator:anna', 'corp', 'dc1, version 1.2.3, from 127.0.0.1']);
  assert.ok(shown.text.includes(record?.subject ?? 'none'));
  assert.equal((await audited('connector.register')).length, 1);
});

test('a key that waits for approval is approved by its code, and a revoked key stays revoked', async (t) => {
  const { store, ticket, connection, ask, approve, enrol, states } = await start(t);
  await enrolWithProof(ticket, THEIRS);
  assert.equal((await enrolWithProof(ticket, OURS)).state, 'pending');
  const attempt = await ask();
  await attempt.poll();
  await approve(attempt.userCode);
  assert.equal((await enrol(attempt)).state, 'enrolled');
  assert.deepEqual(await states(), ['approved', 'approved']);
  for (const { thumbprint } of await store.certificates(connection.id))
    await store.setCertificateState(connection.id, thumbprint, 'revoked');
  const again = await ask();
  await again.poll();
  await approve(again.userCode);
  assert.equal((await enrol(again)).state, 'revoked');
});

describe('the dashboard enrols no connector', () => {
  type Started = Awaited<ReturnType<typeof start>>;
  const cases: [string, (started: Started, code: string) => Promise<{ text: string; status: number }>, RegExp][] = [
    [
      'without the comparison',
      async ({ browser, page }, code) => browser.submit(await page(code), '/approve', { connection: 'corp' }),
      /same comparison code/,
    ],
    ['without a connection', ({ approve }, code) => approve(code, { connection: '' }), /Either choose a connection/],
    ['for two connections', ({ approve }, code) => approve(code, { 'new-connection': 'other' }), /Either choose a connection/],
    ['for an unknown connection', ({ approve }, code) => approve(code, { connection: 'other' }), /no connection/],
    [
      'after a denial',
      async ({ browser, page, approve }, code) => {
        const before = await page(code);
        await browser.submit(before, '/deny', {});
        await assert.rejects(approve(code));
        return browser.submit(before, '/approve', { connection: 'corp', matches: 'on' });
      },
      /No connector is waiting with this code/,
    ],
  ];
  for (const [name, act, expected] of cases) {
    test(name, async (t) => {
      const started = await start(t);
      const attempt = await started.ask();
      await attempt.poll();
      const shown = await act(started, attempt.userCode);
      assert.match(shown.text, expected);
      assert.ok(shown.status >= 400);
      assert.equal((await started.enrol(attempt)).code, 'ticket_not_found');
      assert.deepEqual(await started.audited('connector.approve-code'), []);
    });
  }

  test('for a role without permission', async (t) => {
    const { hub, browser, dashboard, ask, page, enrol } = await start(t, { role: 'read-only' });
    const attempt = await ask();
    await attempt.poll();
    assert.equal((await page(attempt.userCode)).status, 403);
    const body = new URLSearchParams({ token: 'form-anna', connection: 'corp', matches: 'on' });
    const request = { method: 'POST', body, headers: { Origin: hub.publicUrl } };
    assert.equal((await browser.open(`${dashboard}/code/${attempt.userCode}/approve`, request)).status, 403);
    assert.equal((await enrol(attempt)).code, 'ticket_not_found');
  });

  test('before the connector has revealed its nonce', async (t) => {
    const { ask, page } = await start(t);
    const { userCode } = await ask();
    const shown = await page(userCode);
    assert.match(shown.text, /is not ready yet/);
    assert.doesNotMatch(shown.text, /\/approve"/);
  });
});

test('an administrator who guesses codes has to wait, even after entering valid codes', async (t) => {
  const { ask, page } = await start(t);
  const own = await ask();
  for (const letter of 'KLMNPQRSTV') {
    assert.match((await page(own.userCode)).text, /Enrol this connector\?/);
    assert.match((await page(`BCDF-GHJ${letter}`)).text, /No connector is waiting/);
  }
  const refused = await page(own.userCode);
  assert.match(refused.text, /Too many failed attempts/);
  assert.equal(refused.status, 400);
});

test('a poll must prove the key and name this hub, and tells other callers nothing', async (t) => {
  const { ask } = await start(t);
  const attempt = await ask();
  assert.equal(await attempt.poll({ identity: THEIRS }), 'expired');
  assert.equal(await attempt.poll({ deviceCode: 'x' }), 'expired');
  assert.equal(await attempt.poll({ audience: 'A'.repeat(43) }), 'other_hub_identity');
  assert.equal(await attempt.poll({ nonce: 'A'.repeat(43) }), 'invalid_request');
  assert.equal(await attempt.poll(), 'pending');
});

test('an address gets at most ten codes, other addresses still get theirs, and neither dashboard, database nor audit log shows them', async (t) => {
  const { hub, store, browser, ask, dashboard } = await start(t);
  const before = (await store.auditRecords({}, 100)).length;
  for (let n = 0; n < 10; n++) await ask(OURS, { hostName: 'stranger', forwardedFor: '192.0.2.1' });
  assert.equal(await askForCode(hub.url, OURS, { forwardedFor: '192.0.2.1' }), 'too_many_codes');
  await ask(OURS, { forwardedFor: '192.0.2.2' });
  for (const path of ['', '/connections/corp', '/code', '/audit']) {
    assert.doesNotMatch((await browser.open(dashboard + path)).text, /stranger/);
  }
  assert.equal((await store.auditRecords({}, 100)).length, before);
});

test('an approval can create the connection', async (t) => {
  const { store, ask, approve, audited } = await start(t);
  const attempt = await ask();
  await attempt.poll();
  assert.match((await approve(attempt.userCode, { connection: '', 'new-connection': 'no good' })).text, /letters, digits/);
  assert.equal((await approve(attempt.userCode, { connection: '', 'new-connection': 'branch' })).status, 303);
  assert.ok(await store.connectionByName('branch'));
  assert.deepEqual(
    (await audited('connector.approve-code')).map(({ name }) => name),
    ['branch'],
  );
});

test('a host name cannot inject markup into the page', async (t) => {
  const { ask, page } = await start(t);
  const { userCode } = await ask(OURS, { hostName: 'dc1<b>, which Anna expects' });
  assert.match((await page(userCode)).text, /<dd>unknown<\/dd>/);
});
