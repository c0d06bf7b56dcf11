/** The audit log at a real rsyslog, over UDP, TCP and TLS. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createCertificateAuthority } from '@landbridge/lab';
import { z } from 'zod';
import { auditCopiesForTest, until } from '../../../test/audit-copies-for-test.ts';
import { TEST_CHAIN } from '../../../test/audit-for-test.ts';
import { type ReceivedMessage, startRsyslog, whyNoRsyslog } from '../../../test/rsyslog.ts';

const content = z.object({ id: z.number().optional(), head: z.string().optional(), subject: z.string().optional() });
const contentOf = ({ text }: ReceivedMessage) => content.parse(JSON.parse(text));
const idsOf = (messages: ReceivedMessage[]) => messages.flatMap((message) => contentOf(message).id ?? []);
const numbers = (to: number) => Array.from({ length: to }, (_, index) => index + 1);

function begin(t: TestContext) {
  const { audit, ...copies } = auditCopiesForTest(t);
  return {
    ...copies,
    record: (subject: string, result = 'ok') => audit.record({ actor: 'user', action: 'login', subject, result, detail: 'via "api"]\\' }),
  };
}

test('a syslog receiver gets each record as an RFC 5424 message, and the head', { skip: whyNoRsyslog() }, async (t) => {
  await using rsyslog = await startRsyslog();
  for (const [name, url] of [
    ['UDP', rsyslog.udpUrl],
    ['TCP', rsyslog.tcpUrl],
    ['TLS', rsyslog.tlsUrl],
  ] as const) {
    await t.test(name, async (t) => {
      const { record, copy, store } = begin(t);
      const before = (await rsyslog.received()).length;
      await record('anna\n<1>\u202e"]\\ Žofie 🙂');
      await record('ben', 'invalid_credentials');
      const copies = copy({ AUDIT_SYSLOG_URL: url, AUDIT_CA_FILE: rsyslog.caFile });
      await until(async () => (await rsyslog.received()).length >= before + 3);
      await copies.stop();
      const [anna, ben, head, ...rest] = (await rsyslog.received()).slice(before);
      assert.ok(anna && ben && head);
      assert.deepEqual(rest, []);
      const [first] = await store.auditRecordsAfter(0, 1);
      assert.deepEqual(JSON.parse(anna.text), JSON.parse(JSON.stringify(first)));
      assert.equal(anna.time, first?.at.toISOString());
      assert.equal(anna.hostName, hostname());
      assert.equal(anna.application, 'landbridge-hub');
      assert.equal(anna.messageId, 'login');
      assert.match(anna.structuredData, /^\[origin software="Landbridge hub" swVersion="[\d.]+"\]$/);
      assert.match(anna.text, /^[\x20-\x7e]+$/);
      // Facility 13, informational and warning.
      assert.deepEqual([anna.priority, ben.priority], ['110', '108']);
      assert.equal(TEST_CHAIN.readHead(contentOf(head).head ?? '')?.id, 2);
    });
  }
});

test('a syslog receiver gets all records in order after any kind of outage', {
  skip: whyNoRsyslog(),
}, async (t) => {
  await using rsyslog = await startRsyslog();
  for (const [name, url] of [
    ['TCP', rsyslog.tcpUrl],
    ['TLS', rsyslog.tlsUrl],
  ] as const) {
    await t.test(name, async (t) => {
      const { record, copy, lines } = begin(t);
      const settings = { AUDIT_SYSLOG_URL: url, AUDIT_CA_FILE: rsyslog.caFile };
      const before = (await rsyslog.received()).length;
      let copies = copy(settings);
      let written = 0;
      const load = async (count: number) => {
        for (let n = 0; n < count; n++) await record(`user ${++written}`);
      };
      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        const loading = load(1500);
        await until(async () => idsOf((await rsyslog.received()).slice(before)).length > written / 2);
        await rsyslog.stop(signal);
        await loading;
        // The receiver may have got all before it stopped, but not these.
        await load(10);
        await until(async () => (await copies.status())[0]?.failure !== undefined);
        assert.ok(((await copies.status())[0]?.unsent ?? 0) >= 10);
        // The hub restarts during the outage.
        await copies.stop();
        await load(10);
        copies = copy(settings);
        await rsyslog.start();
        await until(async () => (await copies.status())[0]?.unsent === 0);
      }
      await copies.stop();
      await until(async () => idsOf((await rsyslog.received()).slice(before)).at(-1) === written);
      const ids = idsOf((await rsyslog.received()).slice(before));
      // Batches may arrive twice, but the records within each are in order.
      assert.deepEqual([...new Set(ids)], numbers(written));
      for (const [index, id] of ids.entries()) assert.ok(index === 0 || id <= (ids[index - 1] ?? 0) + 1, `${ids[index - 1]}, then ${id}`);
      assert.ok(lines.some((line) => line.includes('Audit log not copied')));
    });
  }
});

test('a syslog receiver with a certificate from another authority gets nothing', { skip: whyNoRsyslog() }, async (t) => {
  await using rsyslog = await startRsyslog();
  const { record, copy, folder } = begin(t);
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, (await createCertificateAuthority('another')).cert);
  await record('anna');
  for (const AUDIT_CA_FILE of [caFile, undefined]) {
    const copies = copy({ AUDIT_SYSLOG_URL: rsyslog.tlsUrl, AUDIT_CA_FILE });
    await until(async () => (await copies.status())[0]?.failure !== undefined);
    await copies.stop();
  }
  assert.deepEqual(await rsyslog.received(), []);
});
