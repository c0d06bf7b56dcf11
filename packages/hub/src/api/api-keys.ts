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

/** @throws CodedError KEY_NAME_INVALID */
export async function createApiKey(
  operator: Operator,
  name: string,
  scope: ApiKey['scope'] = 'operate',
): Promise<{ apiKey: ApiKey; secret: string }> {
  if (name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(name)) {
    throw new CodedError('KEY_NAME_INVALID', `The name must be at most ${MAX_NAME_LENGTH} printable characters`);
  }
  const { token, hash } = newSecretToken(KEY_PREFIX);
  const apiKey = { id: randomBytes(4).toString('hex'), name, createdAt: new Date(), scope };
  await operator.store.addApiKey(apiKey, hash);
  await recordChange(operator, { action: 'api-key.create', subject: apiKey.id, detail: `${name} (${scope})` });
  return { apiKey, secret: token };
}

/** @returns the key with this secret */
export async function findApiKey(store: Store, secret: string): Promise<ApiKey | undefined> {
  return secret.startsWith(KEY_PREFIX) ? store.apiKeyByHash(hashOfToken(secret)) : undefined;
}

/** @throws CodedError KEY_NOT_FOUND */
export async function revokeApiKey(operator: Operator, id: string): Promise<void> {
  if (!(await operator.store.removeApiKey(id))) {
    throw new CodedError('KEY_NOT_FOUND', `No API key "${id}"`, { action: 'See "landbridge-hub key list".' });
  }
  await recordChange(operator, { action: 'api-key.revoke', subject: id });
}
