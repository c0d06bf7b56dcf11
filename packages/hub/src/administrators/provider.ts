/**
 * Administrators' sign-in with an external OpenID provider: authorization code flow with PKCE, state and nonce. Issuer and subject together
 * identify a user. Names and e-mail addresses are never used for that.
 */
import { randomBytes } from 'node:crypto';
import { CodedError, type Log, readTextFile } from '@landbridge/runtime';
import { EncryptJWT, jwtDecrypt } from 'jose';
import type { ClientAuth, Configuration, CustomFetch, IDToken } from 'openid-client';
import { z } from 'zod';
import type { HubSettings } from '../settings.ts';
import { ADMINISTRATOR_ROLES, type AdministratorRole, type ProviderIdentity } from '../store/administrators.ts';
import { DASHBOARD_PATH } from './administrators.ts';

interface SignInProviderSettings {
  issuer: string;
  clientId: string;
  secretFile: string | undefined;
  scope: string;
  /** The claim whose values determine roles, and the values of each role. */
  roleClaim: string;
  roles: Readonly<Record<AdministratorRole, readonly string[]>>;
  /** Acceptable values of `acr`. Empty accepts any. */
  acr: readonly string[];
}

const purposeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sign-in'), next: z.string() }),
  z.object({ kind: z.literal('invitation'), code: z.string() }),
  /** The action that a signed-in administrator started, see `pending-actions.ts`. */
  z.object({ kind: z.literal('pending'), id: z.string() }),
]);
export type ProviderPurpose = z.infer<typeof purposeSchema>;

const flowSchema = z.object({
  purpose: purposeSchema,
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  startedAtMs: z.number(),
});

export interface ProviderUser extends ProviderIdentity {
  /** The user's name at the provider, for display only. */
  readonly name: string;
  /** The role from the claims; undefined if they grant none. */
  readonly role: AdministratorRole | undefined;
  /** When the user last entered credentials at the provider, if it says so. */
  readonly authenticatedAt: Date | undefined;
}

export interface SignInProvider {
  /** The provider's name on buttons. */
  readonly host: string;
  readonly issuer: string;
  /**
   * Except for a plain sign-in, the provider must ask for credentials again.
   * @returns where to redirect the browser, and the sealed state of the attempt for its cookie
   * @throws CodedError PROVIDER_UNAVAILABLE
   */
  begin(purpose: ProviderPurpose): Promise<{ url: string; note: string }>;
  /**
   * @param returned the callback URL as requested by the browser
   * @param note the state from the browser's cookie
   * @throws CodedError PROVIDER_UNAVAILABLE, PROVIDER_REFUSED
   */
  finish(returned: URL, note: string | undefined): Promise<{ purpose: ProviderPurpose; user: ProviderUser }>;
}

/** Loaded on demand, because most hubs have no provider. */
const openid = () => import('openid-client');

const TIMEOUT_SECONDS = 10;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** How long the provider's metadata and keys are cached. */
const METADATA_MS = 60 * 60_000;
export const PROVIDER_FLOW_MINUTES = 10;
/** The path below the dashboard. */
export const PROVIDER_CALLBACK = '/provider/callback';
/** Tolerance for a provider whose clock is slow. */
const CLOCK_SKEW_MS = 60_000;
const CLAIM_VALUES = z.union([z.string(), z.array(z.string())]);

/** @param redirectUri the callback URL */
function createSignInProvider(settings: SignInProviderSettings, redirectUri: () => string, log: Log): SignInProvider {
  const { issuer, acr } = settings;
  const host = new URL(issuer).host;
  /** A key for this process only, so attempts end with it and nothing else can read or forge their state. */
  const noteKey = randomBytes(32);
  let known: { config: Promise<Configuration>; readAtMs: number } | undefined;

  async function discover(): Promise<Configuration> {
    const { allowInsecureRequests, ClientSecretBasic, ClientSecretPost, customFetch, discovery, None } = await openid();
    const secret = settings.secretFile === undefined ? undefined : readTextFile(settings.secretFile).trim();
    // Basic is the default method (OpenID Connect Discovery, section 3).
    const bySecret = (text: string): ClientAuth => {
      const [basic, post] = [ClientSecretBasic(text), ClientSecretPost(text)];
      return (server, ...others) => {
        const hasBasic = server.token_endpoint_auth_methods_supported?.includes('client_secret_basic') ?? true;
        return (hasBasic ? basic : post)(server, ...others);
      };
    };
    return discovery(new URL(issuer), settings.clientId, undefined, secret === undefined ? None() : bySecret(secret), {
      timeout: TIMEOUT_SECONDS,
      [customFetch]: boundedFetch,
      // The settings permit http only on this machine.
      ...(issuer.startsWith('http:') ? { execute: [allowInsecureRequests] } : {}),
    });
  }

  async function configuration(): Promise<Configuration> {
    if (known === undefined || Date.now() - known.readAtMs > METADATA_MS) known = { config: discover(), readAtMs: Date.now() };
    const { config } = known;
    return config.catch((cause: unknown) => {
      if (known?.config === config) known = undefined;
      log.warn({ err: cause }, `The administrators' sign-in provider ${host} cannot be used`);
      throw new CodedError('PROVIDER_UNAVAILABLE', `${host} cannot be reached, or its settings are wrong`, {
        cause,
        action: 'Sign in with a password or passkey, or try again later. The log of the hub has the cause.',
      });
    });
  }

  function refused(cause: unknown, why = 'its response is invalid'): CodedError {
    log.warn({ err: cause }, `A sign-in of an administrator at ${host} was rejected: ${why}`);
    return new CodedError('PROVIDER_REFUSED', `The sign-in at ${host} was rejected: ${why}`, { cause, action: 'Try again.' });
  }

  async function readNote(note: string | undefined) {
    const options = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
    const opened = await jwtDecrypt(note ?? '', noteKey, options).catch((cause: unknown) => {
      throw refused(cause, 'it took too long, or was started in another browser');
    });
    return flowSchema.parse(opened.payload.flow);
  }

  function roleBy(value: unknown): AdministratorRole | undefined {
    const { data = [] } = CLAIM_VALUES.safeParse(value);
    const values = Array.isArray(data) ? data : [data];
    return ADMINISTRATOR_ROLES.find((role) => settings.roles[role].some((permitted) => values.includes(permitted)));
  }

  /** Reads name and role. Some providers return them only in the UserInfo response. */
  async function detailsOf(config: Configuration, claims: IDToken, accessToken: string): Promise<Pick<ProviderUser, 'name' | 'role'>> {
    const { roleClaim, roles } = settings;
    let given: Readonly<Record<string, unknown>> = claims;
    const decide = ADMINISTRATOR_ROLES.some((role) => roles[role].length > 0);
    const isComplete = claims[roleClaim] !== undefined && claims.preferred_username !== undefined;
    if (decide && !isComplete && config.serverMetadata().userinfo_endpoint !== undefined) {
      const { fetchUserInfo } = await openid();
      given = { ...(await fetchUserInfo(config, accessToken, claims.sub)), ...claims };
    }
    const { preferred_username: name } = given;
    return { name: typeof name === 'string' ? name : claims.sub, role: decide ? roleBy(given[roleClaim]) : undefined };
  }

  return {
    host,
    issuer,
    async begin(purpose) {
      const config = await configuration();
      const { buildAuthorizationUrl, calculatePKCECodeChallenge, randomNonce, randomPKCECodeVerifier, randomState } = await openid();
      const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()];
      const url = buildAuthorizationUrl(config, {
        redirect_uri: redirectUri(),
        scope: settings.scope,
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(acr.length === 0 ? {} : { acr_values: acr.join(' ') }),
        ...(purpose.kind === 'sign-in' ? {} : { prompt: 'login', max_age: '0' }),
      });
      const flow: z.infer<typeof flowSchema> = { purpose, state, nonce, verifier, startedAtMs: Date.now() };
      const note = new EncryptJWT({ flow }).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' });
      return { url: url.href, note: await note.setExpirationTime(`${PROVIDER_FLOW_MINUTES}m`).encrypt(noteKey) };
    },
    async finish(returned, note) {
      const { purpose, state, nonce, verifier, startedAtMs } = await readNote(note);
      const config = await configuration();
      const { authorizationCodeGrant } = await openid();
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      const tokens = await authorizationCodeGrant(config, returned, checks).catch((cause: unknown) => {
        throw refused(cause);
      });
      const claims = tokens.claims();
      if (claims === undefined) throw refused(undefined);
      if (acr.length > 0 && !(typeof claims.acr === 'string' && acr.includes(claims.acr))) {
        throw refused(undefined, 'its authentication method (acr) is not in ADMIN_OIDC_ACR');
      }
      const authenticatedAtMs = typeof claims.auth_time === 'number' ? Math.min(claims.auth_time * 1000, Date.now()) : undefined;
      if (purpose.kind !== 'sign-in' && (authenticatedAtMs === undefined || authenticatedAtMs < startedAtMs - CLOCK_SKEW_MS)) {
        throw refused(undefined, 'the provider did not ask for your credentials again (auth_time)');
      }
      const details = await detailsOf(config, claims, tokens.access_token).catch((cause: unknown) => {
        throw refused(cause, 'its UserInfo response is invalid');
      });
      return {
        purpose,
        user: {
          issuer: claims.iss,
          subject: claims.sub,
          ...details,
          authenticatedAt: authenticatedAtMs === undefined ? undefined : new Date(authenticatedAtMs),
        },
      };
    },
  };
}

/** Fails as soon as a response is too large. */
const boundedFetch: CustomFetch = async (url, { body, ...options }) => {
  const response = await fetch(url, { ...options, ...(body === undefined || body === null ? {} : { body }) });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`The answer of ${new URL(url).host} is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const { status, headers } = response;
  return new Response(chunks.length === 0 ? null : Buffer.concat(chunks), { status, headers });
};

/** @returns undefined if the settings name no provider */
export function signInProviderOf(
  settings: HubSettings,
  publicUrl: () => string,
  log: Log,
): (SignInProvider & { required: boolean }) | undefined {
  const { ADMIN_OIDC_ISSUER: issuer, ADMIN_OIDC_CLIENT_ID: clientId } = settings;
  if (issuer === undefined || clientId === undefined) return undefined;
  const provider = createSignInProvider(
    {
      issuer,
      clientId,
      secretFile: settings.ADMIN_OIDC_CLIENT_SECRET_FILE,
      scope: settings.ADMIN_OIDC_SCOPE,
      roleClaim: settings.ADMIN_OIDC_ROLE_CLAIM,
      roles: {
        owner: settings.ADMIN_OIDC_OWNERS,
        operator: settings.ADMIN_OIDC_OPERATORS,
        'read-only': settings.ADMIN_OIDC_READ_ONLY,
      },
      acr: settings.ADMIN_OIDC_ACR,
    },
    () => `${publicUrl()}${DASHBOARD_PATH}${PROVIDER_CALLBACK}`,
    log,
  );
  return { ...provider, required: settings.ADMIN_OIDC_REQUIRED };
}
