/** What callers send to the API: the schemas that read requests, and that the OpenAPI document shows. */
import { z } from 'zod';
import { MAX_KEY_DAYS } from '../store/api-keys.ts';
import { clientOptionChanges } from '../store/client-options.ts';

const MAX_LIMIT = 1_000_000;

const notEmpty = () => z.string().min(1, 'must not be empty');
const limit = () => z.int().min(1).max(MAX_LIMIT);
const inQuery = () => z.coerce.number('must be a number').pipe(limit());
const list = () => z.array(z.string());

export const loginRequest = z.object({
  // Auth0 connectors crash at an empty name.
  username: notEmpty(),
  password: z.string(),
  remoteAddress: z
    .union([z.ipv4(), z.ipv6()], 'must be an IP address')
    .optional()
    .describe('Of the user. Only with it, attempts are also limited by address.'),
  profileOnFailure: z.boolean().optional().describe('Whether the response includes the profile of a refused user.'),
});

export const changePasswordRequest = loginRequest.extend({
  password: notEmpty().describe('The new password.'),
  // An empty one must not become a reset.
  oldPassword: notEmpty().optional().describe('With it, it is a change by the user; without it, a reset by an administrator.'),
});

export const userSearchRequest = z.object({
  search: z.string().optional().describe('Missing or empty: all users.'),
  limit: limit().optional(),
});
export const groupsQuery = z.strictObject({ limit: inQuery().optional() });

export const newConnectionRequest = z.object({ name: z.string() });
export const endpointDecision = z.strictObject({ signInEndpoint: z.string() });
export const revocation = z.strictObject({ key: z.boolean().optional().describe('Also revokes its key, permanently.') });
export const rotationRequest = z.strictObject({ graceHours: z.number().optional() });
export const retireQuery = z.strictObject({
  anyway: z.enum(['true', 'false']).optional().describe('Also if connectors know no other key.'),
});

export const clientRequest = z.strictObject({
  name: z.string().optional(),
  redirectUris: list().optional(),
  postLogoutRedirectUris: list().optional(),
  connections: list().nullable().optional().describe('Names; null: all.'),
  scopes: list().optional(),
  refreshTokens: z.boolean().optional(),
  idTokenAlgorithm: z.enum(['RS256', 'ES256']).optional(),
  ...clientOptionChanges.shape,
});
export const newClientRequest = clientRequest.extend({ name: z.string(), redirectUris: list(), public: z.boolean().optional() });

export const apiKeyRequest = z.strictObject({
  name: z.string().optional(),
  scopes: list().optional(),
  connections: list().nullable().optional().describe('Names; null: all.'),
  addresses: list().optional(),
  days: z.number().int().min(1).max(MAX_KEY_DAYS).nullable().optional().describe('Until it expires; null: never.'),
});
export const newApiKeyRequest = apiKeyRequest.extend({ name: z.string() });
