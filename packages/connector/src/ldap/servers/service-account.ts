/**
 * Binds as the service account, on any server, and makes sure that a refused password is not retried over and over: each try counts as
 * a wrong password in the whole domain, and a domain locks the account after a few (five in half an hour is common).
 */
import { createBackoff, sleep } from '@landbridge/runtime';
import { BIND_SUB_CODES, bindSubCode } from '../active-directory/bind-sub-code.ts';
import type { LdapConnection, OperationOptions } from '../connection.ts';
import { LdapError, RESULT, resultText, unexpectedResult } from '../errors.ts';
import type { LdapResult } from '../messages.ts';

export interface ServiceAccount {
  /**
   * @param server its URL
   * @throws LDAP_SERVICE_BIND_REFUSED, also without asking the server if it is too early for another try; LDAP_RESULT for other results
   */
  bind(connection: LdapConnection, server: string, operation: OperationOptions): Promise<void>;
  /** Milliseconds until this server may be tried again; 0 means now. */
  waitMs(server: string): number;
}

const REFUSED_FIRST_WAIT_MS = 5 * 60_000;
const REFUSED_MAX_WAIT_MS = 15 * 60_000;
/** First binds to several servers run one after the other, so that a wrong password is tried once. A silent server delays the next by this. */
const TURN_MS = 1000;

/** A password, or the client certificate of the connection (SASL EXTERNAL). */
export type ServiceAccountCredentials = { dn: string; password: string } | 'external';

export function createServiceAccount(credentials: ServiceAccountCredentials): ServiceAccount {
  return credentials === 'external' ? { bind: bindExternal, waitMs: () => 0 } : withPassword(credentials);
}

/** A certificate that is refused locks no account: it may be tried again at any time. */
async function bindExternal(connection: LdapConnection, server: string, operation: OperationOptions): Promise<void> {
  const result = await connection.bindExternal(operation);
  if (result.resultCode === RESULT.success) return;
  const said = `${resultText(result.resultCode)}${result.diagnosticMessage === '' ? '' : `: ${result.diagnosticMessage}`}`;
  const isUnknown = result.resultCode === RESULT.authMethodNotSupported;
  throw new LdapError(
    'LDAP_SERVICE_BIND_REFUSED',
    isUnknown
      ? `${server} does not accept a client certificate as sign-in (SASL EXTERNAL): ${said}`
      : `${server} did not accept the client certificate as a service account (SASL EXTERNAL): ${said}`,
    {
      resultCode: result.resultCode,
      action: connection.encrypted
        ? 'Check that the server asks for client certificates, trusts the authority of LDAP_CLIENT_CERT and maps its subject to an account (OpenLDAP: TLSVerifyClient and authz-regexp), or set LDAP_BIND_METHOD=simple'
        : 'SASL EXTERNAL needs TLS: use ldaps:// in LDAP_URL, or set LDAP_STARTTLS',
    },
  );
}

function withPassword({ dn, password }: { dn: string; password: string }): ServiceAccount {
  const backoff = createBackoff({ firstMs: REFUSED_FIRST_WAIT_MS, maxMs: REFUSED_MAX_WAIT_MS, holdMs: 1000 });
  /** Servers that accepted the password last time. A refusal elsewhere says little about them. */
  const accepting = new Set<string>();
  let refusal: { error: LdapError; until: number } | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  async function bind(connection: LdapConnection, server: string, operation: OperationOptions): Promise<void> {
    if (waitMs(server) > 0 && refusal !== undefined) throw refusal.error;
    const result = await connection.bind(dn, password, operation);
    if (result.resultCode === RESULT.success) {
      accepting.add(server);
      backoff.succeeded();
      return;
    }
    const error = bindError(dn, result);
    if (error.code === 'LDAP_SERVICE_BIND_REFUSED') {
      accepting.delete(server);
      refusal = { error, until: Date.now() + backoff.nextMs() };
    }
    throw error;
  }

  function waitMs(server: string): number {
    if (refusal === undefined || accepting.has(server)) return 0;
    return Math.max(0, refusal.until - Date.now());
  }

  return {
    async bind(connection, server, operation) {
      if (accepting.has(server)) return await bind(connection, server, operation);
      const before = turn;
      const mine = Promise.withResolvers<void>();
      turn = mine.promise;
      const waited = new AbortController();
      await Promise.race([before, sleep(TURN_MS, waited.signal)]);
      waited.abort();
      try {
        return await bind(connection, server, operation);
      } finally {
        mine.resolve();
      }
    },
    waitMs,
  };
}

function bindError(dn: string, { resultCode, diagnosticMessage }: LdapResult): LdapError {
  const subCode = bindSubCode(diagnosticMessage);
  const reason = subCode === undefined ? diagnosticMessage : BIND_SUB_CODES[subCode];
  if (resultCode === RESULT.invalidCredentials) {
    const text = `The directory refused the service account ${dn}${reason === '' ? '' : `: ${reason}`}`;
    return new LdapError('LDAP_SERVICE_BIND_REFUSED', text, {
      resultCode,
      action:
        'Check LDAP_BIND_USER and LDAP_BIND_PASSWORD. Retries are minutes apart, so that the account is not locked; restart the connector to retry now',
    });
  }
  return unexpectedResult(
    `The directory answered the bind of the service account ${dn}`,
    { resultCode, diagnosticMessage: reason },
    demandsTls(resultCode) ? { action: 'It accepts passwords over TLS only: use ldaps:// in LDAP_URL, or set LDAP_STARTTLS' } : {},
  );
}

/** Whether a server insists on TLS before anything else; it has not done what it was asked. */
export function demandsTls(resultCode: number | undefined): boolean {
  return resultCode === RESULT.strongerAuthRequired || resultCode === RESULT.confidentialityRequired;
}
