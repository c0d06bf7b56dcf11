/** Authenticates a socket: checks the token in `authenticate` against the registered certificates of the connection it names. */
import { createHash, X509Certificate } from 'node:crypto';
import { AGENT_TOKEN_LIFETIME_SECONDS, CLOCK_SKEW_TOLERANCE_MS, type SessionClaim, sessionClaim } from '@landbridge/protocol';
import { CodedError, errorText } from '@landbridge/runtime';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { realmOf } from '../connections/connections.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/** How far a connector's clock may be ahead: five minutes, as Kerberos allows. A clock that is behind has only the token's lifetime. */
const MAX_AHEAD_SECONDS = 300;

export interface AuthenticatedAgent {
  connection: Connection;
  certificate: RegisteredCertificate;
  /** Undefined if its token asks for no session, as with Auth0 connectors. */
  session: SessionClaim | undefined;
}

/** Each token with a `jti` is accepted once. */
export interface AgentTokens {
  /** @throws CodedError AGENT_REFUSED; the message is for the operator, not for the connector */
  verify(jwt: string): Promise<AuthenticatedAgent>;
}

/** Live tokens of one key. A connector that makes more must wait until some expire: forgetting one would let it be used again. */
const MAX_LIVE_TOKENS = 1000;

/** @param maxLiveTokens for tests */
export function createAgentTokens(store: Store, maxLiveTokens = MAX_LIVE_TOKENS): AgentTokens {
  /** By thumbprint, hashes of accepted tokens until they expire (epoch milliseconds). Only registered connectors can fill it. */
  const used = new Map<string, Map<string, number>>();

  function forgetExpired(now: number): void {
    for (const [thumbprint, tokens] of used) {
      for (const [hash, expiry] of tokens) if (expiry < now) tokens.delete(hash);
      if (tokens.size === 0) used.delete(thumbprint);
    }
  }

  return {
    async verify(jwt) {
      const connection = await namedConnection(store, jwt);
      const { expiresAtMs, isUnique, ...verified } = await verifiedBy(jwt, connection, await store.certificates(connection.id));
      // Tokens of Auth0 connectors have nothing unique: two that share a key and connect in the same second send the same one.
      if (!isUnique) return { connection, ...verified };
      forgetExpired(Date.now());
      const tokens = used.get(verified.certificate.thumbprint) ?? new Map<string, number>();
      // Without the signature: its base64url has several spellings.
      const hash = createHash('sha256')
        .update(jwt.slice(0, jwt.lastIndexOf('.')))
        .digest('base64');
      if (tokens.has(hash)) throw agentRefused(`the token was used before (connection "${connection.name}")`);
      if (tokens.size >= maxLiveTokens)
        throw agentRefused(`its key signed ${maxLiveTokens} tokens that are still valid (connection "${connection.name}")`);
      tokens.set(hash, expiresAtMs + CLOCK_SKEW_TOLERANCE_MS);
      used.set(verified.certificate.thumbprint, tokens);
      return { connection, ...verified };
    },
  };
}

async function namedConnection(store: Store, jwt: string): Promise<Connection> {
  let issuer: string | undefined;
  try {
    issuer = decodeJwt(jwt).iss;
  } catch (cause) {
    throw agentRefused('the token is not a JWT', cause);
  }
  const connection = typeof issuer === 'string' ? await store.connectionByName(issuer) : undefined;
  if (connection === undefined) throw agentRefused('the issuer of the token is not a connection of this hub');
  return connection;
}

async function verifiedBy(
  jwt: string,
  connection: Connection,
  certificates: RegisteredCertificate[],
): Promise<Omit<AuthenticatedAgent, 'connection'> & { expiresAtMs: number; isUnique: boolean }> {
  for (const certificate of certificates) {
    try {
      const { payload } = await jwtVerify(jwt, new X509Certificate(certificate.pem).publicKey, {
        algorithms: ['RS256'],
        issuer: connection.name,
        audience: realmOf(connection),
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_SKEW_TOLERANCE_MS / 1000,
      });
      const expiresAtMs = (payload.exp ?? 0) * 1000;
      if (expiresAtMs > Date.now() + (AGENT_TOKEN_LIFETIME_SECONDS + MAX_AHEAD_SECONDS) * 1000) {
        throw agentRefused(`the token is valid for too long, or the connector's clock is more than ${MAX_AHEAD_SECONDS} s ahead`);
      }
      return { certificate, session: sessionOf(payload.session), expiresAtMs, isUnique: payload.jti !== undefined };
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      if (error instanceof CodedError) throw error;
      throw agentRefused(`${errorText(error)} (connection "${connection.name}")`, error);
    }
  }
  throw agentRefused(`the token is not signed with a certificate registered for connection "${connection.name}"`);
}

/** A connector that asks for a session never gets requests without one: an invalid claim is an error. */
function sessionOf(claim: unknown): SessionClaim | undefined {
  if (claim === undefined) return undefined;
  const parsed = sessionClaim.safeParse(claim);
  if (!parsed.success) throw agentRefused('the token asks for a session that this hub does not know', parsed.error);
  return parsed.data;
}

/** @param reason for the operator */
export function agentRefused(reason: string, cause?: unknown): CodedError {
  return new CodedError('AGENT_REFUSED', reason, { cause });
}
