/** What the API answers: the OpenAPI document shows these schemas, and every response in the hub's tests is checked with them. */
import { z } from 'zod';
import { keptClientOptions } from '../store/client-options.ts';
import { keptConnectionSettings } from '../store/connection-settings.ts';

const time = () => z.iso.datetime();
const count = () => z.number().int().min(0);
const names = () => z.array(z.string());

const profile = () => z.record(z.string(), z.unknown()).describe('What the profile mapper made of the entry.');
const subject = () => z.string().describe('The immutable id of the user in the directory. Missing if the directory shows none.');

export const signInResponse = z.strictObject({
  subject: subject().optional(),
  profile: profile(),
  from: z.enum(['directory', 'cache']),
  cachedAt: time().optional(),
});
export const resetResponse = z.strictObject({ subject: subject().optional(), profile: profile().optional() });
export const usersResponse = z.strictObject({ users: z.array(profile()) });
export const groupsResponse = z.strictObject({
  groups: z.array(z.unknown()).describe('Names, or objects if the connector sends attributes.'),
});

const connection = z.strictObject({
  name: z.string(),
  enabled: z.boolean(),
  // As they are kept, all of them present.
  ...keptConnectionSettings.shape,
  displayName: z.string().nullable(),
  realm: z.string(),
  createdAt: time(),
  ticketIssuedAt: time().nullable(),
  enrolmentOpenUntil: time().nullable().describe('Until then the newest ticket enrols a connector without approval.'),
  certificates: z.array(
    z.strictObject({
      thumbprint: z.string(),
      state: z.enum(['approved', 'pending', 'revoked']),
      signInEndpoint: z.string().optional(),
      requestedEndpoint: z.string().optional(),
      agentVersion: z.string().optional(),
      hostName: z.string().optional(),
      registeredAt: time(),
    }),
  ),
  connectors: z
    .array(
      z.strictObject({
        instance: z.string(),
        remoteAddress: z.string(),
        agentVersion: z.string().optional(),
        connectedAt: time(),
        clockSkewMs: z.number().optional(),
        capabilities: names(),
        draining: z.boolean(),
        inFlight: count(),
        eligibility: z.string(),
      }),
    )
    .describe('The open sockets.'),
});
const ticket = {
  ticket: z.string().describe('Shown only once.'),
  install: z.strictObject({ shell: z.string(), powershell: z.string() }),
  warning: z.string().optional(),
};
export const connectionResponse = z.strictObject({ connection });
export const connectionsResponse = z.strictObject({ connections: z.array(connection) });
export const newConnectionResponse = z.strictObject({ connection, ...ticket });
export const ticketResponse = z.strictObject(ticket);

export const connectorsResponse = z.strictObject({
  connectors: z.array(
    z.strictObject({
      id: z.string(),
      state: z.enum(['online', 'draining', 'offline', 'pending', 'revoked']),
      label: z.string(),
      hostName: z.string().optional(),
      version: z.string().optional(),
      outdated: z.boolean(),
      remoteAddress: z.string(),
      thumbprint: z.string(),
      sharesKey: z.boolean(),
      drained: z.boolean(),
      firstSeenAt: time(),
      lastSeenAt: time(),
      onlineSince: time().optional(),
      sockets: count(),
      inFlight: count(),
      clockSkewMs: z.number().optional(),
      requests: count(),
      errors: count(),
      latency: z.strictObject({ meanMs: z.number(), p95Ms: z.number() }).optional(),
    }),
  ),
});

export const signingKeysResponse = z.strictObject({
  keys: z.array(
    z.strictObject({
      kid: z.string(),
      algorithm: z.string(),
      state: z.enum(['signing', 'next', 'retiring']),
      createdAt: time(),
      signsFrom: time(),
      retiresAt: time().optional(),
    }),
  ),
});
export const providerKeysResponse = z.strictObject({ keys: names() });

const client = z.strictObject({
  id: z.string(),
  name: z.string(),
  public: z.boolean(),
  redirectUris: names(),
  postLogoutRedirectUris: names(),
  connections: names().optional().describe('Missing: all.'),
  scopes: names(),
  refreshTokens: z.boolean(),
  idTokenAlgorithm: z.enum(['RS256', 'ES256']),
  ...keptClientOptions.shape,
  warnings: names(),
  createdAt: time(),
});
export const clientResponse = z.strictObject({ client });
export const clientsResponse = z.strictObject({ clients: z.array(client) });
export const newClientResponse = z.strictObject({ client, secret: z.string().optional().describe('Shown only once.') });
export const secretResponse = z.strictObject({ secret: z.string().describe('Shown only once.') });

const apiKey = z.strictObject({
  id: z.string(),
  name: z.string(),
  scopes: names(),
  connections: names().optional().describe('Missing: all.'),
  addresses: names(),
  createdAt: time(),
  expiresAt: time().optional(),
  lastUsedAt: time().optional(),
  lastUsedFrom: z.string().optional(),
});
export const apiKeyResponse = z.strictObject({ apiKey });
export const apiKeysResponse = z.strictObject({ apiKeys: z.array(apiKey) });
export const newApiKeyResponse = z.strictObject({ apiKey, secret: z.string().describe('Shown only once.') });

export const auditResponse = z.strictObject({
  records: z.array(
    z.strictObject({
      id: count(),
      at: time(),
      actor: z.string(),
      action: z.string(),
      connection: z.string().optional(),
      subject: z.string().optional(),
      remoteAddress: z.string().optional(),
      instance: z.string().optional(),
      result: z.string(),
      correlationId: z.string().optional(),
      detail: z.string().optional(),
      hash: z.string(),
    }),
  ),
  next: count().optional().describe('`before` of the next page.'),
});

/** RFC 9457, with the member `error` for programs. */
export const problemResponse = z.strictObject({
  type: z.string().describe('Where the documents of this hub describe it.'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().optional(),
  error: z.strictObject({
    code: z.string().describe('Stable.'),
    message: z.string(),
    action: z.string().optional(),
    fields: z.record(z.string(), z.string()).optional().describe('What is wrong with each field.'),
    connectorError: z.string().optional(),
    retry: z.boolean().optional(),
    retryAfterSeconds: z.number().optional(),
    correlationId: z.string().optional(),
  }),
  profile: profile().optional(),
});
