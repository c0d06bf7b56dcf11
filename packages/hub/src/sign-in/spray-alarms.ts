/** Alarms about password spraying: in the log, in the audit log, in the metrics and on the dashboard. */
import type { Log } from '@landbridge/runtime';
import type { Audit } from '../audit/audit.ts';
import type { SprayAlarm } from '../guard/guard.ts';
import type { Store } from '../store/store.ts';

/** An alarm as an operator sees it. */
export interface RaisedAlarm {
  /** The connection's name. */
  connection: string;
  users: number;
  at: Date;
}

export interface SprayAlarms {
  raise(alarm: SprayAlarm): void;
  /** The latest alarm of each connection that had one within a day. */
  recent(): RaisedAlarm[];
  subscribe(listener: (alarm: RaisedAlarm) => void): void;
}

const RECENT_MS = 24 * 60 * 60_000;

export function createSprayAlarms({ store, audit, log }: { store: Store; audit: Audit; log: Log }): SprayAlarms {
  const latest = new Map<string, RaisedAlarm>();
  const listeners: ((alarm: RaisedAlarm) => void)[] = [];

  async function raise({ connectionId, users, remoteAddress }: SprayAlarm): Promise<void> {
    const connection = (await store.connections()).find(({ id }) => id === connectionId)?.name;
    if (connection === undefined) return;
    log.warn({ connection, users, remoteAddress }, 'Password spraying: one password was wrong for many users; it is slowed down');
    const alarm = { connection, users, at: new Date() };
    latest.set(connection, alarm);
    for (const listener of listeners) listener(alarm);
    const detail = `one password was wrong for ${users} users; the address is that of the last attempt`;
    await audit.record({ actor: 'hub', action: 'guard.spraying', connection, remoteAddress, result: 'alarm', detail });
  }

  return {
    raise(alarm) {
      raise(alarm).catch((error: unknown) => log.error({ err: error }, 'Alarm about password spraying not recorded'));
    },
    recent() {
      for (const [connection, { at }] of latest) if (at.getTime() < Date.now() - RECENT_MS) latest.delete(connection);
      return [...latest.values()];
    },
    subscribe(listener) {
      listeners.push(listener);
    },
  };
}
