import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { agentToken } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

test('uses the client address from a trusted proxy in the audit log and for connectors', async (t) => {
  const { hub, api, provisioned, apiKey, store } = await startHubForTest(t, { TRUSTED_PROXIES: '127.0.0.1' });
  const headers = { Authorization: `Bearer ${apiKey}`, 'X-Forwarded-For': '6.6.6.6, 203.0.113.7' };
  assert.equal((await fetch(`${hub.url}/api/connections`, { method: 'POST', headers, body: '{"name":"proxied"}' })).status, 201);
  const [record] = await store.auditRecords({ action: 'connection.create' }, 1);
  assert.equal(record?.remoteAddress, '203.0.113.7');

  const corp = await provisioned();
  const socket = new WebSocket(corp.socketUrl, { headers: { 'X-Forwarded-For': '6.6.6.6, 203.0.113.9' } });
  await once(socket, 'open');
  socket.send(JSON.stringify({ n: 'authenticate', p: { jwt: await agentToken(corp) } }));
  await once(socket, 'message');
  assert.equal((await api('/connections/corp/connectors')).body.connectors[0]?.remoteAddress, '203.0.113.9');
  socket.terminate();
});

test('warns once about a proxy that TRUSTED_PROXIES does not list', async (t) => {
  const { hub, logLines } = await startHubForTest(t);
  for (let n = 0; n < 3; n++) await fetch(`${hub.url}/healthz`, { headers: { 'X-Forwarded-For': '203.0.113.7' } });
  const warnings = logLines.filter(({ level, msg }) => level === 'warn' && String(msg).includes('TRUSTED_PROXIES'));
  assert.deepEqual(
    warnings.map(({ proxy }) => proxy),
    ['127.0.0.1'],
  );
});
