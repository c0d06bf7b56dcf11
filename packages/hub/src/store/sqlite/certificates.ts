/** Registered certificates in SQLite. */
import { z } from 'zod';
import type { CertificateStore } from '../certificates.ts';
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
});
const STATE = {
  select: 'SELECT (SELECT state FROM certificates WHERE connection_id = id AND thumbprint = ?) AS state FROM connections',
  row: z.object({ state: column.optionalText }),
};

export function certificateStore({ all, one, change, insert }: Sql): CertificateStore {
  return {
    async addCertificate(connectionId, certificate, limit) {
      // One statement, so that two simultaneous registrations cannot exceed the limit.
      const stored = insert(
        CERTIFICATES,
        certificate,
        `FROM connections WHERE id = $connectionId AND ${limit} >
           (SELECT count(*) FROM certificates WHERE connection_id = $connectionId AND thumbprint <> $thumbprint AND state <> 'revoked')
         ON CONFLICT (connection_id, thumbprint)
         DO UPDATE SET reads_jwks = min(reads_jwks, excluded.reads_jwks), agent_version = excluded.agent_version,
           host_name = excluded.host_name, signing_kid = excluded.signing_kid,
           sign_in_endpoint = excluded.sign_in_endpoint WHERE state <> 'revoked'`,
        { connectionId },
      );
      if (stored) return 'stored';
      const found = one(STATE, 'WHERE id = ?', certificate.thumbprint, connectionId);
      if (found === undefined) return 'not_found';
      return found.state === 'revoked' ? 'revoked' : 'full';
    },
    certificates: async (connectionId) => all(CERTIFICATES, 'WHERE connection_id = ? ORDER BY registered_at, thumbprint', connectionId),
    setCertificateState: async (connectionId, thumbprint, state) =>
      change('UPDATE certificates SET state = ? WHERE connection_id = ? AND thumbprint = ?', state, connectionId, thumbprint) === 1,
  };
}
