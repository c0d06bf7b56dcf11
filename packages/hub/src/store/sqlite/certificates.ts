/** Registered certificates in SQLite. */
import { z } from 'zod';
import type { CertificateStore } from '../certificates.ts';
import { column, type Sql } from './sql.ts';

const certificateRow = z.object({
  thumbprint: z.string(),
  pem: z.string(),
  readsJwks: column.bit,
  agentVersion: column.optionalText,
  registeredAt: column.date,
});

export function certificateStore({ all, one, change }: Sql): CertificateStore {
  return {
    async addCertificate(connectionId, { thumbprint, pem, readsJwks, agentVersion, registeredAt }, limit) {
      // One statement, so that two registrations at once cannot pass the limit together.
      const stored = change(
        `INSERT INTO certificates (connection_id, thumbprint, pem, reads_jwks, agent_version, registered_at)
         SELECT id, ?2, ?3, ?4, ?5, ?6 FROM connections WHERE id = ?1
         AND (SELECT count(*) FROM certificates WHERE connection_id = ?1 AND thumbprint <> ?2) < ?7
         ON CONFLICT (connection_id, thumbprint)
         DO UPDATE SET reads_jwks = min(reads_jwks, excluded.reads_jwks), agent_version = excluded.agent_version`,
        connectionId,
        thumbprint,
        pem,
        readsJwks ? 1 : 0,
        agentVersion ?? null,
        registeredAt.getTime(),
        limit,
      );
      if (stored === 1) return 'stored';
      return one(z.object({ id: z.string() }), 'SELECT id FROM connections WHERE id = ?', connectionId) === undefined ? 'gone' : 'full';
    },
    async certificates(connectionId) {
      return all(
        certificateRow,
        `SELECT thumbprint, pem, reads_jwks AS readsJwks, agent_version AS agentVersion, registered_at AS registeredAt
         FROM certificates WHERE connection_id = ? ORDER BY registered_at, thumbprint`,
        connectionId,
      );
    },
  };
}
