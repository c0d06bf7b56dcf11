/** Errors as problem details (RFC 9457), with the member `error` for programs. Unexpected errors reveal no details. */
import { FAILURES, type Failure } from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Traced } from '../requests/requests.ts';

/** Errors that a caller may see, with their status and the API's code. */
const VISIBLE: Record<string, { status: ContentfulStatusCode; code: string }> = {
  INVALID_REQUEST: { status: 400, code: 'invalid_request' },
  CONNECTION_NAME_INVALID: { status: 400, code: 'invalid_request' },
  CLIENT_INVALID: { status: 400, code: 'invalid_request' },
  REDIRECT_URI_INVALID: { status: 400, code: 'invalid_request' },
  API_KEY_SCOPE: { status: 403, code: 'api_key_scope' },
  API_KEY_ADDRESS: { status: 403, code: 'api_key_address' },
  KEY_NAME_INVALID: { status: 400, code: 'invalid_request' },
  KEY_EXPIRY_INVALID: { status: 400, code: 'invalid_request' },
  KEY_PERMISSIONS_INVALID: { status: 400, code: 'invalid_request' },
  KEY_NOT_FOUND: { status: 404, code: 'api_key_not_found' },
  API_KEY_INVALID: { status: 401, code: 'invalid_api_key' },
  CONNECTION_NOT_FOUND: { status: 404, code: 'connection_not_found' },
  CONNECTOR_NOT_FOUND: { status: 404, code: 'connector_not_found' },
  SIGNING_KEY_NOT_FOUND: { status: 404, code: 'signing_key_not_found' },
  CLIENT_NOT_FOUND: { status: 404, code: 'client_not_found' },
  CLIENT_IS_PUBLIC: { status: 409, code: 'client_is_public' },
  TICKET_NOT_FOUND: { status: 404, code: 'ticket_not_found' },
  OTHER_HUB_IDENTITY: { status: 409, code: 'other_hub_identity' },
  TOO_MANY_CODES: { status: 429, code: 'too_many_codes' },
  CLOCK_SKEW: { status: 400, code: 'clock_skew' },
  SIGN_IN_ADDRESS_CHANGED: { status: 409, code: 'sign_in_address_changed' },
  CERTIFICATE_REVOKED: { status: 403, code: 'certificate_revoked' },
  CONNECTOR_REVOKED: { status: 409, code: 'connector_revoked' },
  EMAIL_DOMAIN_TAKEN: { status: 409, code: 'email_domain_taken' },
  SIGNING_KEY_NEEDED: { status: 409, code: 'signing_key_needed' },
  SIGNING_KEY_ROTATION_UNDER_WAY: { status: 409, code: 'rotation_under_way' },
  CONNECTION_EXISTS: { status: 409, code: 'connection_exists' },
  TOO_MANY_CERTIFICATES: { status: 409, code: 'too_many_certificates' },
  BODY_TOO_LARGE: { status: 413, code: 'body_too_large' },
};

const DOCUMENTATION = '/docs/hub-api';

/** For Hono's `onError`. */
export function errorAnswer(error: unknown, c: Context, log: Log): Response {
  const visible = error instanceof CodedError ? VISIBLE[error.code] : undefined;
  if (!(error instanceof CodedError) || visible === undefined) {
    log.error({ err: error }, 'Request failed in the hub');
    return problemAnswer(c, 500, { code: 'internal_error', message: 'The hub failed; see its log' });
  }
  if (error.code === 'API_KEY_ADDRESS') log.warn({ err: error }, 'API key rejected: address not allowed');
  const { message, action, fields } = error;
  return problemAnswer(c, visible.status, { code: visible.code, message, action, ...(Object.keys(fields).length === 0 ? {} : { fields }) });
}

/** An address that does not exist. */
export function notFoundAnswer(c: Context): Response {
  return problemAnswer(c, 404, { code: 'not_found', message: 'Not found' });
}

/**
 * @param result a failed request
 * @param withProfile a refused user has not proven anything, so anyone who knows the name could read the profile
 */
export function failureAnswer(c: Context, { failure, correlationId }: Traced<{ failure: Failure }>, withProfile: boolean): Response {
  const { code, wireName, profile, retryAfterSeconds } = failure;
  const { message, status, retryAtOnce } = FAILURES[code];
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds));
  const error = { code, message, connectorError: wireName, retry: retryAtOnce, retryAfterSeconds, correlationId };
  return problemAnswer(c, status, error, withProfile ? { profile } : {});
}

/** `type` is the documents' description of the code, at this hub. */
function problemAnswer(
  c: Context,
  status: ContentfulStatusCode,
  error: { code: string; message: string; action?: string | undefined },
  more: object = {},
): Response {
  const { code, message, action } = error;
  const problem = { type: `${DOCUMENTATION}#${code}`, title: message, status, detail: action, error, ...more };
  return c.body(JSON.stringify(problem), status, { 'Content-Type': 'application/problem+json' });
}
