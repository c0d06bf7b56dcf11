/** Provisioning by ticket URL, and the first frames of the socket (docs/protocol.md, sections 1 and 2.1). */
import { z } from 'zod';
import { sessionAnswer } from './session.ts';

/** Part of frames, claims, URLs and certificates. */
export const connectionName = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/, {
  error: 'must be 1 to 64 letters, digits, dots, hyphens or underscores, with a letter or digit at both ends',
});

/** The answer of `GET {ticket}/info`. Old hubs omit booleans: the feature is off. */
export const ticketInfo = z.object({
  connectionName: z.string().min(1),
  connectionDomain: z.string().min(1),
  adHub: z.string().min(1),
  realm: z.object({
    name: z.string().min(1),
    postTokenUrl: z.union([z.string(), z.array(z.string()).transform((urls) => urls.join(','))]).nullish(),
  }),
  kerberos: z.boolean().nullish(),
  certAuth: z.boolean().nullish(),
  thumbprints: z.array(z.string()).nullish(),
});
export type TicketInfo = z.infer<typeof ticketInfo>;

/** Shown to operators and stored: short, with letters, digits and these characters only. */
const hostName = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,252}$/u);
export const agentVersionText = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/);

/**
 * Our addition: which of several connectors with one key it is. The `id` is random and stays in the connector's home. An invalid part counts
 * as missing; without a valid `id` there is no instance.
 */
export const agentInstance = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  hostName: hostName.optional().catch(undefined),
  version: agentVersionText.optional().catch(undefined),
});
export type AgentInstance = z.infer<typeof agentInstance>;

/** The body of `POST {ticket}`. Older connectors send no `capabilities`; `instance` is our addition. */
export const registration = z.object({
  certs: z.array(z.string()).min(1),
  signInEndpoint: z.string().nullish(),
  agentMode: z.boolean().nullish(),
  agentVersion: agentVersionText.nullish().catch(undefined),
  capabilities: z.object({ useJWKS: z.boolean().nullish() }).nullish(),
  instance: agentInstance.optional().catch(undefined),
});
export type Registration = z.infer<typeof registration>;

/** The answer of `POST {ticket}`. An empty or absent key tells a connector with `useJWKS` to read the JWKS document. */
export const registrationAnswer = z.object({ signingKey: z.string().nullish() });

/** `/.well-known/jwks.json`. The JOSE library validates the keys. */
export const jwksDocument = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/** `/test`: the hub's clock in epoch milliseconds. */
export const clockAnswer = z.object({ clock: z.number() });

/** The default limit for the difference between the clocks. Up to it sign-ins work, because a connector uses the hub's time for the hub's requests. */
export const DEFAULT_CLOCK_SKEW_LIMIT_SECONDS = 600;

/** Clocks further apart are skewed (docs/protocol.md, section 1.1). Also the tolerance for a token's times. */
export const CLOCK_SKEW_TOLERANCE_MS = 5000;

/** Lifetime of the token in `authenticate` (docs/protocol.md, section 2.1). */
export const AGENT_TOKEN_LIFETIME_SECONDS = 60;

/** For a hub's requests: asymmetric algorithms only. */
export const HUB_TOKEN_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const;

/** `authenticate`: `capabilities` and `instance` are our additions. */
export const authenticatePayload = z.object({
  jwt: z.string().min(1),
  capabilities: z.array(z.string()).optional(),
  instance: agentInstance.optional().catch(undefined),
});

/**
 * `authentication_failure`: our addition is a reason, sent only to a connector that has proven that it holds a registered key: it is waiting
 * for an operator's approval, it was revoked, it must register again, or its clock is too far off.
 */
const AUTHENTICATION_FAILURE_REASONS = ['approval_pending', 'revoked', 'register_again', 'clock_skew'] as const;
export type AuthenticationFailureReason = (typeof AUTHENTICATION_FAILURE_REASONS)[number];
export const authenticationFailurePayload = z.object({ reason: z.enum(AUTHENTICATION_FAILURE_REASONS).optional().catch(undefined) });

/** `authenticated`. Auth0's hub sends no payload, or one of its own. */
export const authenticatedPayload = z.object({
  capabilities: z.array(z.string()).optional().catch(undefined),
  session: sessionAnswer.optional().catch(undefined),
});

/** A request without a session: all claims are in the signed token. */
export const requestPayload = z.object({ jwt: z.string().min(1) });
