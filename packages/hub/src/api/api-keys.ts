/** API keys, for the HTTP API. Shown once, stored as a hash, revoked at once. */

import { randomBytes } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { hashOfToken, newSecretToken } from '@landbridge/web';
import { type Operator, recordChange } from '../operator.ts';
import type { ApiKey } from '../store/api-keys.ts';
import type { Store } from '../store/store.ts';

/** Lets secret scanners recognise a key. */
const KEY_PREFIX = 'lbk_';
const MAX_NAME_LENGTH = 100;
/** Last use is written at most this often for a key: administrators need no more precision, and a write for each sign-in would cost more than the sign-in's own. */
const LAST_USE_MS = 60_000;
export const MAX_KEY_DAYS = 3650;

/** @param options.days until it expires; undefined: never. @throws CodedError KEY_NAME_INVALID, KEY_EXPIRY_INVALID */
export async function createApiKey(
  operator: Operator,
  name: string,
  options: { scope?: ApiKey['scope']; days?: number | undefined } = {},
): Promise<{ apiKey: ApiKey; secret: string }> {
  if (name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(name)) {
    throw new CodedError('KEY_NAME_INVALID', `The name must be at most ${MAX_NAME_LENGTH} printable characters`);
  }
  const { scope = 'operate', days } = options;
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= MAX_KEY_DAYS)) {
    throw new CodedError('KEY_EXPIRY_INVALID', `The number of days until the key expires must be from 1 to ${MAX_KEY_DAYS}`);
  }
  const { token, hash } = newSecretToken(KEY_PREFIX);
  const createdAt = new Date();
  const expiresAt = days === undefined ? undefined : new Date(createdAt.getTime() + days * 24 * 3_600_000);
  const apiKey = { id: randomBytes(4).toString('hex'), name, createdAt, scope, expiresAt, lastUsedAt: undefined };
  await operator.store.addApiKey(apiKey, hash);
  await recordChange(operator, {
    action: 'api-key.create',
    subject: apiKey.id,
    detail: `${name} (${scope}, ${days === undefined ? 'no expiry' : `${days} days`})`,
  });
  return { apiKey, secret: token };
}

/** @returns the key with this secret, unless it has expired; notes its use */
export async function findApiKey(store: Store, secret: string, now: Date = new Date()): Promise<ApiKey | undefined> {
  const key = secret.startsWith(KEY_PREFIX) ? await store.apiKeyByHash(hashOfToken(secret)) : undefined;
  if (key === undefined || (key.expiresAt !== undefined && key.expiresAt <= now)) return undefined;
  if (now.getTime() - (key.lastUsedAt?.getTime() ?? 0) >= LAST_USE_MS) await store.setApiKeyUsed(key.id, now);
  return key;
}

/** @throws CodedError KEY_NOT_FOUND */
export async function revokeApiKey(operator: Operator, id: string): Promise<void> {
  if (!(await operator.store.removeApiKey(id))) {
    throw new CodedError('KEY_NOT_FOUND', `No API key "${id}"`, { action: 'See "landbridge-hub key list".' });
  }
  await recordChange(operator, { action: 'api-key.revoke', subject: id });
}
