/**
 * All calls of the API: the scope that each needs, and what goes in and comes out. What a key permits and the OpenAPI document follow from this
 * table. A call that is not in it is refused.
 */
import type { z } from 'zod';
import { auditRequest } from '../audit/query.ts';
import type { ApiScope } from '../store/api-keys.ts';
import { connectionChanges } from '../store/connection-settings.ts';
import * as requests from './requests.ts';
import * as responses from './responses.ts';

export interface ApiCall {
  scope: ApiScope;
  /** The heading in the document. */
  summary: string;
  body?: z.ZodType;
  query?: z.ZodObject;
  /** The status of success. */
  status: 200 | 201 | 204;
  /** Missing: nothing. */
  response?: z.ZodType;
}

const done = { status: 204 } as const;
const ok = (response: z.ZodType) => ({ status: 200, response }) as const;
const created = (response: z.ZodType) => ({ status: 201, response }) as const;

/** By method and path below `/api`. Calls without `:name` need a key for all connections, except those in `FILTERED`. */
export const API_CALLS: Readonly<Record<string, ApiCall>> = {
  'POST /connections/:name/login': {
    ...{ scope: 'sign-in', summary: 'Signs a user in' },
    ...{ body: requests.loginRequest, ...ok(responses.signInResponse) },
  },
  // Users change their own passwords. A call without the old password is a reset, which `api.ts` checks.
  'POST /connections/:name/change-password': {
    ...{ scope: 'sign-in', summary: 'Changes a password, or resets it without the old one' },
    ...{ body: requests.changePasswordRequest, ...ok(responses.signInResponse.or(responses.resetResponse)) },
  },
  'POST /connections/:name/search': {
    ...{ scope: 'search', summary: 'Searches for users' },
    ...{ body: requests.userSearchRequest, ...ok(responses.usersResponse) },
  },
  'GET /connections/:name/groups': {
    ...{ scope: 'search', summary: 'Lists the groups of the directory' },
    ...{ query: requests.groupsQuery, ...ok(responses.groupsResponse) },
  },
  'GET /connections': { scope: 'view', summary: 'Lists connections', ...ok(responses.connectionsResponse) },
  'GET /connections/:name': { scope: 'view', summary: 'Shows a connection', ...ok(responses.connectionResponse) },
  'GET /connections/:name/connectors': {
    scope: 'view',
    summary: 'Lists the connectors of a connection',
    ...ok(responses.connectorsResponse),
  },
  'POST /connections': {
    ...{ scope: 'provision', summary: 'Creates a connection' },
    ...{ body: requests.newConnectionRequest, ...created(responses.newConnectionResponse) },
  },
  'PATCH /connections/:name': {
    ...{ scope: 'provision', summary: 'Changes settings of a connection' },
    ...{ body: connectionChanges, ...ok(responses.connectionResponse) },
  },
  'DELETE /connections/:name': { scope: 'provision', summary: 'Deletes a connection', ...done },
  'POST /connections/:name/ticket': {
    ...{ scope: 'provision', summary: 'Issues a ticket and voids all earlier ones' },
    ...created(responses.ticketResponse),
  },
  'DELETE /connections/:name/ticket': { scope: 'provision', summary: 'Voids all tickets', ...done },
  'POST /connections/:name/connectors': {
    ...{ scope: 'provision', summary: 'Issues a ticket for one more connector' },
    ...created(responses.ticketResponse),
  },
  'POST /connections/:name/connectors/:id/approve': { scope: 'provision', summary: 'Accepts a pending connector', ...done },
  'POST /connections/:name/connectors/:id/drain': { scope: 'provision', summary: 'Gives a connector no new requests', ...done },
  'POST /connections/:name/connectors/:id/resume': { scope: 'provision', summary: 'Ends draining', ...done },
  'POST /connections/:name/connectors/:id/revoke': {
    ...{ scope: 'provision', summary: 'Shuts a connector out' },
    ...{ body: requests.revocation, ...done },
  },
  'POST /connections/:name/connectors/:id/confirm-change': {
    ...{ scope: 'provision', summary: 'Accepts the sign-in address that a connector asked for' },
    ...{ body: requests.endpointDecision, ...done },
  },
  'POST /connections/:name/connectors/:id/dismiss-change': {
    ...{ scope: 'provision', summary: 'Keeps the former sign-in address of a connector' },
    ...{ body: requests.endpointDecision, ...done },
  },
  'GET /signing-keys': {
    scope: 'signing-keys',
    summary: 'Lists the keys that sign requests to connectors',
    ...ok(responses.signingKeysResponse),
  },
  'POST /signing-keys/rotate': {
    ...{ scope: 'signing-keys', summary: 'Creates the next signing key' },
    ...{ body: requests.rotationRequest, ...created(responses.signingKeysResponse) },
  },
  'DELETE /signing-keys/:id': {
    ...{ scope: 'signing-keys', summary: 'Removes a signing key at once' },
    ...{ query: requests.retireQuery, ...done },
  },
  'POST /oidc-keys/rotate': {
    ...{ scope: 'signing-keys', summary: 'Creates new keys for tokens of applications' },
    ...created(responses.providerKeysResponse),
  },
  'POST /clients': {
    ...{ scope: 'applications', summary: 'Registers an application' },
    ...{ body: requests.newClientRequest, ...created(responses.newClientResponse) },
  },
  'GET /clients': { scope: 'applications', summary: 'Lists applications', ...ok(responses.clientsResponse) },
  'GET /clients/:id': { scope: 'applications', summary: 'Shows an application', ...ok(responses.clientResponse) },
  'PATCH /clients/:id': {
    ...{ scope: 'applications', summary: 'Changes an application' },
    ...{ body: requests.clientRequest, ...ok(responses.clientResponse) },
  },
  'DELETE /clients/:id': { scope: 'applications', summary: 'Deletes an application', ...done },
  'POST /clients/:id/secret': { scope: 'applications', summary: 'Gives an application a new secret', ...created(responses.secretResponse) },
  'GET /audit': { scope: 'audit', summary: 'Reads the audit log, newest first', query: auditRequest, ...ok(responses.auditResponse) },
  'GET /api-keys': { scope: 'api-keys', summary: 'Lists API keys', ...ok(responses.apiKeysResponse) },
  'POST /api-keys': {
    ...{ scope: 'api-keys', summary: 'Creates an API key' },
    ...{ body: requests.newApiKeyRequest, ...created(responses.newApiKeyResponse) },
  },
  'PATCH /api-keys/:id': {
    ...{ scope: 'api-keys', summary: 'Changes an API key' },
    ...{ body: requests.apiKeyRequest, ...ok(responses.apiKeyResponse) },
  },
  'DELETE /api-keys/:id': { scope: 'api-keys', summary: 'Revokes an API key', ...done },
};

/** @returns the call for a method and a path below `/api` that has values instead of `:name` and `:id` */
export function apiCallOf(method: string, path: string): ApiCall | undefined {
  const parts = path.split('?')[0]?.split('/') ?? [];
  const found = Object.entries(API_CALLS).find(([call]) => {
    const [expected, pattern = ''] = call.split(' ');
    const wanted = pattern.split('/');
    return (
      method === expected && wanted.length === parts.length && wanted.every((part, index) => part.startsWith(':') || part === parts[index])
    );
  });
  return found?.[1];
}
