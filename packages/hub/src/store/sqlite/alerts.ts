/** Alerts in SQLite. */
import { z } from 'zod';
import { ALERT_CHANNELS, ALERT_KINDS, type AlertChannel, type AlertMessage, type AlertStore } from '../alerts.ts';
import { column, type Sql, tableOf } from './sql.ts';

const ALERTS = tableOf('alerts', {
  id: column.text,
  key: column.text,
  kind: z.enum(ALERT_KINDS),
  connection: column.optionalText,
  text: column.text,
  raisedAt: column.date,
  resolvedAt: column.optionalDate,
});
const MESSAGES = tableOf('alert_messages', {
  alertId: column.text,
  channel: z.enum(ALERT_CHANNELS),
  event: z.enum(['raised', 'resolved']),
  attempts: column.number,
  nextAt: column.optionalDate,
  sentAt: column.optionalDate,
  failure: column.optionalText,
});

export function alertStore({ all, one, change, insert, transaction }: Sql): AlertStore {
  const addMessages = (alertId: string, event: AlertMessage['event'], at: Date, channels: readonly AlertChannel[]) => {
    for (const channel of channels)
      insert(MESSAGES, { alertId, channel, event, attempts: 0, nextAt: at, sentAt: undefined, failure: undefined });
  };
  return {
    raiseAlert: async (alert, channels) =>
      transaction(() => {
        const added = insert(ALERTS, alert, 'WHERE true ON CONFLICT DO NOTHING');
        if (added) addMessages(alert.id, 'raised', alert.raisedAt, channels);
        return added;
      }),
    resolveAlert: async (id, at, channels) =>
      transaction(() => {
        const ended = change('UPDATE alerts SET resolved_at = ? WHERE id = ? AND resolved_at IS NULL', at, id) === 1;
        if (ended) addMessages(id, 'resolved', at, channels);
        return ended;
      }),
    openAlerts: async () => all(ALERTS, 'WHERE resolved_at IS NULL ORDER BY raised_at, id'),
    alerts: async (limit, before) =>
      all(ALERTS, 'WHERE raised_at < ? ORDER BY raised_at DESC, id LIMIT ?', before?.getTime() ?? Number.MAX_SAFE_INTEGER, limit),
    alertMessages: async (ids) => all(MESSAGES, 'WHERE alert_id IN (SELECT value FROM json_each(?)) ORDER BY event, channel', ids),
    dueAlertMessages: async (now, limit) =>
      all(
        MESSAGES,
        `AS m WHERE next_at <= ? AND NOT (event = 'resolved' AND EXISTS (SELECT 1 FROM alert_messages AS b
           WHERE b.alert_id = m.alert_id AND b.channel = m.channel AND b.event = 'raised' AND b.next_at IS NOT NULL))
         ORDER BY next_at, alert_id LIMIT ?`,
        now,
        limit,
      ).flatMap((message) => {
        const alert = one(ALERTS, 'WHERE id = ?', message.alertId);
        return alert === undefined ? [] : [{ ...message, alert }];
      }),
    async updateAlertMessage({ alertId, channel, event, attempts, nextAt, sentAt, failure }) {
      change(
        'UPDATE alert_messages SET attempts = ?, next_at = ?, sent_at = ?, failure = ? WHERE alert_id = ? AND channel = ? AND event = ?',
        ...[attempts, nextAt, sentAt, failure, alertId, channel, event],
      );
    },
    async pruneAlerts(before) {
      change('DELETE FROM alerts WHERE resolved_at < ?', before);
    },
  };
}
