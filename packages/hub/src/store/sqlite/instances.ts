/** Connector instances in SQLite. */
import { z } from 'zod';
import type { InstanceStore } from '../instances.ts';
import { column, type Sql } from './sql.ts';

const instanceRow = z.object({
  id: z.string(),
  connectionId: z.string(),
  thumbprint: z.string(),
  identity: z.string(),
  hostName: column.optionalText,
  version: column.optionalText,
  remoteAddress: z.string(),
  firstSeenAt: column.date,
  lastSeenAt: column.date,
  drained: column.bit,
  revoked: column.bit,
});
const exceptionRow = z.object({ id: z.string(), exception: z.enum(['gone', 'refused', 'drained']) });
const addressRow = z.object({ address: z.string() });
const countRow = z.object({ count: z.number() });

const INSTANCE = `SELECT id, connection_id AS connectionId, thumbprint, identity, host_name AS hostName, version, remote_address AS remoteAddress,
  first_seen_at AS firstSeenAt, last_seen_at AS lastSeenAt, drained, revoked FROM instances`;
const SAME_KEY = 'connection_id = ? AND thumbprint = ?';

export function instanceStore({ all, one, change, transaction }: Sql): InstanceStore {
  /** Removes instances above `limit`. @returns whether there is room */
  function hasRoom(connectionId: string, thumbprint: string, limit: number): boolean {
    const count = one(countRow, `SELECT count(*) AS count FROM instances WHERE ${SAME_KEY}`, connectionId, thumbprint)?.count ?? 0;
    if (count < limit) return true;
    const forgotten = change(
      `DELETE FROM instances WHERE id = (SELECT id FROM instances WHERE ${SAME_KEY} AND drained = 0 AND revoked = 0
       ORDER BY last_seen_at, id LIMIT 1)`,
      connectionId,
      thumbprint,
    );
    return forgotten === 1;
  }

  return {
    async seeInstance({ id, connectionId, thumbprint, identity, hostName, version, remoteAddress, at }, limit) {
      return transaction(() => {
        const known = change(
          `UPDATE instances SET host_name = ?, version = ?, remote_address = ?, last_seen_at = ? WHERE ${SAME_KEY} AND identity = ?`,
          hostName ?? null,
          version ?? null,
          remoteAddress,
          at.getTime(),
          connectionId,
          thumbprint,
          identity,
        );
        if (known === 0) {
          if (!hasRoom(connectionId, thumbprint, limit)) return undefined;
          change(
            `INSERT INTO instances (id, connection_id, thumbprint, identity, host_name, version, remote_address, first_seen_at, last_seen_at)
             SELECT ?, connection_id, thumbprint, ?, ?, ?, ?, ?, ? FROM certificates WHERE ${SAME_KEY}`,
            id,
            identity,
            hostName ?? null,
            version ?? null,
            remoteAddress,
            at.getTime(),
            at.getTime(),
            connectionId,
            thumbprint,
          );
        }
        return one(instanceRow, `${INSTANCE} WHERE ${SAME_KEY} AND identity = ?`, connectionId, thumbprint, identity);
      });
    },
    async instances(connectionId) {
      return all(instanceRow, `${INSTANCE} WHERE connection_id = ? ORDER BY first_seen_at, id`, connectionId);
    },
    async acceptedAddresses(since) {
      const rows = all(
        addressRow,
        `SELECT DISTINCT remote_address AS address FROM instances JOIN certificates USING (connection_id, thumbprint)
         WHERE revoked = 0 AND state = 'approved' AND last_seen_at >= ?`,
        since.getTime(),
      );
      return rows.map(({ address }) => address);
    },
    async setInstance(connectionId, id, { drained, revoked }) {
      return (
        change(
          'UPDATE instances SET drained = coalesce(?, drained), revoked = coalesce(?, revoked) WHERE connection_id = ? AND id = ?',
          bitOf(drained),
          bitOf(revoked),
          connectionId,
          id,
        ) === 1
      );
    },
    async touchInstances(ids, at) {
      change('UPDATE instances SET last_seen_at = ? WHERE id IN (SELECT value FROM json_each(?))', at.getTime(), JSON.stringify(ids));
    },
    async exceptionalInstances(ids) {
      const rows = all(
        exceptionRow,
        `SELECT id, exception FROM (
           SELECT value AS id, CASE WHEN instances.id IS NULL THEN 'gone' WHEN revoked OR state <> 'approved' THEN 'refused'
             WHEN drained THEN 'drained' END AS exception
           FROM json_each(?) LEFT JOIN instances ON instances.id = value LEFT JOIN certificates USING (connection_id, thumbprint))
         WHERE exception IS NOT NULL`,
        JSON.stringify(ids),
      );
      return new Map(rows.map(({ id, exception }) => [id, exception]));
    },
  };
}

function bitOf(value: boolean | undefined): number | null {
  return value === undefined ? null : value ? 1 : 0;
}
