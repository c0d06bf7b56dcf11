/** Authenticates a socket: checks the token in `authenticate` against the registered certificates of the connection it names. */
import { createHash, X509Certificate } from 'node:crypto';
import { AGENT_TOKEN_LIFETIME_SECONDS, CLOCK_SKEW_TOLERANCE_MS, type SessionClaim, sessionClaim } from '@landbridge/protocol';
import { CodedError, errorText } from '@landbridge/runtime';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { realmOf } from '../connections/connections.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/**
 * How far the clock of a connector that asks for no session may be ahead: five minutes, as Kerberos allows. It may be behind only by the token's
 * lifetime, because anyone who has copied such a token can use it. A token that asks for a session is useless without the connector's key.
 */
const MAX_AHEAD_SECONDS = 300;

export interface AuthenticatedAgent {
  connection: Connection;
  certificate: RegisteredCertificate;
  /** Undefined if the token asks for no session, as with Auth0 connectors. */
  session: SessionClaim | undefined;
  /** How far the connector's clock is ahead; negative: behind. Undefined if its token has no `iat`. */
  clockSkewMs: number | undefined;
}

/** Each token with a `jti` is accepted once. */
export interface AgentTokens {
  /** @throws CodedError AGENT_REFUSED, AGENT_CLOCK_WRONG; the message is for the operator, not for the connector */
  verify(jwt: string): Promise<AuthenticatedAgent>;
}

/** Valid tokens remembered per key. Further tokens are refused until some expire, because a forgotten token could be replayed. */
const MAX_LIVE_TOKENS = 10_000;

/**
 * @param limitSeconds how far the clock of a connector that asks for a session may be off
 * @param maxLiveTokens for tests
 */
export function createAgentTokens(store: Store, limitSeconds: number, maxLiveTokens = MAX_LIVE_TOKENS): AgentTokens {
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
      const { expiresAtMs, isUnique, ...verified } = await verifiedBy(
        jwt,
        connection,
        await store.certificates(connection.id),
        limitSeconds,
      );
      // Auth0 connectors' tokens have no `jti`: two connectors that share a key and connect in the same second send identical tokens.
      if (!isUnique) return { connection, ...verified };
      forgetExpired(Date.now());
      const tokens = used.get(verified.certificate.thumbprint) ?? new Map<string, number>();
      // Hashed without the signature, whose base64url form is not unique.
      const hash = createHash('sha256')
        .update(jwt.slice(0, jwt.lastIndexOf('.')))
        .digest('base64');
      if (tokens.has(hash)) throw agentRefused(`the token was used before (connection "${connection.name}")`);
      if (tokens.size >= maxLiveTokens)
        throw agentRefused(`its key signed ${maxLiveTokens} tokens that are still valid (connection "${connection.name}")`);
      tokens.set(hash, expiresAtMs + (verified.session === undefined ? CLOCK_SKEW_TOLERANCE_MS : limitSeconds * 1000));
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
  limitSeconds: number,
): Promise<Omit<AuthenticatedAgent, 'connection'> & { expiresAtMs: number; isUnique: boolean }> {
  for (const certificate of certificates) {
    try {
      const { payload } = await jwtVerify(jwt, new X509Certificate(certificate.pem).publicKey, {
        algorithms: ['RS256'],
        issuer: connection.name,
        audience: realmOf(connection),
        requiredClaims: ['exp'],
        // The times are checked below.
        clockTolerance: Number.MAX_SAFE_INTEGER,
      });
      const session = sessionOf(payload.session);
      const expiresAtMs = (payload.exp ?? 0) * 1000;
      // The signature is valid, so either the connector's clock is wrong or the token is old.
      const skewMs = expiresAtMs - AGENT_TOKEN_LIFETIME_SECONDS * 1000 - Date.now();
      const behindSeconds = session === undefined ? AGENT_TOKEN_LIFETIME_SECONDS + CLOCK_SKEW_TOLERANCE_MS / 1000 : limitSeconds;
      const aheadSeconds = session === undefined ? MAX_AHEAD_SECONDS : limitSeconds;
      if (skewMs <= -behindSeconds * 1000 || skewMs > aheadSeconds * 1000)
        throw clockRefused(skewMs, connection.name, session !== undefined);
      const clockSkewMs = payload.iat === undefined ? undefined : Math.round(payload.iat * 1000 - Date.now());
      return { certificate, session, clockSkewMs, expiresAtMs, isUnique: payload.jti !== undefined };
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      if (error instanceof CodedError) throw error;
      throw agentRefused(`${errorText(error)} (connection "${connection.name}")`, error);
    }
  }
  throw agentRefused(`the token is not signed with a certificate registered for connection "${connection.name}"`);
}

/** An invalid session claim is an error: a connector that asks for a session must never get requests without one. */
function sessionOf(claim: unknown): SessionClaim | undefined {
  if (claim === undefined) return undefined;
  const parsed = sessionClaim.safeParse(claim);
  if (!parsed.success) throw agentRefused('the token contains an invalid session offer', parsed.error);
  return parsed.data;
}

/** For a token with a valid signature. Auth0 connectors get the same answer as for any other refusal. */
function clockRefused(skewMs: number, connection: string, hasSession: boolean): CodedError {
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const clock = `the connector's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this hub's`;
  const where = `(connection "${connection}")`;
  if (!hasSession) return agentRefused(`${skewMs > 0 ? 'the token is valid for too long' : 'the token has expired'}, or ${clock} ${where}`);
  return new CodedError('AGENT_CLOCK_WRONG', `${clock} ${where}`, { action: 'Let NTP set both clocks' });
}

/** @param reason for the operator */
export function agentRefused(reason: string, cause?: unknown): CodedError {
  return new CodedError('AGENT_REFUSED', reason, { cause });
}
