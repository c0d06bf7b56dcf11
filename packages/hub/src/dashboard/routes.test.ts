import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { auditForTest } from '../../test/audit-for-test.ts';
import { openStoreForTest } from '../../test/store-for-test.ts';
import { createOnlineConnectors } from '../connectors/online.ts';
import { createStatistics } from '../connectors/statistics.ts';
import { createEnrolmentCodes } from '../tickets/enrolment-codes.ts';
import { createSignInActivity } from './activity.ts';
import { routeKey } from './authorization.ts';
import { permittedRoutes } from './permissions.ts';
import { dashboardRoutes } from './routes.ts';

/** Routes before a session exists. */
const IN_FRONT = /^(?:GET|POST) \/(?:sign-in|second-factor|invitation|enrol|provider)(?:\/|$)|^GET \/assets\/|^POST \/theme\//;

function start(t: TestContext) {
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const online = createOnlineConnectors(log, 60_000);
  t.after(() => online.stop());
  const store = openStoreForTest(t);
  const unused = () => Promise.reject(new Error('not called'));
  const app = dashboardRoutes({
    ...{ store, audit: auditForTest(store), online, statistics: createStatistics(), activity: createSignInActivity(), log },
    alerts: { channels: () => [], test: async () => [] },
    history: { periods: async () => [], stop: async () => {} },
    signIn: { login: unused, changePassword: unused, resetPassword: unused },
    sprayAlarms: { recent: () => [] },
    auditCopies: { status: async () => [] },
    codes: createEnrolmentCodes(),
    offered: { packages: () => [], newestConnector: () => undefined },
    takeEffect: unused,
    provider: { host: 'login.example', issuer: 'https://login.example', required: false, begin: unused, finish: unused },
    publicUrl: () => 'https://hub.example',
    documentsPath: '/docs',
    enrolmentHours: 24,
    limits: { idleMs: 60_000, longestMs: 60_000, freshMs: 60_000 },
  });
  return { app, store };
}

test('the permissions list every page and form behind the sign-in, and nothing else', (t) => {
  const { app } = start(t);
  const routes = app.routes.filter(({ method }) => method !== 'ALL').map(routeKey);
  const behind = routes.filter((route) => !IN_FRONT.test(route));
  assert.ok(behind.length > 40);
  assert.deepEqual([...new Set(behind)].sort(), [...permittedRoutes()].sort());
});

test('a page that the permissions do not list is forbidden to owners too', async (t) => {
  const { app, store } = start(t);
  const { cookie } = await signedInBrowser(store, 'anna');
  app.get('/unlisted', (c) => c.text('shown'));
  const response = await app.request('/unlisted', { headers: { Cookie: `__Host-${cookie}` } });
  assert.equal(response.status, 403);
  assert.match(await response.text(), /may not open this page/);
});
