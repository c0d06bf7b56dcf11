/** Errors as HTTP answers: `{error: {code, message, …}}`. What is not foreseen tells nothing but that it happened. */
import { CodedError, type Log } from '@landbridge/runtime';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { FAILURES, type FailureCode } from '../requests/failures.ts';
import type { Failure } from '../requests/requests.ts';

/** Errors of this program that a caller may see, with their status and the API's code. */
const VISIBLE: Record<string, { status: ContentfulStatusCode; code: string }> = {
  INVALID_REQUEST: { status: 400, code: 'invalid_request' },
  CONNECTION_NAME_INVALID: { status: 400, code: 'invalid_request' },
  CLIENT_INVALID: { status: 400, code: 'invalid_request' },
  REDIRECT_URI_INVALID: { status: 400, code: 'invalid_request' },
  API_KEY_SCOPE: { status: 403, code: 'api_key_scope' },
  API_KEY_INVALID: { status: 401, code: 'invalid_api_key' },
  CONNECTION_NOT_FOUND: { status: 404, code: 'connection_not_found' },
  CONNECTOR_NOT_FOUND: { status: 404, code: 'connector_not_found' },
  SIGNING_KEY_NOT_FOUND: { status: 404, code: 'signing_key_not_found' },
  CLIENT_NOT_FOUND: { status: 404, code: 'client_not_found' },
  CLIENT_IS_PUBLIC: { status: 409, code: 'client_is_public' },
  TICKET_NOT_FOUND: { status: 404, code: 'ticket_not_found' },
  CERTIFICATE_REVOKED: { status: 403, code: 'certificate_revoked' },
  CONNECTOR_REVOKED: { status: 409, code: 'connector_revoked' },
  EMAIL_DOMAIN_TAKEN: { status: 409, code: 'email_domain_taken' },
  SIGNING_KEY_ROTATION_UNDER_WAY: { status: 409, code: 'rotation_under_way' },
  CONNECTION_EXISTS: { status: 409, code: 'connection_exists' },
  TOO_MANY_CERTIFICATES: { status: 409, code: 'too_many_certificates' },
  BODY_TOO_LARGE: { status: 413, code: 'body_too_large' },
};

const FAILURE_STATUS: Record<FailureCode, ContentfulStatusCode> = {
  invalid_credentials: 401,
  password_expired: 401,
  password_change_required: 401,
  account_disabled: 401,
  account_expired: 401,
  account_locked: 401,
  insufficient_access_rights: 403,
  user_not_found: 404,
  password_complexity: 422,
  too_many_attempts: 429,
  connection_disabled: 403,
  directory_unavailable: 503,
  connector_outdated: 501,
  connector_error: 502,
  connector_offline: 503,
  connector_busy: 503,
  connector_lost: 503,
  connector_timeout: 504,
};

/** After these the same request may be made again at once. */
const RETRY: readonly FailureCode[] = ['connector_lost', 'connector_busy'];

/** For Hono's `onError`. */
export function errorAnswer(error: unknown, c: Context, log: Log): Response {
  const visible = error instanceof CodedError ? VISIBLE[error.code] : undefined;
  if (!(error instanceof CodedError) || visible === undefined) {
    log.error({ err: error }, 'A request failed in the hub itself');
    return c.json({ error: { code: 'internal_error', message: 'The hub failed; its log says why' } }, 500);
  }
  return c.json({ error: { code: visible.code, message: error.message, action: error.action } }, visible.status);
}

/** A request that a connector, or the lack of one, did not let succeed. */
export function failureAnswer(c: Context, failure: Failure, pid: string | undefined, retryAfterSeconds?: number): Response {
  const { code, connectorError, profile } = failure;
  const retry = RETRY.includes(code) ? true : undefined;
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(retryAfterSeconds));
  const error = { code, message: FAILURES[code], connectorError, retry, retryAfterSeconds, pid };
  return c.json({ error, profile }, FAILURE_STATUS[code]);
}
