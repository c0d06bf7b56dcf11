/** The hub's metrics. Labels are names of connections and fixed words, never users, addresses or connectors. */

import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FileWatch } from '@landbridge/runtime';
import type { AuditCopies, AuditCopyStatus } from '../audit/copies.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { SignInEvents } from '../sign-in/events.ts';
import type { SprayAlarms } from '../sign-in/spray-alarms.ts';
import type { Store } from '../store/store.ts';
import { HUB_VERSION } from '../version.ts';
import type { Metrics } from './metrics.ts';
import type { Certificate } from './tls.ts';

/** From a nearby directory to the default deadline of a sign-in. */
const LOGIN_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Each measurement wakes up the process. */
const EVENT_LOOP_RESOLUTION_MS = 50;
const SECOND_NS = 1e9;
const SECOND_US = 1e6;

/** @returns a function that stops the measurement */
export function measureHub(parts: {
  metrics: Metrics;
  events: SignInEvents;
  sprayAlarms: SprayAlarms;
  online: OnlineConnectors;
  store: Store;
  auditCopies: AuditCopies;
  certificate: FileWatch<Certificate> | undefined;
}): () => void {
  const { metrics, events, sprayAlarms, online, store, auditCopies, certificate } = parts;
  measureSignIns(metrics, events);
  const countAlarm = metrics.counter('landbridge_hub_password_spraying_alarms_total', 'Alarms: one password was wrong for many users', [
    'connection',
  ]);
  sprayAlarms.subscribe(({ connection }) => countAlarm({ connection }));

  metrics.gauge('landbridge_hub_info', 'Version of the hub', () => [[{ version: HUB_VERSION }, 1]]);
  // Includes connections without a connector: those are worth an alert.
  metrics.gauge('landbridge_hub_connectors_online', 'Connectors that get requests', async () =>
    (await store.connections()).map(({ id, name }) => [
      { connection: name },
      online.of(id).filter((connector) => connector.eligibility() !== 'connector_offline').length,
    ]),
  );
  metrics.gauge('landbridge_hub_connectors_without_directory', 'Online connectors that reach no directory server', async () =>
    (await store.connections()).map(({ id, name }) => [
      { connection: name },
      online.of(id).filter((connector) => connector.eligibility() === 'directory_unavailable').length,
    ]),
  );
  metrics.gauge('landbridge_hub_requests_in_flight', 'Requests waiting for a connector', async () =>
    (await store.connections()).map(({ id, name }) => [
      { connection: name },
      online.of(id).reduce((sum, connector) => sum + connector.inFlight, 0),
    ]),
  );
  metrics.gauge(
    'landbridge_hub_audit_records_total',
    'Records ever written to the audit log',
    async () => [[{}, (await store.auditRecords({}, 1))[0]?.id ?? 0]],
    'counter',
  );
  const perDestination = (value: (copy: AuditCopyStatus) => number) => async () =>
    (await auditCopies.status()).map((copy) => [{ destination: copy.name }, value(copy)] as const);
  metrics.gauge(
    'landbridge_hub_audit_unsent_records',
    'Audit records not yet received by a destination',
    perDestination(({ unsent }) => unsent),
  );
  metrics.gauge(
    'landbridge_hub_audit_destination_failing',
    'Whether the last attempt to send audit records failed',
    perDestination(({ failure }) => (failure === undefined ? 0 : 1)),
  );
  metrics.gauge(
    'landbridge_hub_audit_lost_records_total',
    'Audit records that reached their retention limit before a destination received them',
    perDestination(({ lost }) => lost),
    'counter',
  );
  if (certificate !== undefined) {
    metrics.gauge('landbridge_hub_certificate_expires_timestamp_seconds', 'Expiry of the hub certificate', () => [
      [{}, certificate.current().validTo.getTime() / 1000],
    ]);
  }
  return measureProcess(metrics);
}

function measureSignIns(metrics: Metrics, events: SignInEvents): void {
  const countLogin = metrics.counter('landbridge_hub_logins_total', 'Sign-ins by result and source', [
    'connection',
    'via',
    'result',
    'from',
  ]);
  const observe = metrics.histogram(
    'landbridge_hub_login_duration_seconds',
    'Sign-ins that reached a connector',
    ['connection'],
    LOGIN_SECONDS,
  );
  const countChange = metrics.counter('landbridge_hub_password_changes_total', 'Password changes by users', ['connection', 'result']);
  events.subscribe(({ action, connection, via, result, instance, ms }) => {
    if (action === 'password.change') return countChange({ connection, result });
    const from = result === 'ok_from_cache' ? 'cache' : instance === undefined ? 'hub' : 'directory';
    countLogin({ connection, via, result: result === 'ok_from_cache' ? 'ok' : result, from });
    // On the front channel the browser waits for a connector, not the hub.
    if (instance !== undefined && via !== 'front-channel') observe({ connection }, ms / 1000);
  });
}

/** With the names of Prometheus' own clients, so that common dashboards show them. */
function measureProcess(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  delay.enable();
  const startedAtSeconds = Date.now() / 1000 - process.uptime();
  metrics.gauge('process_start_time_seconds', 'Start of the process', () => [[{}, startedAtSeconds]]);
  metrics.gauge(
    'process_cpu_seconds_total',
    'User and system time',
    () => {
      const { user, system } = process.cpuUsage();
      return [[{}, (user + system) / SECOND_US]];
    },
    'counter',
  );
  metrics.gauge('process_resident_memory_bytes', 'Resident memory', () => [[{}, process.memoryUsage.rss()]]);
  metrics.gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use', () => [[{}, process.memoryUsage().heapUsed]]);
  if (process.platform === 'linux') {
    metrics.gauge('process_open_fds', 'Open files and sockets', () => [[{}, readdirSync('/proc/self/fd').length]]);
  }
  metrics.gauge('nodejs_eventloop_lag_seconds', 'Delay of timers since the last scrape', () => {
    const late = (ns: number) => Math.max(0, Number.isFinite(ns) ? ns / SECOND_NS - EVENT_LOOP_RESOLUTION_MS / 1000 : 0);
    const samples = [
      [{ quantile: '0.5' }, late(delay.percentile(50))],
      [{ quantile: '0.99' }, late(delay.percentile(99))],
      [{ quantile: '1' }, late(delay.max)],
    ] as const;
    delay.reset();
    return samples;
  });
  return () => delay.disable();
}
