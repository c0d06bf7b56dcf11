/** What is wrong at the moment and deserves an alert. */
import { X509Certificate } from 'node:crypto';
import type { FileWatch } from '@landbridge/runtime';
import type { AuditCopies } from '../audit/copies.ts';
import { expectedSince, healthOf } from '../connectors/connection-health.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Certificate } from '../operations/tls.ts';
import type { SprayAlarms } from '../sign-in/spray-alarms.ts';
import type { AlertKind } from '../store/alerts.ts';
import type { Store } from '../store/store.ts';

export interface AlertCondition {
  key: string;
  kind: AlertKind;
  connection: string | undefined;
  text: string;
  /** It may be over in a moment, so it has to last before it is an alert. */
  isPassing: boolean;
}

export interface AlertSources {
  store: Store;
  online: OnlineConnectors;
  sprayAlarms: Pick<SprayAlarms, 'recent'>;
  auditCopies: Pick<AuditCopies, 'status'>;
  /** Of the hub; undefined if it serves plain HTTP. */
  certificate: Pick<FileWatch<Certificate>, 'current'> | undefined;
  expiryDays: number;
}

const DAY_MS = 86_400_000;

/** Conditions that can change within seconds. */
export async function passingConditions({ store, online, sprayAlarms, auditCopies }: AlertSources): Promise<AlertCondition[]> {
  const [connections, counts, copies] = await Promise.all([
    store.connections(),
    store.connectionCounts(expectedSince()),
    auditCopies.status(),
  ]);
  const found: AlertCondition[] = [];
  for (const connection of connections) {
    const { name } = connection;
    const { away, withoutDirectory, reachable, state } = healthOf(connection, counts.get(connection.id), online);
    if (state === 'disabled' || state === 'inactive') continue;
    const about = { connection: name, isPassing: true };
    if (reachable === 0) found.push({ ...about, key: `connector ${name}`, kind: 'connector', text: `No connector of "${name}" is online` });
    else if (away > 0)
      found.push({ ...about, key: `connector ${name}`, kind: 'connector', text: `${count(away, 'connector')} of "${name}" offline` });
    if (withoutDirectory > 0)
      found.push({
        ...about,
        key: `directory ${name}`,
        kind: 'directory',
        text: `The directory of "${name}" is down at ${withoutDirectory} of ${count(reachable, 'connector')}`,
      });
  }
  for (const { connection } of sprayAlarms.recent())
    found.push({
      ...{ key: `spraying ${connection}`, kind: 'spraying', connection, isPassing: false },
      text: `Password spraying on "${connection}"`,
    });
  for (const { target, failure } of copies)
    if (failure !== undefined)
      found.push({
        ...{ key: `audit copy ${target}`, kind: 'audit', connection: undefined, isPassing: true },
        text: `The audit log is not copied to ${target}`,
      });
  return found;
}

/** Certificates and keys that expire soon. */
export async function expiryConditions({ store, certificate, expiryDays }: AlertSources, now = new Date()): Promise<AlertCondition[]> {
  const until = new Date(now.getTime() + expiryDays * DAY_MS);
  const found: AlertCondition[] = [];
  const add = (key: string, what: string, end: Date | undefined, connection?: string) => {
    if (end === undefined || end > until) return;
    const text = `${what} ${end <= now ? 'expired' : 'expires'} ${end.toISOString().slice(0, 10)}`;
    found.push({ key: `expiry ${key}`, kind: 'expiry', connection, text, isPassing: false });
  };
  add('hub', 'The certificate of the hub', certificate?.current().validTo);
  for (const { id, name, expiresAt } of await store.apiKeys()) add(`api-key ${id}`, `The API key "${name}"`, expiresAt);
  for (const connection of await store.connections()) {
    const inUse = new Set(
      (await store.instances(connection.id))
        .filter(({ revoked, lastSeenAt }) => !revoked && lastSeenAt >= expectedSince(now))
        .map(({ thumbprint }) => thumbprint),
    );
    for (const { thumbprint, pem, hostName = thumbprint, state } of await store.certificates(connection.id)) {
      if (state === 'approved' && inUse.has(thumbprint))
        add(`connector ${thumbprint}`, `The certificate of the connector ${hostName} of "${connection.name}"`, endOf(pem), connection.name);
    }
  }
  return found;
}

function endOf(pem: string): Date | undefined {
  try {
    return new X509Certificate(pem).validToDate;
  } catch {
    // Registered by an earlier version, which did not read it.
    return undefined;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
