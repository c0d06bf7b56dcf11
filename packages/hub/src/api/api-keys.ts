/** API keys, for the HTTP API. Shown once, stored as a hash, revoked at once. */

import { randomBytes } from 'node:crypto';
import { CodedError, canonicalRange, createIpRanges } from '@landbridge/runtime';
import { hashOfToken, newSecretToken } from '@landbridge/web';
import { findConnection } from '../connections/connections.ts';
import { type Operator, recordChange } from '../operator.ts';
import { API_SCOPE_NAMES, type ApiKey, type ApiScope, HUB_SCOPES, MAX_KEY_DAYS } from '../store/api-keys.ts';
import type { Store } from '../store/store.ts';

/** Lets secret scanners recognise a key. */
const KEY_PREFIX = 'lbk_';
const MAX_NAME_LENGTH = 100;
const MAX_ADDRESSES = 100;
/**
 * Last use is written at most this often for a key: administrators need no more precision, and a write for each sign-in would cost more than the
 * sign-in's own.
 */
const LAST_USE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

/** An operator's choices. Missing ones stay unchanged. A new key gets only what it needs to sign users in. */
export interface KeyPermissions {
  name?: string | undefined;
  scopes?: readonly string[] | undefined;
  /** Names of connections; null means all. */
  connections?: readonly string[] | null | undefined;
  /** Addresses or ranges; empty means all. */
  addresses?: readonly string[] | undefined;
  /** Days until it expires; null means never. */
  days?: number | null | undefined;
}

/**
 * @param by the API key that creates this one and cannot grant more than it has
 * @throws CodedError KEY_NAME_INVALID, KEY_EXPIRY_INVALID, KEY_PERMISSIONS_INVALID, CONNECTION_NOT_FOUND
 */
export async function createApiKey(
  operator: Operator,
  name: string,
  permissions: Omit<KeyPermissions, 'name'> = {},
  by?: ApiKey,
): Promise<{ apiKey: ApiKey; secret: string }> {
  const { token, hash } = newSecretToken(KEY_PREFIX);
  const blank: ApiKey = {
    id: randomBytes(4).toString('hex'),
    name,
    createdAt: new Date(),
    scopes: ['sign-in'],
    connectionIds: undefined,
    addresses: by?.addresses ?? [],
    expiresAt: by?.expiresAt,
    lastUsedAt: undefined,
    lastUsedFrom: undefined,
  };
  const apiKey = await withPermissions(operator.store, blank, { ...permissions, name });
  if (by !== undefined) refuseMore(by, apiKey);
  await operator.store.addApiKey(apiKey, hash);
  await recordChange(operator, { action: 'api-key.create', subject: apiKey.id, detail: describeKey(apiKey) });
  return { apiKey, secret: token };
}

/** @throws CodedError KEY_NOT_FOUND, and as `createApiKey` */
export async function changeApiKey(operator: Operator, id: string, permissions: KeyPermissions, by?: ApiKey): Promise<ApiKey> {
  const key = await findKey(operator.store, id);
  const changed = await withPermissions(operator.store, key, permissions);
  if (by !== undefined) refuseMore(by, changed, key);
  if (!(await operator.store.updateApiKey(changed))) throw notFound(id);
  await recordChange(operator, { action: 'api-key.change', subject: id, detail: describeKey(changed) });
  return changed;
}

/** @throws CodedError KEY_NOT_FOUND */
export async function findKey(store: Store, id: string): Promise<ApiKey> {
  const key = (await store.apiKeys()).find((candidate) => candidate.id === id);
  if (key === undefined) throw notFound(id);
  return key;
}

/**
 * @returns the key with this secret, unless it has expired. Records its use.
 * @throws CodedError API_KEY_ADDRESS
 */
export async function findApiKey(store: Store, secret: string, address: string, now: Date = new Date()): Promise<ApiKey | undefined> {
  const key = secret.startsWith(KEY_PREFIX) ? await store.apiKeyByHash(hashOfToken(secret)) : undefined;
  if (key === undefined || (key.expiresAt !== undefined && key.expiresAt <= now)) return undefined;
  if (key.addresses.length > 0 && !createIpRanges(key.addresses).has(address)) {
    throw new CodedError('API_KEY_ADDRESS', `The API key ${key.id} may not be used from ${address}`, {
      action: 'If the request comes from your application, add the address: landbridge-hub key change ID --address RANGE.',
    });
  }
  if (now.getTime() - (key.lastUsedAt?.getTime() ?? 0) >= LAST_USE_MS) await store.setApiKeyUsed(key.id, now, address);
  return key;
}

/** @throws CodedError KEY_NOT_FOUND */
export async function revokeApiKey(operator: Operator, id: string): Promise<void> {
  if (!(await operator.store.removeApiKey(id))) throw notFound(id);
  await recordChange(operator, { action: 'api-key.revoke', subject: id });
}

async function withPermissions(store: Store, key: ApiKey, permissions: KeyPermissions): Promise<ApiKey> {
  const { name = key.name, scopes = key.scopes, connections, addresses, days } = permissions;
  if (name === '' || name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(name)) {
    throw new CodedError('KEY_NAME_INVALID', `The name must be 1 to ${MAX_NAME_LENGTH} printable characters`, {
      fields: { name: `must have 1 to ${MAX_NAME_LENGTH} printable characters` },
    });
  }
  if (typeof days === 'number' && !(Number.isInteger(days) && days >= 1 && days <= MAX_KEY_DAYS)) {
    throw new CodedError('KEY_EXPIRY_INVALID', `The number of days until the key expires must be from 1 to ${MAX_KEY_DAYS}`, {
      fields: { days: `must be from 1 to ${MAX_KEY_DAYS}` },
    });
  }
  const changed: ApiKey = {
    ...key,
    name,
    scopes: scopesOf(scopes),
    connectionIds:
      connections === undefined
        ? key.connectionIds
        : (connections ?? undefined) &&
          (await Promise.all((connections ?? []).map(async (each) => (await findConnection(store, each)).id))),
    addresses: addresses === undefined ? key.addresses : rangesOf(addresses),
    expiresAt: days === undefined ? key.expiresAt : days === null ? undefined : new Date(Date.now() + days * DAY_MS),
  };
  if (changed.connectionIds?.length === 0) throw invalid('connections', 'at least one connection, or all');
  const hubScope = changed.scopes.find((scope) => HUB_SCOPES.includes(scope));
  if (changed.connectionIds !== undefined && hubScope !== undefined) {
    throw invalid('connections', `all connections for the scope "${hubScope}", which is about the whole hub`);
  }
  return changed;
}

/** Prevents a key that manages others from gaining permissions through another key. */
function refuseMore(by: ApiKey, after: ApiKey, before = after): void {
  const isMore =
    [...before.scopes, ...after.scopes].some((scope) => !by.scopes.includes(scope)) ||
    (by.expiresAt !== undefined && (after.expiresAt === undefined || after.expiresAt > by.expiresAt)) ||
    (by.addresses.length > 0 && (after.addresses.length === 0 || after.addresses.some((range) => !by.addresses.includes(range))));
  if (!isMore) return;
  throw new CodedError('API_KEY_SCOPE', 'An API key cannot grant more permissions, connections, addresses or time than it has', {
    action: 'Use the dashboard or the command line.',
  });
}

function scopesOf(names: readonly string[]): ApiScope[] {
  const unknown = names.find((name) => !API_SCOPE_NAMES.some((scope) => scope === name));
  if (unknown !== undefined) throw invalid('scopes', `scopes among ${API_SCOPE_NAMES.join(', ')}; "${unknown.slice(0, 50)}" is not one`);
  if (names.length === 0) throw invalid('scopes', 'at least one scope');
  return API_SCOPE_NAMES.filter((scope) => names.includes(scope));
}

function rangesOf(addresses: readonly string[]): string[] {
  if (addresses.length > MAX_ADDRESSES) throw invalid('addresses', `at most ${MAX_ADDRESSES} addresses`);
  return addresses.map((address) => {
    const range = canonicalRange(address);
    if (range === undefined) throw invalid('addresses', `addresses or ranges such as 10.0.0.0/8; "${address.slice(0, 50)}" is not one`);
    return range;
  });
}

function describeKey({ name, scopes, connectionIds, addresses, expiresAt }: ApiKey): string {
  return [
    name,
    scopes.join(' '),
    connectionIds === undefined ? 'all connections' : `connections ${connectionIds.join(' ')}`,
    addresses.length === 0 ? 'all addresses' : `from ${addresses.join(' ')}`,
    expiresAt === undefined ? 'no expiry' : `expires ${expiresAt.toISOString()}`,
  ].join('; ');
}

function invalid(field: string, rule: string): CodedError {
  return new CodedError('KEY_PERMISSIONS_INVALID', `An API key needs ${rule}`, { fields: { [field]: `needs ${rule}` } });
}

function notFound(id: string): CodedError {
  return new CodedError('KEY_NOT_FOUND', `No API key "${id}"`, { action: 'See "landbridge-hub key list".' });
}
