/** Clients: applications that users sign in to, their redirect addresses, and whose users may sign in. */

import { randomBytes } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { newSecretToken } from '@landbridge/web';
import { findConnection } from '../connections/connections.ts';
import { type Operator, recordChange } from '../operator.ts';
import {
  type ClientOptionChanges,
  type ClientOptions,
  clientOptionChanges,
  clientOptionFields,
  keptClientOptions,
} from '../store/client-options.ts';
import { CLIENT_SCOPES, type ClientScope, type OidcClient } from '../store/oidc-clients.ts';
import type { SigningAlgorithm } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';
import { checkApis } from './apis.ts';
import { checkLogoutAddress, checkOrigins, checkRedirectUris } from './redirect-uris.ts';

/** Lets secret scanners recognise a secret. */
const SECRET_PREFIX = 'lbs_';
const MAX_NAME_LENGTH = 100;

/** Without groups, which reveal much about a company and must be granted explicitly. */
const DEFAULT_SCOPES: readonly ClientScope[] = ['profile', 'email'];

/** An operator's choices. Missing ones stay unchanged. */
export interface ClientChanges extends ClientOptionChanges {
  name?: string | undefined;
  redirectUris?: readonly string[] | undefined;
  postLogoutRedirectUris?: readonly string[] | undefined;
  /** Names of connections; null means all. */
  connections?: readonly string[] | null | undefined;
  /** Scopes among `profile`, `email` and `groups`. */
  scopes?: readonly string[] | undefined;
  refreshTokens?: boolean | undefined;
  /** ID tokens are signed with it from the next sign-in on. */
  idTokenAlgorithm?: SigningAlgorithm | undefined;
}

export interface NewClient extends ClientChanges {
  name: string;
  redirectUris: readonly string[];
  /** It cannot keep a secret: an application in a browser or on a device. */
  public?: boolean | undefined;
}

/** @returns the client, and its secret unless it is public; the secret is shown only once
 * @throws CodedError CLIENT_INVALID, REDIRECT_URI_INVALID, CONNECTION_NOT_FOUND */
export async function createClient(operator: Operator, desired: NewClient): Promise<{ client: OidcClient; secret: string | undefined }> {
  const secret = desired.public === true ? undefined : newSecretToken(SECRET_PREFIX);
  const blank: OidcClient = {
    id: randomBytes(12).toString('hex'),
    name: desired.name,
    secretHash: secret?.hash,
    redirectUris: [],
    postLogoutRedirectUris: [],
    connectionIds: undefined,
    scopes: DEFAULT_SCOPES,
    refreshTokens: false,
    idTokenAlgorithm: desired.idTokenAlgorithm ?? 'RS256',
    options: keptClientOptions.parse({}),
    createdAt: new Date(),
  };
  const client = await withChanges(operator.store, blank, desired);
  await operator.store.addOidcClient(client);
  await recordChange(operator, { action: 'client.create', subject: client.id, detail: describeClient(client) });
  return { client, secret: secret?.token };
}

/** A withdrawn scope is also missing from existing tokens. @throws CodedError CLIENT_NOT_FOUND, and as `createClient` */
export async function changeClient(operator: Operator, id: string, changes: ClientChanges): Promise<OidcClient> {
  const client = await withChanges(operator.store, await findClient(operator.store, id), changes);
  if (!(await operator.store.updateOidcClient(client))) throw notFound(id);
  await recordChange(operator, { action: 'client.change', subject: id, detail: describeClient(client) });
  return client;
}

/** The scopes that a client may use, regardless of what it requests. */
export function scopesOfClient({ scopes, refreshTokens }: OidcClient): readonly string[] {
  return ['openid', ...scopes, ...(refreshTokens ? ['offline_access'] : [])];
}

async function withChanges(store: Store, client: OidcClient, changes: ClientChanges): Promise<OidcClient> {
  const { connections } = changes;
  const changed: OidcClient = {
    ...client,
    name: changes.name ?? client.name,
    redirectUris: changes.redirectUris ?? client.redirectUris,
    postLogoutRedirectUris: changes.postLogoutRedirectUris ?? client.postLogoutRedirectUris,
    connectionIds:
      connections === undefined
        ? client.connectionIds
        : connections === null
          ? undefined
          : await Promise.all(connections.map(async (name) => (await findConnection(store, name)).id)),
    scopes: changes.scopes === undefined ? client.scopes : scopesOf(changes.scopes),
    refreshTokens: changes.refreshTokens ?? client.refreshTokens,
    idTokenAlgorithm: changes.idTokenAlgorithm ?? client.idTokenAlgorithm,
    options: optionsOf(client, changes),
  };
  checkTogether([
    () => {
      if (changed.name === '' || changed.name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(changed.name))
        throw invalid('name', `must have 1 to ${MAX_NAME_LENGTH} printable characters`);
    },
    () => {
      if (changed.redirectUris.length === 0 && !changed.options.deviceFlow)
        throw invalid('redirectUris', 'needs at least one address, unless the application signs in as a device only');
    },
    () => checkRedirectUris(changed.redirectUris, 'redirectUris'),
    () => checkRedirectUris(changed.postLogoutRedirectUris, 'postLogoutRedirectUris'),
    () => checkOrigins(changed.options.corsOrigins, 'corsOrigins'),
    () => checkApis(changed.options.apis),
    () => checkLogoutAddress(changed.options.backchannelLogoutUri, 'backchannelLogoutUri'),
  ]);
  return changed;
}

/** Runs all checks, so that a form shows every wrong field. @throws the first error, with the fields of all */
function checkTogether(checks: readonly (() => void)[]): void {
  const errors: CodedError[] = [];
  for (const check of checks) {
    try {
      check();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      errors.push(error);
    }
  }
  const [first] = errors;
  if (first === undefined) return;
  throw new CodedError(first.code, first.message, { fields: Object.assign({}, ...errors.map(({ fields }) => fields)) });
}

function invalid(field: string, problem: string): CodedError {
  return new CodedError('CLIENT_INVALID', `The field "${field}" ${problem}`, { fields: { [field]: problem } });
}

/** Options that need a client secret, because anyone can pretend to be a public client. */
const NEED_A_SECRET = ['allowMissingPkce', 'introspectOthers'] as const;

function optionsOf(client: OidcClient, changes: ClientOptionChanges): ClientOptions {
  const given = clientOptionFields().flatMap(({ name }) => (changes[name] === undefined ? [] : [[name, changes[name]]]));
  const result = clientOptionChanges.safeParse(Object.fromEntries(given));
  if (!result.success) {
    const [issue] = result.error.issues;
    const fields = Object.fromEntries(result.error.issues.map(({ path, message }) => [String(path[0] ?? ''), message]));
    throw new CodedError('CLIENT_INVALID', `The field "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'is invalid'}`, { fields });
  }
  const options = keptClientOptions.parse({ ...client.options, ...result.data });
  const refused = NEED_A_SECRET.find((name) => options[name]);
  if (client.secretHash === undefined && refused !== undefined) throw invalid(refused, 'is for applications with a secret only');
  return options;
}

/** `openid` is always granted, and `offline_access` is the option `refreshTokens`. */
function scopesOf(names: readonly string[]): ClientScope[] {
  const unknown = names.find((name) => name !== 'openid' && !CLIENT_SCOPES.some((scope) => scope === name));
  if (unknown !== undefined) {
    throw invalid('scopes', `may have ${CLIENT_SCOPES.join(', ')}, not ${JSON.stringify(unknown.slice(0, 50))}`);
  }
  return CLIENT_SCOPES.filter((scope) => names.includes(scope));
}

function describeClient({ name, scopes, connectionIds, refreshTokens, idTokenAlgorithm, options }: OidcClient): string {
  const whose = connectionIds === undefined ? 'all connections' : `connections ${connectionIds.join(' ')}`;
  const chosen = clientOptionFields().flatMap(({ name }) => {
    const value = options[name];
    return value === false || value === '' || (Array.isArray(value) && value.length === 0)
      ? []
      : [`; ${name}${value === true ? '' : ` ${String(value)}`}`];
  });
  return `${name}; ${['openid', ...scopes].join(' ')}; ${whose}${refreshTokens ? '; refresh tokens' : ''}; ${idTokenAlgorithm}${chosen.join('')}`;
}

/** @throws CodedError CLIENT_NOT_FOUND */
export async function findClient(store: Store, id: string): Promise<OidcClient> {
  const client = await store.oidcClient(id);
  if (client === undefined) throw notFound(id);
  return client;
}

/** The old secret becomes invalid immediately. @returns the new one. @throws CodedError CLIENT_NOT_FOUND, CLIENT_IS_PUBLIC */
export async function rotateClientSecret(operator: Operator, id: string): Promise<string> {
  const client = await findClient(operator.store, id);
  if (client.secretHash === undefined) throw new CodedError('CLIENT_IS_PUBLIC', `The client "${id}" is public and has no secret`);
  const { token, hash } = newSecretToken(SECRET_PREFIX);
  if (!(await operator.store.updateOidcClient({ ...client, secretHash: hash }))) throw notFound(id);
  await recordChange(operator, { action: 'client.secret', subject: id, detail: client.name });
  return token;
}

/** Its tokens become invalid. @throws CodedError CLIENT_NOT_FOUND */
export async function deleteClient(operator: Operator, id: string): Promise<void> {
  if (!(await operator.store.removeOidcClient(id))) throw notFound(id);
  await recordChange(operator, { action: 'client.delete', subject: id });
}

function notFound(id: string): CodedError {
  return new CodedError('CLIENT_NOT_FOUND', `No client "${id}"`, { action: 'See "landbridge-hub client list".' });
}
