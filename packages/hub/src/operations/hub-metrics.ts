/** The hub's own numbers. Labels are names of connections and fixed words, never of people, addresses or connectors. */

import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FileWatch } from '@landbridge/web';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { SignInEvents } from '../sign-in/events.ts';
import type { Store } from '../store/store.ts';
import { HUB_VERSION } from '../version.ts';
import type { Metrics } from './metrics.ts';
import type { Certificate } from './tls.ts';

/** From a directory next door to the default deadline of a sign-in. */
const LOGIN_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Each measurement wakes the process. */
const EVENT_LOOP_RESOLUTION_MS = 50;
const SECOND_NS = 1e9;
const SECOND_US = 1e6;

/** @returns a function that ends the measuring */
export function measureHub(parts: {
  metrics: Metrics;
  events: SignInEvents;
  online: OnlineConnectors;
  store: Store;
  certificate: FileWatch<Certificate> | undefined;
}): () => void {
  const { metrics, events, online, store, certificate } = parts;
  measureSignIns(metrics, events);

  metrics.gauge('landbridge_hub_info', 'Which version runs', () => [[{ version: HUB_VERSION }, 1]]);
  // Those without a connector are what one wants to be told of.
  metrics.gauge('landbridge_hub_connectors_online', 'Connectors that are asked', async () =>
    (await store.connections()).map(({ id, name }) => [
      { connection: name },
      online.of(id).filter((connector) => connector.eligibility() !== 'connector_offline').length,
    ]),
  );
  metrics.gauge('landbridge_hub_requests_in_flight', 'Requests that connectors have not answered yet', async () =>
    (await store.connections()).map(({ id, name }) => [
      { connection: name },
      online.of(id).reduce((sum, connector) => sum + connector.inFlight, 0),
    ]),
  );
  metrics.gauge(
    'landbridge_hub_audit_records_total',
    'Records that the audit log ever had',
    async () => [[{}, (await store.auditRecords({}, 1))[0]?.id ?? 0]],
    'counter',
  );
  if (certificate !== undefined) {
    metrics.gauge('landbridge_hub_certificate_expires_timestamp_seconds', 'When the certificate of the hub expires', () => [
      [{}, certificate.current().validTo.getTime() / 1000],
    ]);
  }
  return measureProcess(metrics);
}

function measureSignIns(metrics: Metrics, events: SignInEvents): void {
  const countLogin = metrics.counter('landbridge_hub_logins_total', 'Logins by how they ended and who answered', [
    'connection',
    'via',
    'result',
    'from',
  ]);
  const observe = metrics.histogram(
    'landbridge_hub_login_duration_seconds',
    'Logins that a connector was asked for',
    ['connection'],
    LOGIN_SECONDS,
  );
  const countChange = metrics.counter('landbridge_hub_password_changes_total', 'Changes by people themselves', ['connection', 'result']);
  events.subscribe(({ action, connection, via, result, instance, ms }) => {
    if (action === 'password.change') return countChange({ connection, result });
    const from = result === 'ok_from_cache' ? 'cache' : instance === undefined ? 'hub' : 'directory';
    countLogin({ connection, via, result: result === 'ok_from_cache' ? 'ok' : result, from });
    // On the front channel it is the browser that waits for a connector.
    if (instance !== undefined && via !== 'front-channel') observe({ connection }, ms / 1000);
  });
}

/** Under the names that Prometheus' own clients use, so that common dashboards show them. */
function measureProcess(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  delay.enable();
  const startedAtSeconds = Date.now() / 1000 - process.uptime();
  metrics.gauge('process_start_time_seconds', 'When the process began', () => [[{}, startedAtSeconds]]);
  metrics.gauge(
    'process_cpu_seconds_total',
    'User and system time',
    () => {
      const { user, system } = process.cpuUsage();
      return [[{}, (user + system) / SECOND_US]];
    },
    'counter',
  );
  metrics.gauge('process_resident_memory_bytes', 'Memory that the process has', () => [[{}, process.memoryUsage.rss()]]);
  metrics.gauge('nodejs_heap_size_used_bytes', 'Memory that JavaScript uses', () => [[{}, process.memoryUsage().heapUsed]]);
  if (process.platform === 'linux') {
    metrics.gauge('process_open_fds', 'Open files and sockets', () => [[{}, readdirSync('/proc/self/fd').length]]);
  }
  metrics.gauge('nodejs_eventloop_lag_seconds', 'How late timers were since the last time somebody asked', () => {
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
