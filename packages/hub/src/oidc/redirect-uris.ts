/** Validates a client's addresses. Requests must match them exactly, except for the port of a native application's loopback address. */
import { CodedError } from '@landbridge/runtime';

const MAX_LENGTH = 2000;
const MAX_COUNT = 50;
/** Plain HTTP never leaves the machine there (RFC 8252, section 7.3). */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
/** One slash and a path, or three slashes (an empty host). A host would look like a web address. */
const PRIVATE_USE = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:(?:\/|\/\/\/)(?!\/)/;

/** @param field named by the error @throws CodedError REDIRECT_URI_INVALID */
export function checkRedirectUris(uris: readonly string[], field: string): void {
  if (uris.length > MAX_COUNT) throw invalid(field, `has more than ${MAX_COUNT} addresses`);
  for (const uri of uris) {
    const problem = problemOf(uri);
    if (problem !== undefined) throw invalid(field, `contains ${JSON.stringify(uri.slice(0, 200))}, which ${problem}`);
  }
}

/** Origins of browser applications. @throws CodedError REDIRECT_URI_INVALID */
export function checkOrigins(origins: readonly string[], field: string): void {
  for (const origin of origins) {
    const problem = problemOf(origin) ?? (new URL(origin).origin === origin ? undefined : 'is not an origin such as https://app.example');
    if (problem !== undefined) throw invalid(field, `contains ${JSON.stringify(origin.slice(0, 200))}, which ${problem}`);
  }
}

/** Validates the address that the hub posts logout tokens to. @param uri empty if there is none @throws CodedError REDIRECT_URI_INVALID */
export function checkLogoutAddress(uri: string, field: string): void {
  const problem = uri === '' ? undefined : (problemOf(uri) ?? (isPrivateUse(uri) ? 'is not a web address' : undefined));
  if (problem !== undefined) throw invalid(field, `contains ${JSON.stringify(uri.slice(0, 200))}, which ${problem}`);
}

/** Whether the scheme is a reversed domain name (RFC 8252, section 7.1), which no other application claims by accident. */
export function isPrivateUse(uri: string): boolean {
  return PRIVATE_USE.test(uri);
}

/** The origins of a client's pages. Private-use addresses have none: their `origin` is the text "null", which any sandboxed page sends. */
export function originsOf(uris: readonly string[]): string[] {
  return uris.filter((uri) => !isPrivateUse(uri)).map((uri) => new URL(uri).origin);
}

function problemOf(uri: string): string | undefined {
  if (uri.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  // Browsers drop or change these, so that the address would differ from the compared one.
  if (!/^[\x21-\x7e]+$/.test(uri) || /["'<>\\^`{|}]/.test(uri)) return 'has invalid characters';
  if (!URL.canParse(uri)) return 'is not a complete URL';
  const { protocol, hostname, username, password } = new URL(uri);
  if (uri.includes('#')) return 'has a fragment (#)';
  if (uri.includes('*')) return 'contains a *: register each address separately';
  if (username !== '' || password !== '') return 'has a user name or a password';
  if (protocol === 'http:' && !LOOPBACK.includes(hostname))
    return 'uses http, which is allowed for this machine only (localhost, 127.0.0.1)';
  if (protocol !== 'https:' && protocol !== 'http:' && !isPrivateUse(uri))
    return 'is not an https, http or private-use address such as com.example.app:/callback (a reversed domain, then one slash or three)';
  return undefined;
}

function invalid(field: string, problem: string): CodedError {
  return new CodedError('REDIRECT_URI_INVALID', `The field "${field}" ${problem}`, { fields: { [field]: problem } });
}
