/** Whether an API key permits a call. */
import { CodedError } from '@landbridge/runtime';
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { ApiKey, ApiScope } from '../store/api-keys.ts';
import { API_CALLS } from './calls.ts';

/** Calls that return only data of the key's connections. */
const FILTERED = ['GET /connections'];

/** @throws CodedError API_KEY_SCOPE */
export function requireScopeOfCall(c: Context, key: ApiKey): void {
  const route = matchedRoutes(c).findLast(({ method }) => method !== 'ALL');
  const call = route && `${route.method} ${route.path.replace(/^\/api(?=\/)/, '')}`;
  const scope = call === undefined ? undefined : API_CALLS[call]?.scope;
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
