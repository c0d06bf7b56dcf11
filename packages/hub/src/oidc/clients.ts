/** Clients: applications that users sign in to, their redirect addresses, and whose users may sign in. */

import { randomBytes } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { newSecretToken } from '@landbridge/web';
import { findConnection } from '../connections/connections.ts';
import { type Operator, recordChange } from '../operator.ts';
import type { OidcClient } from '../store/oidc-clients.ts';
import type { SigningAlgorithm } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import { checkRedirectUris } from './redirect-uris.ts';

/** Lets secret scanners recognise a secret. */
const SECRET_PREFIX = 'lbs_';
const MAX_NAME_LENGTH = 100;

export interface NewClient {
  name: string;
  redirectUris: readonly string[];
  postLogoutRedirectUris?: readonly string[] | undefined;
  /** It cannot keep a secret: an application in a browser or on a device. */
  public?: boolean | undefined;
  /** Names of connections; undefined: all. */
  connections?: readonly string[] | undefined;
  refreshTokens?: boolean | undefined;
  idTokenAlgorithm?: SigningAlgorithm | undefined;
}

/** @returns the client, and its secret unless it is public; the secret is shown only once
 * @throws CodedError CLIENT_INVALID, REDIRECT_URI_INVALID, CONNECTION_NOT_FOUND */
export async function createClient(operator: Operator, desired: NewClient): Promise<{ client: OidcClient; secret: string | undefined }> {
  const { store } = operator;
  if (desired.name === '' || desired.name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(desired.name)) {
    throw new CodedError('CLIENT_INVALID', `The field "name" must have 1 to ${MAX_NAME_LENGTH} printable characters`);
  }
  if (desired.redirectUris.length === 0) throw new CodedError('CLIENT_INVALID', 'The field "redirectUris" needs at least one address');
  checkRedirectUris(desired.redirectUris, 'redirectUris');
  checkRedirectUris(desired.postLogoutRedirectUris ?? [], 'postLogoutRedirectUris');
  const connections = desired.connections && (await Promise.all(desired.connections.map((name) => findConnection(store, name))));
  const secret = desired.public === true ? undefined : newSecretToken(SECRET_PREFIX);
  const client: OidcClient = {
    id: randomBytes(12).toString('hex'),
    name: desired.name,
    secretHash: secret?.hash,
    redirectUris: desired.redirectUris,
    postLogoutRedirectUris: desired.postLogoutRedirectUris ?? [],
    connectionIds: connections?.map(({ id }) => id),
    refreshTokens: desired.refreshTokens ?? false,
    idTokenAlgorithm: desired.idTokenAlgorithm ?? 'RS256',
    createdAt: new Date(),
  };
  await store.addOidcClient(client);
  await recordChange(operator, { action: 'client.create', subject: client.id, detail: client.name });
  return { client, secret: secret?.token };
}

/** @throws CodedError CLIENT_NOT_FOUND */
export async function findClient(store: Store, id: string): Promise<OidcClient> {
  const client = await store.oidcClient(id);
  if (client === undefined) throw notFound(id);
  return client;
}

/** The old secret becomes void at once. @returns the new one. @throws CodedError CLIENT_NOT_FOUND, CLIENT_IS_PUBLIC */
export async function rotateClientSecret(operator: Operator, id: string): Promise<string> {
  const client = await findClient(operator.store, id);
  if (client.secretHash === undefined) throw new CodedError('CLIENT_IS_PUBLIC', `The client "${id}" is public and has no secret`);
  const { token, hash } = newSecretToken(SECRET_PREFIX);
  if (!(await operator.store.updateOidcClient({ ...client, secretHash: hash }))) throw notFound(id);
  await recordChange(operator, { action: 'client.secret', subject: id, detail: client.name });
  return token;
}

/** Its tokens become void. @throws CodedError CLIENT_NOT_FOUND */
export async function deleteClient(operator: Operator, id: string): Promise<void> {
  if (!(await operator.store.removeOidcClient(id))) throw notFound(id);
  await recordChange(operator, { action: 'client.delete', subject: id });
}

function notFound(id: string): CodedError {
  return new CodedError('CLIENT_NOT_FOUND', `No client "${id}"`, { action: 'See "landbridge-hub client list".' });
}
