/**
 * Alerts: each is raised once, when a condition has lasted, and resolved once, when it has been over for as long. Alerts and their messages are
 * in the store, so that a restart neither repeats nor loses one. A message is tried again a limited number of times.
 */
import { randomBytes } from 'node:crypto';
import { errorText, type Log, printable, sleep } from '@landbridge/runtime';
import { type AuditChain, verifyChain } from '../audit/chain.ts';
import type { AlertChannel, AlertMessage, StoredAlert } from '../store/alerts.ts';
import { type AlertSettings, alertSenders } from './channels.ts';
import { type AlertCondition, type AlertSources, expiryConditions, passingConditions } from './conditions.ts';

export interface Alerts {
  /** Where alerts are sent. */
  channels(): readonly { channel: AlertChannel; target: string }[];
  /** Sends a test message by each channel. @returns what went wrong, by channel */
  test(): Promise<{ channel: AlertChannel; failure: string | undefined }[]>;
  /** Checks all conditions and sends what is due. Runs regularly by itself. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

const CHECK_MS = 15_000;
const STOP_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const KEPT_DAYS = 90;
const SENT_AT_ONCE = 20;
/** Over about two hours. */
const MAX_ATTEMPTS = 12;
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 15 * 60_000;
const MAX_FAILURE_LENGTH = 300;

export function startAlerts(
  parts: AlertSources & { chain: AuditChain; settings: AlertSettings; hub: () => string; log: Log; now?: () => Date },
): Alerts {
  const { store, chain, settings, hub, log, now = () => new Date() } = parts;
  const senders = alertSenders(settings, hub);
  const channels = senders.map(({ channel }) => channel);
  const afterMs = settings.ALERT_AFTER_MINUTES * 60_000;
  /** Since when each condition has been there. */
  const present = new Map<string, Date>();
  /** Since when the condition of an open alert has been over. */
  const over = new Map<string, Date>();
  let expiring: AlertCondition[] = [];
  let chainBroken: AlertCondition[] = [];
  let expiryCheckedAt = 0;
  let chainCheckedAt = 0;
  let isClosed = false;

  async function checkRarely(): Promise<void> {
    const at = now();
    if (at.getTime() - expiryCheckedAt >= HOUR_MS) {
      expiring = await expiryConditions(parts, at);
      await store.pruneAlerts(new Date(at.getTime() - KEPT_DAYS * DAY_MS));
      expiryCheckedAt = at.getTime();
    }
    if (at.getTime() - chainCheckedAt >= DAY_MS) {
      chainCheckedAt = at.getTime();
      // Not awaited: a year's records take a minute.
      checkChain().catch((error: unknown) => {
        if (!isClosed) log.error({ err: error }, 'Audit log not verified');
      });
    }
  }

  async function checkChain(): Promise<void> {
    const verdict = await verifyChain(store, chain);
    const text = 'brokenAt' in verdict ? `The audit log is broken at record ${verdict.brokenAt}: ${verdict.because}` : '';
    chainBroken = text === '' ? [] : [{ key: 'audit chain', kind: 'audit', connection: undefined, text, isPassing: false }];
  }

  async function raise({ key, kind, connection, text }: AlertCondition): Promise<void> {
    const alert: StoredAlert = { id: randomBytes(8).toString('hex'), key, kind, connection, text, raisedAt: now(), resolvedAt: undefined };
    if (await store.raiseAlert(alert, channels)) log.warn({ alert: alert.id, kind, connection }, `Alert: ${text}`);
  }

  async function resolve({ id, kind, connection, text }: StoredAlert): Promise<void> {
    if (await store.resolveAlert(id, now(), channels)) log.info({ alert: id, kind, connection }, `Alert resolved: ${text}`);
  }

  async function compare(): Promise<void> {
    await checkRarely();
    const conditions = new Map([...(await passingConditions(parts)), ...expiring, ...chainBroken].map((found) => [found.key, found]));
    const open = new Map((await store.openAlerts()).map((alert) => [alert.key, alert]));
    for (const key of present.keys()) if (!conditions.has(key)) present.delete(key);
    for (const [key, condition] of conditions) {
      over.delete(key);
      const since = present.get(key) ?? now();
      present.set(key, since);
      if (!open.has(key) && (!condition.isPassing || now().getTime() - since.getTime() >= afterMs)) await raise(condition);
    }
    for (const [key, alert] of open) {
      if (conditions.has(key)) continue;
      const since = over.get(key) ?? now();
      over.set(key, since);
      if (now().getTime() - since.getTime() < afterMs) continue;
      over.delete(key);
      await resolve(alert);
    }
  }

  async function attempt(message: AlertMessage & { alert: StoredAlert }): Promise<void> {
    const { alert, channel, event } = message;
    const attempts = message.attempts + 1;
    const sender = senders.find((each) => each.channel === channel);
    try {
      // The channel was removed from the settings.
      if (sender === undefined)
        return await store.updateAlertMessage({ ...message, nextAt: undefined, failure: 'not configured any more' });
      const { kind, connection, text } = alert;
      const at = event === 'raised' ? alert.raisedAt : (alert.resolvedAt ?? now());
      await sender.send({ id: `${alert.id}-${event}`, event, kind, connection, text, at });
      // It is sent again after the restart, with the same id.
      if (isClosed) return;
      await store.updateAlertMessage({ ...message, attempts, nextAt: undefined, sentAt: now(), failure: undefined });
    } catch (error) {
      if (isClosed) return;
      const failure = printable(errorText(error)).slice(0, MAX_FAILURE_LENGTH);
      const isLast = attempts >= MAX_ATTEMPTS;
      const delayMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
      await store.updateAlertMessage({ ...message, attempts, failure, nextAt: isLast ? undefined : new Date(now().getTime() + delayMs) });
      if (attempts === 1 || isLast)
        log.error(
          { err: error, alert: alert.id, channel },
          `Alert not sent by ${channel}; ${isLast ? 'given up' : 'retrying'}: ${failure}`,
        );
    }
  }

  async function once(): Promise<void> {
    await compare();
    const due = await store.dueAlertMessages(now(), SENT_AT_ONCE);
    await Promise.all(due.map(attempt));
  }

  let running: Promise<void> = Promise.resolve();
  const check = () => {
    running = running.then(once).catch((error: unknown) => log.error({ err: error }, 'Alerts not checked'));
    return running;
  };
  const timer = setInterval(() => void check(), CHECK_MS).unref();

  return {
    channels: () => senders.map(({ channel, target }) => ({ channel, target })),
    test: () =>
      Promise.all(
        senders.map(async ({ channel, send }) => {
          const id = `${randomBytes(8).toString('hex')}-test`;
          try {
            await send({ id, event: 'test', kind: 'test', connection: undefined, text: 'This is a test', at: now() });
            return { channel, failure: undefined };
          } catch (error) {
            return { channel, failure: printable(errorText(error)).slice(0, MAX_FAILURE_LENGTH) };
          }
        }),
      ),
    check,
    async stop() {
      clearInterval(timer);
      // A receiver that does not answer must not hold the hub up.
      const grace = new AbortController();
      await Promise.race([running, sleep(STOP_MS, grace.signal)]);
      grace.abort();
      isClosed = true;
    },
  };
}
