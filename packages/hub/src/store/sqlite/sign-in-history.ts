/** Sign-ins by minute and hour in SQLite. */
import { z } from 'zod';
import type { SignInHistoryStore } from '../sign-in-history.ts';
import { column, type Sql, tableOf } from './sql.ts';

const counts = z.string().transform((text): unknown => JSON.parse(text));
const PERIODS = tableOf('sign_in_periods', {
  connection: column.text,
  minutes: z.literal([1, 60]),
  began: column.date,
  results: counts.pipe(z.record(z.string(), z.number())),
  latencies: counts.pipe(z.array(z.number())),
});
const SINCE = 'minutes = ? AND began >= ?';

export function signInHistoryStore({ all, change, insert, transaction }: Sql): SignInHistoryStore {
  return {
    async putSignInPeriods(periods) {
      if (periods.length === 0) return;
      transaction(() => {
        for (const period of periods)
          insert(
            PERIODS,
            period,
            'WHERE true ON CONFLICT (connection, minutes, began) DO UPDATE SET results = excluded.results, latencies = excluded.latencies',
          );
      });
    },
    signInPeriods: async (minutes, since, connection) =>
      connection === undefined
        ? all(PERIODS, `WHERE ${SINCE} ORDER BY began`, minutes, since)
        : all(PERIODS, `WHERE connection = ? AND ${SINCE} ORDER BY began`, connection, minutes, since),
    async pruneSignInPeriods(before) {
      change('DELETE FROM sign_in_periods WHERE minutes = 1 AND began < ?', before.minutes);
      change("DELETE FROM sign_in_periods WHERE minutes = 1 AND connection <> '' AND began < ?", before.minutesOfConnections);
      change('DELETE FROM sign_in_periods WHERE minutes = 60 AND began < ?', before.hours);
      change("DELETE FROM sign_in_periods WHERE connection <> '' AND connection NOT IN (SELECT name FROM connections)");
    },
  };
}
