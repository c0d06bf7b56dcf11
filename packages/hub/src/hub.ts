/** The whole hub: builds its parts in order, listens, and stops without losing requests in flight. */
import { getRequestListener } from '@hono/node-server';
import { documentRoutes } from '@landbridge/documents';
import { PACKAGES_PATH } from '@landbridge/protocol';
import { type Log, localUrl } from '@landbridge/runtime';
import { Hono } from 'hono';
import { DASHBOARD_PATH } from './administrators/administrators.ts';
import { signInProviderOf } from './administrators/provider.ts';
import { startAlerts } from './alerts/alerts.ts';
import { apiRoutes } from './api/api.ts';
import { errorAnswer, notFoundAnswer } from './api/error-answers.ts';
import { createAudit } from './audit/audit.ts';
import type { AuditChain } from './audit/chain.ts';
import { startAuditCopies } from './audit/copies.ts';
import { startAuditRetention } from './audit/retention.ts';
import { createAgentTokens } from './connectors/agent-token.ts';
import type { Eligibility } from './connectors/connector.ts';
import { acceptConnectors } from './connectors/handshake.ts';
import { createOnlineConnectors } from './connectors/online.ts';
import { createReconcileRegistrations } from './connectors/reconcile-registrations.ts';
import { createStatistics } from './connectors/statistics.ts';
import type { SocketLimits } from './connectors/unauthenticated-sockets.ts';
import { createCredentialChecks } from './credentials/checks.ts';
import { createCredentialCache } from './credentials/credentials.ts';
import { createOutages } from './credentials/outages.ts';
import { createSignInActivity } from './dashboard/activity.ts';
import { keepActivity } from './dashboard/history.ts';
import { dashboardRoutes } from './dashboard/routes.ts';
import { createFrontChannelFlow } from './frontchannel/front-channel.ts';
import { createGuard } from './guard/guard.ts';
import { loadHubIdentity } from './keys/hub-identity.ts';
import { loadSigningKeys } from './keys/signing-keys.ts';
import { LOGIN_PATH } from './login/pages.ts';
import { loginRoutes } from './login/routes.ts';
import { openOfferedPackages } from './offered-packages/offered-packages.ts';
import { packageRoutes } from './offered-packages/routes.ts';
import { createAppearances } from './oidc/appearances.ts';
import { createOidc } from './oidc/mount.ts';
import { healthRoutes } from './operations/health.ts';
import { measureHub } from './operations/hub-metrics.ts';
import { createMetrics } from './operations/metrics.ts';
import { noteCorrelation } from './operations/request-log.ts';
import { createHubServer } from './operations/server.ts';
import { createRequests } from './requests/requests.ts';
import { type HubSettings, tlsFilesOf } from './settings.ts';
import { createSignInEvents } from './sign-in/events.ts';
import { createSignIn } from './sign-in/sign-in.ts';
import { createSignInLog } from './sign-in/sign-in-log.ts';
import { createSprayAlarms } from './sign-in/spray-alarms.ts';
import type { Store } from './store/store.ts';
import { createEnrolmentCodes } from './tickets/enrolment-codes.ts';
import { provisioningRoutes } from './tickets/provisioning.ts';
import { tryRoutes } from './try/routes.ts';

export interface Hub {
  /** The URL that it listens at. */
  readonly url: string;
  /** The URL at which connectors and browsers reach it, without a trailing slash. */
  readonly publicUrl: string;
  /**
   * Reports that it is not ready for STOP_READY_DELAY_MS, then rejects new requests, lets requests in flight finish within STOP_GRACE_MS,
   * and closes the sockets (1001). The store stays open.
   */
  close(): Promise<void>;
}

/** Links in dashboard and console rely on it. */
export const DOCUMENTS_PATH = '/docs';
/** Eligibility of connectors that can answer now or in a moment. */
const SERVING: readonly Eligibility[] = ['eligible', 'doubtful', 'connector_busy'];

/** @throws CodedError LISTEN_FAILED, STORE_FAILED, and TLS_… for the certificate */
export async function startHub(parts: {
  settings: HubSettings;
  store: Store;
  chain: AuditChain;
  log: Log;
  /** For tests. */
  authenticateTimeoutMs?: number;
  unauthenticatedSockets?: SocketLimits;
}): Promise<Hub> {
  const { settings, store, chain, log } = parts;
  const { ENROLMENT_HOURS: enrolmentHours } = settings;
  const metrics = createMetrics();
  const server = createHubServer({
    settings,
    log,
    metrics,
    answer: (request, response) => {
      if (!oidc.answer(request, response)) void listener(request, response);
    },
  });
  const keys = await loadSigningKeys(store);
  const identity = await loadHubIdentity(store);
  const audit = createAudit(store, chain.seal);
  const codes = createEnrolmentCodes();
  const online = createOnlineConnectors(log, settings.HEARTBEAT_INTERVAL_MS);
  const statistics = createStatistics();
  const reconcileRegistrations = createReconcileRegistrations({ store, online, keys, statistics, log });
  online.onBeat(reconcileRegistrations);
  online.onBeat(identity.reload);
  const offered = await openOfferedPackages(settings, log);
  online.onBeat(offered.look);
  offered.onNewest((version) => {
    for (const connector of online.all()) connector.tell('newest_version', { version });
  });
  const requests = createRequests({ online, keys, log, timeoutMs: settings.LOGIN_TIMEOUT_MS, maxInFlight: settings.MAX_REQUESTS });
  const checks = await createCredentialChecks({
    ...{ store, log },
    isServed: (id) => online.of(id).some((connector) => SERVING.includes(connector.eligibility())),
    passwordTimes: (connection, subjects) => requests.passwordTimes(connection, subjects),
  });
  if (settings.CREDENTIAL_CACHE) online.onBeat(checks.look);
  const credentials = await createCredentialCache({ store, log, settings, uncheckedBefore: checks.uncheckedBefore });
  const events = createSignInEvents();
  const sprayAlarms = createSprayAlarms({ store, audit, log });
  const guard = createGuard(settings, { onSpray: sprayAlarms.raise });
  const outages = createOutages({
    afterMs: settings.CREDENTIAL_CACHE_AFTER_SECONDS * 1000,
    shortageAt: () => handshake.shortageAt,
  });
  const signIn = createSignIn({ requests, guard, credentials, outages, events, audit, log });
  events.subscribe(createSignInLog(audit, log));
  events.subscribe(({ correlationId }) => noteCorrelation(correlationId));
  const stopAuditRetention = startAuditRetention(store, chain, log, settings.AUDIT_RETENTION_DAYS);
  const auditCopies = startAuditCopies({ store, chain, log, settings });
  const stopMeasuring = measureHub({ metrics, events, sprayAlarms, online, store, auditCopies, certificate: server.certificate });
  const activity = createSignInActivity();
  const history = await keepActivity({ activity, store, log });
  events.subscribe(activity.count);
  const alerts = startAlerts({
    ...{ store, online, sprayAlarms, auditCopies, chain, settings, log, certificate: server.certificate },
    expiryDays: settings.ALERT_EXPIRY_DAYS,
    hub: () => publicUrl,
  });
  const signInLifetimeSeconds = settings.OIDC_SIGN_IN_HOURS * 3600;
  const appearances = createAppearances();
  const oidc = createOidc({ store, log, appearances, loginPath: (interaction) => `${LOGIN_PATH}/${interaction}`, signInLifetimeSeconds });
  const takeEffect = async () => {
    await Promise.all([reconcileRegistrations(), identity.reload(), oidc.lookAfter()]);
  };
  let publicUrl = '';
  const frontChannel = createFrontChannelFlow({ store, online, events, log, publicUrl: () => publicUrl });

  const app = new Hono()
    .route(
      '/api',
      apiRoutes({ store, audit, online, statistics, offered, requests, signIn, takeEffect, publicUrl: () => publicUrl, enrolmentHours }),
    )
    .route(
      DASHBOARD_PATH,
      dashboardRoutes({
        ...{
          store,
          audit,
          online,
          statistics,
          signIn,
          activity,
          history,
          alerts,
          sprayAlarms,
          auditCopies,
          codes,
          offered,
          takeEffect,
          log,
        },
        ...{ publicUrl: () => publicUrl, enrolmentHours, documentsPath: DOCUMENTS_PATH },
        provider: signInProviderOf(settings, () => publicUrl, log),
        limits: {
          idleMs: settings.ADMIN_SESSION_IDLE_MINUTES * 60_000,
          longestMs: settings.ADMIN_SESSION_HOURS * 3_600_000,
          freshMs: settings.ADMIN_FRESH_MINUTES * 60_000,
        },
      }),
    )
    .route(DOCUMENTS_PATH, documentRoutes(DOCUMENTS_PATH))
    .get('/', (c) => c.redirect(DASHBOARD_PATH))
    .route('/try', tryRoutes({ store, online, signIn, log, publicUrl: () => publicUrl }))
    .route(
      LOGIN_PATH,
      loginRoutes({ store, oidc, signIn, online, frontChannel, appearances, log, publicUrl: () => publicUrl, signInLifetimeSeconds }),
    )
    .route(PACKAGES_PATH, packageRoutes(offered))
    .route('/', healthRoutes({ store, settings, metrics, state: () => server.state }))
    .route(
      '/',
      provisioningRoutes({
        store,
        keys,
        identity,
        audit,
        log,
        publicUrl: () => publicUrl,
        enrolmentHours,
        clockSkewLimitSeconds: settings.CLOCK_SKEW_LIMIT_SECONDS,
        codes,
      }),
    )
    .notFound(notFoundAnswer);
  app.onError((error, c) => errorAnswer(error, c, log));

  const listener = getRequestListener(app.fetch);
  const handshake = acceptConnectors(server.http, {
    tokens: createAgentTokens(store, settings.CLOCK_SKEW_LIMIT_SECONDS),
    store,
    keys,
    identity,
    online,
    statistics,
    newestVersion: offered.newestConnector,
    maxInFlight: settings.MAX_REQUESTS_PER_CONNECTOR,
    log,
    ...(parts.authenticateTimeoutMs === undefined ? {} : { authenticateTimeoutMs: parts.authenticateTimeoutMs }),
    ...(parts.unauthenticatedSockets === undefined ? {} : { unauthenticatedSockets: parts.unauthenticatedSockets }),
  });

  const stopWork = () => {
    oidc.stop();
    stopMeasuring();
    stopAuditRetention();
    online.stop();
  };
  const port = await server.listen().catch(async (error: unknown) => {
    stopWork();
    await alerts.stop();
    await auditCopies.stop();
    throw error;
  });
  const scheme = tlsFilesOf(settings) === undefined ? 'http' : 'https';
  publicUrl = new URL(settings.PUBLIC_URL ?? `${scheme}://localhost:${port}`).origin;
  await store.setPublicUrl(publicUrl);
  await store.setLocalUrl(localUrl(scheme, settings.LISTEN_ADDRESS, port));
  await oidc.start(publicUrl);
  server.markReady();
  const host = settings.LISTEN_ADDRESS.includes(':') ? `[${settings.LISTEN_ADDRESS}]` : settings.LISTEN_ADDRESS;

  return {
    url: `${scheme}://${host}:${port}`,
    publicUrl,
    async close() {
      await server.announceStop();
      handshake.stop();
      await server.finishRequests();
      stopWork();
      online.closeAll();
      await server.end();
      await credentials.close();
      await history.stop();
      await alerts.stop();
      await auditCopies.stop();
    },
  };
}
