/** Validates a client's redirect addresses. Requests must later match them exactly. */
import { CodedError } from '@landbridge/runtime';

const MAX_LENGTH = 2000;
const MAX_COUNT = 50;
/** Plain HTTP never leaves the machine there (RFC 8252, section 7.3). */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** @param field named by the error @throws CodedError REDIRECT_URI_INVALID */
export function checkRedirectUris(uris: readonly string[], field: string): void {
  if (uris.length > MAX_COUNT) throw invalid(field, `has more than ${MAX_COUNT} addresses`);
  for (const uri of uris) {
    const problem = problemOf(uri);
    if (problem !== undefined) throw invalid(field, `contains ${JSON.stringify(uri.slice(0, 200))}, which ${problem}`);
  }
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
  if (protocol !== 'https:' && protocol !== 'http:') return 'is neither https nor http';
  return undefined;
}

function invalid(field: string, problem: string): CodedError {
  return new CodedError('REDIRECT_URI_INVALID', `The field "${field}" ${problem}`);
}
