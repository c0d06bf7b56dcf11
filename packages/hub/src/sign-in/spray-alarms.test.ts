import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

test('password spraying raises an alarm in the log, the audit log and the metrics, and is slowed down', async (t) => {
  const { api, logLines, store, hub, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned());
  let asked = 0;
  connector.answerAll(({ claims }) => {
    asked++;
    return { err: { name: 'WrongPassword' }, profile: { id: claims.username } };
  });
  const statuses: number[] = [];
  for (let n = 0; n < 12; n++) {
    const body = { username: `user${n}`, password: 'Winter2026!', remoteAddress: `198.51.${n}.1` };
    statuses.push((await api('/connections/corp/login', body)).status);
  }
  assert.deepEqual(statuses, [...Array(10).fill(401), 429, 429]);
  assert.equal(asked, 10);
  assert.ok(logLines.some(({ msg, users }) => String(msg).startsWith('Password spraying') && users === 10));
  const [record] = await store.auditRecords({ action: 'guard.spraying' }, 1);
  assert.deepEqual([record?.connection, record?.remoteAddress, record?.result], ['corp', '198.51.9.1', 'alarm']);
  assert.match(await (await fetch(`${hub.url}/metrics`)).text(), /landbridge_hub_password_spraying_alarms_total\{connection="corp"\} 1/);
  assert.ok(!JSON.stringify([logLines, record]).includes('Winter2026'));
});
