/** APIs that an application gets access tokens for: resource indicators (RFC 8707). */
import { CodedError } from '@landbridge/runtime';
import type { ResourceServer } from 'oidc-provider';

/** A JWT cannot be revoked, so it is short-lived. A refresh returns a new one. */
const TOKEN_LIFETIME_SECONDS = 10 * 60;
/** RFC 6749, section 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
/** These scopes concern the user, not an API. */
const RESERVED = ['openid', 'offline_access', 'profile', 'email', 'groups'];

/** @param entries an identifier and scopes, separated by spaces @throws CodedError CLIENT_INVALID */
export function checkApis(entries: readonly string[]): void {
  const apis = entries.map(readApi);
  for (const { identifier, scopes } of apis) {
    // Absolute, without a fragment (RFC 8707, section 2). Client IDs are no URIs: a token for an API never has the audience of an ID token.
    if (!/^(?:https?:\/\/|urn:)[\x21-\x7e]+$/.test(identifier) || !URL.canParse(identifier) || identifier.includes('#'))
      throw invalid(`${quoted(identifier)} is not an identifier such as https://api.example or urn:example:api`);
    const wrong = scopes.find((scope) => !SCOPE.test(scope) || RESERVED.includes(scope));
    if (wrong !== undefined) throw invalid(`${quoted(wrong)} is not a scope of an API`);
  }
  if (new Set(apis.map(({ identifier }) => identifier)).size < apis.length) throw invalid('an API is listed twice');
}

/** @returns the properties of tokens for this API; undefined if the application was not granted it */
export function resourceServerOf(entries: readonly string[], identifier: string): ResourceServer | undefined {
  const api = entries.map(readApi).find((each) => each.identifier === identifier);
  return (
    api && {
      audience: identifier,
      scope: api.scopes.join(' '),
      accessTokenFormat: 'jwt',
      accessTokenTTL: TOKEN_LIFETIME_SECONDS,
      jwt: { sign: { alg: 'RS256' } },
    }
  );
}

function readApi(entry: string): { identifier: string; scopes: string[] } {
  const [identifier = '', ...scopes] = entry.trim().split(/\s+/);
  return { identifier, scopes };
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function invalid(problem: string): CodedError {
  return new CodedError('CLIENT_INVALID', `The field "apis": ${problem}`, { fields: { apis: problem } });
}
