/** Registered certificates in SQLite. */
import { z } from 'zod';
import type { CertificateStore, Forgettable } from '../certificates.ts';
import { column, type Sql, tableOf } from './sql.ts';

const CERTIFICATES = tableOf('certificates', {
  thumbprint: column.text,
  pem: column.text,
  readsJwks: column.bit,
  agentVersion: column.optionalText,
  hostName: column.optionalText,
  registeredAt: column.date,
  state: z.enum(['approved', 'pending', 'revoked']),
  signingKid: column.optionalText,
  signInEndpoint: column.optionalText,
  requestedEndpoint: column.optionalText,
  requestedAt: column.optionalDate,
});
const THIS = 'WHERE connection_id = ? AND thumbprint = ?';

export function certificateStore({ all, one, change, insert, transaction }: Sql): CertificateStore {
  const find = (connectionId: string, thumbprint: string) => one(CERTIFICATES, THIS, connectionId, thumbprint);
  const forgetOne = (connectionId: string, { pendingBefore, unseenSince }: Forgettable) =>
    change(
      `DELETE FROM certificates WHERE connection_id = ? AND thumbprint = (
         SELECT thumbprint FROM certificates AS c WHERE connection_id = ? AND (
           (state = 'pending' AND registered_at < ?) OR
           (state = 'approved' AND registered_at < ? AND NOT EXISTS (
             SELECT 1 FROM instances AS i
             WHERE i.connection_id = c.connection_id AND i.thumbprint = c.thumbprint AND (i.last_seen_at > ? OR i.drained OR i.revoked))))
         ORDER BY state DESC, registered_at LIMIT 1)`,
      ...[connectionId, connectionId, pendingBefore, unseenSince, unseenSince],
    ) === 1;

  return {
    addCertificate: async (connectionId, certificate, limit, ticket, forgettable) =>
      transaction(() => {
        const { thumbprint } = certificate;
        const known = find(connectionId, thumbprint);
        const { state } = known ?? certificate;
        if (known === undefined) {
          const isFull = all(CERTIFICATES, "WHERE connection_id = ? AND state <> 'revoked'", connectionId).length >= limit;
          if (isFull && (forgettable === undefined || !forgetOne(connectionId, forgettable))) return 'full';
          if (!insert(CERTIFICATES, certificate, 'FROM connections WHERE id = $connectionId', { connectionId })) return 'not_found';
        }
        if (state !== 'pending' || ticket === undefined) return state;
        const isOpen =
          change(
            'UPDATE tickets SET used_at = ? WHERE hash = ? AND connection_id = ? AND used_at IS NULL AND issued_at > ?',
            ...[new Date(), ticket.hash, connectionId, ticket.issuedAfter],
          ) === 1;
        if (!isOpen) return state;
        change(`UPDATE certificates SET state = 'approved' ${THIS}`, connectionId, thumbprint);
        return 'approved';
      }),
    async updateCertificate(connectionId, thumbprint, changes) {
      transaction(() => {
        const before = find(connectionId, thumbprint);
        if (before === undefined || before.state === 'revoked') return;
        const after = { ...before, ...changes, readsJwks: before.readsJwks && (changes.readsJwks ?? true) };
        change(
          `UPDATE certificates SET reads_jwks = ?, agent_version = ?, host_name = ?, signing_kid = ?, sign_in_endpoint = ?,
             requested_endpoint = ?, requested_at = ? ${THIS}`,
          ...[after.readsJwks, after.agentVersion, after.hostName, after.signingKid, after.signInEndpoint],
          ...[after.requestedEndpoint, after.requestedAt, connectionId, thumbprint],
        );
      });
    },
    certificates: async (connectionId) => all(CERTIFICATES, 'WHERE connection_id = ? ORDER BY registered_at, thumbprint', connectionId),
    setCertificateState: async (connectionId, thumbprint, state) =>
      change(`UPDATE certificates SET state = ? ${THIS}`, state, connectionId, thumbprint) === 1,
  };
}
