/** Provisioning by ticket URL, and the first frames of the socket (docs/protocol.md, sections 1 and 2.1). */
import { z } from 'zod';

/** Frames and claims carry the name; URLs and certificates do too. */
export const connectionName = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/, {
  error: 'must be 1 to 64 letters, digits, dots, hyphens or underscores, with a letter or digit at both ends',
});

/** The answer of `GET {ticket}/info`. Booleans may be missing in old hubs: then the feature is off. */
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

/** What an agent may say of itself is shown to operators and kept: short, and without anything but letters, digits and these signs. */
const hostName = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,252}$/u);
const agentVersionText = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/);

/**
 * Our addition: which of several connectors with one key it is. The `id` is random, made once, and kept where the connector is
 * installed. A part that is not as it should be is as if it were missing; without a proper `id` there is no instance.
 */
export const agentInstance = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  hostName: hostName.optional().catch(undefined),
  version: agentVersionText.optional().catch(undefined),
});
export type AgentInstance = z.infer<typeof agentInstance>;

/** The body of `POST {ticket}`; installed connectors send no `capabilities` and no `instance`. */
export const registration = z.object({
  certs: z.array(z.string()).min(1),
  signInEndpoint: z.string().nullish(),
  agentMode: z.boolean().nullish(),
  agentVersion: agentVersionText.nullish().catch(undefined),
  capabilities: z.object({ useJWKS: z.boolean().nullish() }).nullish(),
  instance: agentInstance.optional().catch(undefined),
});
export type Registration = z.infer<typeof registration>;

/** The answer of `POST {ticket}`: an empty or absent key means, to a connector that said `useJWKS`: read the JWKS document. */
export const registrationAnswer = z.object({ signingKey: z.string().nullish() });

/** `/.well-known/jwks.json`. Single keys are read by the JOSE library. */
export const jwksDocument = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/** `/test`: the hub's clock in epoch milliseconds. */
export const clockAnswer = z.object({ clock: z.number() });

/** Clocks further apart are skewed (docs/protocol.md, section 1.1). Also the tolerance for a token's times. */
export const CLOCK_SKEW_TOLERANCE_MS = 5000;

/** Lifetime of the token in `authenticate` (docs/protocol.md, section 2.1). */
export const AGENT_TOKEN_LIFETIME_SECONDS = 60;

/** What a hub may sign requests with: asymmetric algorithms only. */
export const HUB_TOKEN_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const;

/** `authenticate`: `capabilities` and `instance` are our additions. */
export const authenticatePayload = z.object({
  jwt: z.string().min(1),
  capabilities: z.array(z.string()).optional(),
  instance: agentInstance.optional().catch(undefined),
});

/**
 * `authentication_failure`: our addition is a reason, told only to whom has proved to have a key that the hub knows. The agent is
 * waiting for an operator's approval; it was revoked; or it has to register again before it is accepted.
 */
export const AUTHENTICATION_FAILURE_REASONS = ['approval_pending', 'revoked', 'register_again'] as const;
export type AuthenticationFailureReason = (typeof AUTHENTICATION_FAILURE_REASONS)[number];
export const authenticationFailurePayload = z.object({ reason: z.enum(AUTHENTICATION_FAILURE_REASONS).optional().catch(undefined) });

/** `authenticated`: installed hubs send no payload, or one of their own. */
export const authenticatedPayload = z.object({ capabilities: z.array(z.string()).optional().catch(undefined) });

/** A request: everything is in the signed token. */
export const requestPayload = z.object({ jwt: z.string().min(1) });
