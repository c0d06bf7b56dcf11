/** Registered certificates in SQLite. */
import { z } from 'zod';
import type { CertificateStore } from '../certificates.ts';
import { column, type Sql } from './sql.ts';

const certificateRow = z.object({
  thumbprint: z.string(),
  pem: z.string(),
  readsJwks: column.bit,
  agentVersion: column.optionalText,
  hostName: column.optionalText,
  registeredAt: column.date,
  state: z.enum(['approved', 'pending', 'revoked']),
  signingKid: column.optionalText,
  signInEndpoint: column.optionalText,
});
const stateRow = z.object({ state: z.string().nullable() });

export function certificateStore({ all, one, change }: Sql): CertificateStore {
  return {
    async addCertificate(connectionId, certificate, limit) {
      const { thumbprint, pem, readsJwks, agentVersion, hostName, registeredAt, state, signingKid, signInEndpoint } = certificate;
      // One statement, so that two simultaneous registrations cannot exceed the limit.
      const stored = change(
        `INSERT INTO certificates (connection_id, thumbprint, pem, reads_jwks, agent_version, registered_at, host_name, state, signing_kid, sign_in_endpoint)
         SELECT id, ?2, ?3, ?4, ?5, ?6, ?8, ?9, ?10, ?11 FROM connections WHERE id = ?1
         AND (SELECT count(*) FROM certificates WHERE connection_id = ?1 AND thumbprint <> ?2 AND state <> 'revoked') < ?7
         ON CONFLICT (connection_id, thumbprint)
         DO UPDATE SET reads_jwks = min(reads_jwks, excluded.reads_jwks), agent_version = excluded.agent_version,
           host_name = excluded.host_name, signing_kid = excluded.signing_kid,
           sign_in_endpoint = excluded.sign_in_endpoint WHERE state <> 'revoked'`,
        connectionId,
        thumbprint,
        pem,
        readsJwks ? 1 : 0,
        agentVersion ?? null,
        registeredAt.getTime(),
        limit,
        hostName ?? null,
        state,
        signingKid ?? null,
        signInEndpoint ?? null,
      );
      if (stored === 1) return 'stored';
      const there = one(
        stateRow,
        `SELECT (SELECT state FROM certificates WHERE connection_id = id AND thumbprint = ?) AS state FROM connections WHERE id = ?`,
        thumbprint,
        connectionId,
      );
      if (there === undefined) return 'gone';
      return there.state === 'revoked' ? 'revoked' : 'full';
    },
    async certificates(connectionId) {
      return all(
        certificateRow,
        `SELECT thumbprint, pem, reads_jwks AS readsJwks, agent_version AS agentVersion, host_name AS hostName,
           registered_at AS registeredAt, state, signing_kid AS signingKid, sign_in_endpoint AS signInEndpoint
         FROM certificates WHERE connection_id = ? ORDER BY registered_at, thumbprint`,
        connectionId,
      );
    },
    async setCertificateState(connectionId, thumbprint, state) {
      return change('UPDATE certificates SET state = ? WHERE connection_id = ? AND thumbprint = ?', state, connectionId, thumbprint) === 1;
    },
  };
}
