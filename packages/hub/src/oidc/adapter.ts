/**
 * Keeps the provider's records in our store. Many of the provider's ids are secrets (session cookies, codes, tokens), so only their hash is
 * stored, and a record never contains its own id.
 */
import { hashOfToken } from '@landbridge/web';
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import { z } from 'zod';
import type { OidcClient } from '../store/oidc-clients.ts';
import type { OidcRecord } from '../store/oidc-state.ts';
import type { Store } from '../store/store.ts';
import { scopesOfClient } from './clients.ts';
import { isPrivateUse } from './redirect-uris.ts';
import { createRefreshLeeway, type RefreshLeeway } from './refresh-leeway.ts';

/** For records without an expiry. The kinds in use all have one, but the store requires it. */
const LONGEST_LIFETIME_SECONDS = 24 * 60 * 60;

/** Anyone can begin a sign-in, and each is stored. Applications keep larger state in their own sessions. */
const MAX_PARAMETERS_LENGTH = 4096;

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** The metadata field that contains a client's options. */
/** How an application gets an answer. With the code flow, nobody needs `fragment`. */
export const RESPONSE_MODES = ['query', 'form_post'] as const;

export const OPTIONS = 'landbridge_options';

/** Marks an id that is the key of a record. The provider's own ids are base64url and never begin with it. */
const BY_KEY = '#';

const openidOfGrant = z.looseObject({ scope: z.string().optional() }).optional();

export function adapterOn(store: Store): (kind: string) => Adapter {
  const leeway = createRefreshLeeway(store);
  return (kind) => (kind === 'Client' ? clientsOf(store) : recordsOf(store, kind, kind === 'RefreshToken' ? leeway : undefined));
}

function recordsOf(store: Store, kind: string, leeway: RefreshLeeway | undefined): Adapter {
  return {
    async upsert(id, payload, expiresIn = LONGEST_LIFETIME_SECONDS) {
      // `session.cookie` of an interaction is the id of a session, and is never read.
      // A user code is a secret for its short life, like a token.
      const { jti: _, session, userCode, ...rest } = payload;
      if (kind === 'Interaction' && JSON.stringify(rest.params ?? {}).length > MAX_PARAMETERS_LENGTH)
        throw new errors.InvalidRequest(`the parameters of a request may have up to ${MAX_PARAMETERS_LENGTH} characters`);
      await store.putOidcRecord({
        kind,
        key: keyOf(kind, id),
        payload: session === undefined ? rest : { ...rest, session: { ...session, cookie: undefined } },
        grantId: payload.grantId,
        uid: userCode === undefined ? payload.uid : hashOfToken(userCode),
        consumedAt: undefined,
        expiresAt: new Date(Date.now() + expiresIn * 1000),
      });
    },
    async find(id) {
      const record = await store.oidcRecord(kind, keyOf(kind, id));
      const payload = payloadOf(record !== undefined && (await leeway?.holds(record)) ? { ...record, consumedAt: undefined } : record);
      return payload && { ...(kind === 'Grant' ? await withinScopes(store, payload) : payload), jti: id };
    },
    async findByUid(uid) {
      // The result has no id, because callers that have a uid only read.
      return payloadOf(await store.oidcRecordByUid(kind, uid));
    },
    async findByUserCode(userCode) {
      const record = await store.oidcRecordByUid(kind, hashOfToken(userCode));
      const payload = payloadOf(record);
      return record && payload && { ...payload, userCode, jti: BY_KEY + record.key };
    },
    async consume(id) {
      // Not `keyOf`: consuming a record requires the code itself, which the device has. The hash in the database must not suffice.
      // The provider checked before, but another request may have been faster.
      const now = new Date();
      if (!(await store.consumeOidcRecord(kind, hashOfToken(id), now, leeway?.again(now)))) throw new errors.InvalidGrant('already used');
    },
    destroy: (id) => store.removeOidcRecord(kind, keyOf(kind, id)),
    revokeByGrantId: (grantId) => store.removeOidcRecordsOfGrant(kind, grantId),
  };
}

/** A device code that was found by its user code is identified by its hash. For other kinds the hash must not work in place of the token. */
function keyOf(kind: string, id: string): string {
  return kind === 'DeviceCode' && id.startsWith(BY_KEY) ? id.slice(BY_KEY.length) : hashOfToken(id);
}

function payloadOf(record: OidcRecord | undefined): AdapterPayload | undefined {
  if (record === undefined || record.expiresAt.getTime() <= Date.now()) return undefined;
  const { payload, consumedAt } = record;
  return consumedAt === undefined ? payload : { ...payload, consumed: Math.floor(consumedAt.getTime() / 1000) };
}

/** Limits every code, token and claim to the current scopes of the client, so that withdrawing a scope also affects existing tokens. */
async function withinScopes(store: Store, grant: AdapterPayload): Promise<AdapterPayload> {
  const client = grant.clientId === undefined ? undefined : await store.oidcClient(grant.clientId);
  const allowed = client === undefined ? [] : scopesOfClient(client);
  const openid = openidOfGrant.parse(grant.openid);
  const scope = openid?.scope?.split(' ').filter((each) => allowed.includes(each));
  return { ...grant, openid: { ...openid, scope: scope?.join(' ') } };
}

/** Clients are the hub's, and read-only for the provider. */
function clientsOf(store: Store): Adapter {
  const refuse = async () => {
    throw new Error('The provider does not write clients');
  };
  return {
    async find(id) {
      const client = await store.oidcClient(id);
      return client && metadataOf(client);
    },
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: refuse,
    consume: refuse,
    destroy: refuse,
    revokeByGrantId: refuse,
  };
}

function metadataOf(client: OidcClient): AdapterPayload {
  const hasBrowser = client.redirectUris.length > 0;
  return {
    client_id: client.id,
    client_name: client.name,
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...client.postLogoutRedirectUris],
    application_type: isNative(client) ? 'native' : 'web',
    grant_types: [
      ...(hasBrowser ? ['authorization_code'] : []),
      ...(client.refreshTokens ? ['refresh_token'] : []),
      ...(client.options.deviceFlow ? [DEVICE_GRANT] : []),
    ],
    response_types: hasBrowser ? ['code'] : [],
    response_modes: [...RESPONSE_MODES],
    id_token_signed_response_alg: client.idTokenAlgorithm,
    [OPTIONS]: client.options,
    ...(client.options.backchannelLogoutUri === ''
      ? {}
      : { backchannel_logout_uri: client.options.backchannelLogoutUri, backchannel_logout_session_required: true }),
    ...(client.secretHash === undefined
      ? { token_endpoint_auth_method: 'none' }
      : // The provider gets the hash instead of the secret, and `provider.ts` replaces the comparison.
        { token_endpoint_auth_method: 'client_secret_basic', client_secret: client.secretHash }),
  };
}

/** A native application, which may use any free port of the loopback address (RFC 8252, section 7.3). */
function isNative({ secretHash, redirectUris }: OidcClient): boolean {
  return (
    redirectUris.some(isPrivateUse) ||
    (secretHash === undefined && redirectUris.length > 0 && redirectUris.every((uri) => uri.startsWith('http:')))
  );
}
