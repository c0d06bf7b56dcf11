import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

const NAMES = ['anna', 'bert', 'geheimnis'];

test('/healthz always answers, and /readyz names a failed store', async (t) => {
  const { hub, store } = await startHubForTest(t);
  assert.equal((await fetch(`${hub.url}/healthz`)).status, 200);
  const ready = await fetch(`${hub.url}/readyz`);
  assert.equal(ready.status, 200);
  assert.deepEqual(await ready.json(), { ready: true, checks: { store: 'ok', server: 'running' } });
  assert.equal(ready.headers.get('Cache-Control'), 'no-store');
  await store.close();
  const failed = await fetch(`${hub.url}/readyz`);
  assert.equal(failed.status, 503);
  assert.deepEqual(await failed.json(), { ready: false, checks: { store: 'failed', server: 'running' } });
  assert.equal((await fetch(`${hub.url}/healthz`)).status, 200);
});

test('a hub that shuts down is not ready, and still serves for a while', async (t) => {
  const { hub, provisioned, apiKey } = await startHubForTest(t, { STOP_READY_DELAY_MS: '4000', STOP_GRACE_MS: '10000' });
  const connector = await connect(await provisioned());
  const login = () =>
    fetch(`${hub.url}/api/connections/corp/login`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}` },
      body: '{"username":"anna","password":"right"}',
    });
  const closed = hub.close();
  const ready = await fetch(`${hub.url}/readyz`);
  assert.equal(ready.status, 503);
  assert.deepEqual(await ready.json(), { ready: false, checks: { store: 'ok', server: 'stopping' } });
  const answered = login();
  const request = await connector.nextRequest();
  request.answer({ profile: { id: '1' } });
  assert.equal((await answered).status, 200);
  await closed;
  await assert.rejects(fetch(`${hub.url}/healthz`));
});

test('metrics have sign-ins by result and source, online connectors, and no user names', async (t) => {
  const { hub, api, provisioned, createConnection } = await startHubForTest(t);
  await createConnection('empty');
  const connector = await connect(await provisioned(), { capabilities: ['health'] });
  connector.answerAll(({ claims }) =>
    claims.password === 'geheimnis' ? { profile: { id: '1', username: claims.username } } : { err: { name: 'WrongPassword' } },
  );
  const login = (username: string, password: string, connection = 'corp') =>
    api(`/connections/${connection}/login`, { username, password });
  await login('anna', 'geheimnis');
  await login('anna', 'geheimnis');
  await login('bert', 'wrong');
  await login('anna', 'geheimnis', 'empty');
  const response = await fetch(`${hub.url}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('Content-Type') ?? '', /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const line of [
    'landbridge_hub_logins_total{connection="corp",via="api",result="ok",from="directory"} 2',
    'landbridge_hub_logins_total{connection="corp",via="api",result="invalid_credentials",from="directory"} 1',
    'landbridge_hub_logins_total{connection="empty",via="api",result="connector_offline",from="hub"} 1',
    'landbridge_hub_login_duration_seconds_count{connection="corp"} 3',
    'landbridge_hub_connectors_online{connection="corp"} 1',
    'landbridge_hub_connectors_online{connection="empty"} 0',
    'landbridge_hub_connectors_without_directory{connection="corp"} 0',
    'landbridge_hub_requests_in_flight{connection="corp"} 0',
    'landbridge_hub_http_requests_total{route="api",status="200"} 2',
    'landbridge_hub_http_requests_total{route="api",status="401"} 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
  }
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'landbridge_hub_audit_records_total']) {
    assert.match(text, new RegExp(`^${name} [1-9][\\d.e+]*$|^${name} 0\\.\\d+$`, 'm'));
  }
  assert.match(text, /^nodejs_eventloop_lag_seconds\{quantile="0\.99"\} [\d.e-]+$/m);
  for (const name of NAMES) assert.ok(!text.includes(name), name);

  connector.send('health', { directory: 'down' });
  connector.socket.ping();
  await once(connector.socket, 'pong');
  const later = await (await fetch(`${hub.url}/metrics`)).text();
  assert.match(later, /^landbridge_hub_connectors_without_directory\{connection="corp"\} 1$/m);
});

test('metrics require this machine, a listed address, or the token', async (t) => {
  const metricsOf = (url: string, headers: Record<string, string> = {}) => fetch(`${url}/metrics`, { headers });
  const usual = (await startHubForTest(t)).hub.url;
  assert.equal((await metricsOf(usual)).status, 200);
  // An untrusted proxy on this machine: the request may come from anywhere.
  for (const header of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via']) {
    assert.equal((await metricsOf(usual, { [header]: '127.0.0.1' })).status, 403, header);
  }

  const proxied = (await startHubForTest(t, { TRUSTED_PROXIES: '127.0.0.1', METRICS_ADDRESSES: '203.0.113.0/24' })).hub.url;
  assert.equal((await metricsOf(proxied)).status, 403);
  assert.equal((await metricsOf(proxied, { 'X-Forwarded-For': '203.0.113.7' })).status, 200);
  assert.equal((await metricsOf(proxied, { 'X-Forwarded-For': '203.0.113.7, 198.51.100.1' })).status, 403);

  const token = 'a-token-for-prometheus';
  const withToken = await startHubForTest(t, { METRICS_TOKEN: token, METRICS_ADDRESSES: '' });
  const { url } = withToken.hub;
  assert.equal((await metricsOf(url)).status, 403);
  assert.equal((await metricsOf(url, { Authorization: 'Bearer a-token-for-prometheuz' })).status, 403);
  assert.equal((await metricsOf(url, { Authorization: `Bearer ${token}` })).status, 200);
  assert.equal((await metricsOf(url, { Authorization: `Bearer ${token}`, 'X-Forwarded-For': '198.51.100.1' })).status, 200);
  assert.ok(!JSON.stringify(withToken.logLines).includes(token));
});
