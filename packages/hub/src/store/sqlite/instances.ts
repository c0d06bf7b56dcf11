/** Connector instances in SQLite. */
import { z } from 'zod';
import type { InstanceStore } from '../instances.ts';
import { column, type Sql, tableOf } from './sql.ts';

const INSTANCES = tableOf('instances', {
  id: column.text,
  connectionId: column.text,
  thumbprint: column.text,
  identity: column.text,
  hostName: column.optionalText,
  version: column.optionalText,
  remoteAddress: column.text,
  firstSeenAt: column.date,
  lastSeenAt: column.date,
  drained: column.bit,
  revoked: column.bit,
  label: column.text,
});
const EXCEPTIONS = {
  select: `SELECT id, exception FROM (
    SELECT value AS id, CASE WHEN instances.id IS NULL THEN 'not_found' WHEN revoked OR state <> 'approved' THEN 'refused'
      WHEN drained THEN 'drained' END AS exception
    FROM json_each(?) LEFT JOIN instances ON instances.id = value LEFT JOIN certificates USING (connection_id, thumbprint))`,
  row: z.object({ id: column.text, exception: z.enum(['not_found', 'refused', 'drained']) }),
};
const ADDRESSES = {
  select: 'SELECT DISTINCT remote_address AS address FROM instances JOIN certificates USING (connection_id, thumbprint)',
  row: z.object({ address: column.text }),
};
const SAME_KEY = 'connection_id = ? AND thumbprint = ?';

export function instanceStore({ all, one, change, insert, transaction }: Sql): InstanceStore {
  return {
    seeInstance: async ({ at, ...seen }, limit) =>
      transaction(() => {
        const { connectionId, thumbprint, identity, hostName, version, remoteAddress } = seen;
        const known = change(
          `UPDATE instances SET host_name = ?, version = ?, remote_address = ?, last_seen_at = ? WHERE ${SAME_KEY} AND identity = ?`,
          ...[hostName, version, remoteAddress, at, connectionId, thumbprint, identity],
        );
        if (known === 0) {
          const hasRoom =
            all(INSTANCES, `WHERE ${SAME_KEY}`, connectionId, thumbprint).length < limit ||
            change(
              `DELETE FROM instances WHERE id = (SELECT id FROM instances WHERE ${SAME_KEY} AND drained = 0 AND revoked = 0
               ORDER BY last_seen_at, id LIMIT 1)`,
              ...[connectionId, thumbprint],
            ) === 1;
          if (!hasRoom) return undefined;
          insert(
            INSTANCES,
            { ...seen, firstSeenAt: at, lastSeenAt: at, drained: false, revoked: false, label: '' },
            'FROM certificates WHERE connection_id = $connectionId AND thumbprint = $thumbprint',
          );
        }
        return one(INSTANCES, `WHERE ${SAME_KEY} AND identity = ?`, connectionId, thumbprint, identity);
      }),
    instances: async (connectionId) => all(INSTANCES, 'WHERE connection_id = ? ORDER BY first_seen_at, id', connectionId),
    acceptedAddresses: async (since) =>
      all(ADDRESSES, "WHERE revoked = 0 AND state = 'approved' AND last_seen_at >= ?", since).map(({ address }) => address),
    setInstance: async (connectionId, id, { drained, revoked, label }) =>
      change(
        'UPDATE instances SET drained = coalesce(?, drained), revoked = coalesce(?, revoked), label = coalesce(?, label) WHERE connection_id = ? AND id = ?',
        ...[drained, revoked, label, connectionId, id],
      ) === 1,
    async touchInstances(ids, at) {
      change('UPDATE instances SET last_seen_at = ? WHERE id IN (SELECT value FROM json_each(?))', at, ids);
    },
    exceptionalInstances: async (ids) =>
      new Map(all(EXCEPTIONS, 'WHERE exception IS NOT NULL', ids).map(({ id, exception }) => [id, exception])),
  };
}
