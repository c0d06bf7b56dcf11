/** The scope that each API call needs. Calls that are not listed are refused. */
import { CodedError } from '@landbridge/runtime';
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { ApiKey, ApiScope } from '../store/api-keys.ts';

/** By method and path below `/api`. Calls without `:name` need a key for all connections, except those in `FILTERED`. */
const SCOPE_OF_CALL: Readonly<Record<string, ApiScope>> = {
  'POST /connections/:name/login': 'sign-in',
  // Users change their own passwords. A call without the old password is a reset, which `api.ts` checks.
  'POST /connections/:name/change-password': 'sign-in',
  'POST /connections/:name/search': 'search',
  'GET /connections/:name/groups': 'search',
  'GET /connections': 'view',
  'GET /connections/:name': 'view',
  'GET /connections/:name/connectors': 'view',
  'POST /connections': 'provision',
  'PATCH /connections/:name': 'provision',
  'DELETE /connections/:name': 'provision',
  'POST /connections/:name/ticket': 'provision',
  'DELETE /connections/:name/ticket': 'provision',
  'POST /connections/:name/connectors': 'provision',
  'POST /connections/:name/connectors/:id/:action': 'provision',
  'GET /signing-keys': 'signing-keys',
  'POST /signing-keys/rotate': 'signing-keys',
  'DELETE /signing-keys/:id': 'signing-keys',
  'POST /oidc-keys/rotate': 'signing-keys',
  'POST /clients': 'applications',
  'GET /clients': 'applications',
  'GET /clients/:id': 'applications',
  'PATCH /clients/:id': 'applications',
  'DELETE /clients/:id': 'applications',
  'POST /clients/:id/secret': 'applications',
  'GET /audit': 'audit',
  'GET /api-keys': 'api-keys',
  'POST /api-keys': 'api-keys',
  'PATCH /api-keys/:id': 'api-keys',
  'DELETE /api-keys/:id': 'api-keys',
};

/** Calls that return only data of the key's connections. */
const FILTERED = ['GET /connections'];

/** Scopes that are not about connections. Only keys for all connections can have them. */
export const HUB_SCOPES: readonly ApiScope[] = ['applications', 'signing-keys', 'audit', 'api-keys'];

/** @throws CodedError API_KEY_SCOPE */
export function requireScopeOfCall(c: Context, key: ApiKey): void {
  const route = matchedRoutes(c).findLast(({ method }) => method !== 'ALL');
  const call = route && `${route.method} ${route.path.replace(/^\/api(?=\/)/, '')}`;
  const scope = call === undefined ? undefined : SCOPE_OF_CALL[call];
  if (call === undefined || scope === undefined) throw refused('This API key does not permit this call');
  // A password reset by a key that may not sign users in.
  if (call.endsWith('/change-password') && key.scopes.includes('reset-password')) return;
  requireScope(key, scope);
  if (!call.includes('/:name') && !FILTERED.includes(call) && key.connectionIds !== undefined) {
    throw refused('This API key is limited to some connections, and this call affects the whole hub');
  }
}

/** @throws CodedError API_KEY_SCOPE */
export function requireScope(key: ApiKey, scope: ApiScope): void {
  if (key.scopes.includes(scope) || (scope === 'view' && key.scopes.includes('provision'))) return;
  throw refused(`This API key lacks the scope "${scope}"`);
}

export function isForConnection({ connectionIds }: ApiKey, { id }: { id: string }): boolean {
  return connectionIds === undefined || connectionIds.includes(id);
}

function refused(message: string): CodedError {
  return new CodedError('API_KEY_SCOPE', message, { action: 'See "landbridge-hub key list", and change the key with "key change".' });
}
