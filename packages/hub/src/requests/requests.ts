/** Sends a request to a connector: which one, how long it may take, and whether another is asked if that one disconnects or cannot answer. */
import { randomUUID } from 'node:crypto';
import { type Capability, FAILURES, type Failure, msSince, type RequestName, type RequestOutcome, type Step } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { realmOf } from '../connections/connections.ts';
import type { Connector } from '../connectors/connector.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { Connection } from '../store/connections.ts';
import { createChoose } from './choose.ts';

/** How a request went, whatever its outcome. */
export interface Trace {
  /** In the logs of hub and connector, and in the audit log. */
  correlationId: string;
  /** The connector that was asked; undefined: none was. */
  instance: string | undefined;
  ms: number;
  steps: readonly Step[];
}
export type Traced<T> = Trace & T;

type ProfileRequest = Promise<Traced<RequestOutcome<'authenticate_user' | 'change_password'>>>;

export interface Requests {
  /** `password` must not be empty: it would be an anonymous bind, which succeeds in many directories. */
  login(connection: Connection, username: string, password: string): ProfileRequest;
  search(connection: Connection, search: string | undefined, limit: number | undefined): Promise<Traced<RequestOutcome<'search_users'>>>;
  groups(connection: Connection, limit: number | undefined): Promise<Traced<RequestOutcome<'list_groups'>>>;
  /** When the passwords of these users, given by subject, were last changed. */
  passwordTimes(connection: Connection, subjects: readonly string[]): Promise<Traced<RequestOutcome<'password_times'>>>;
  /** An administrator's reset. */
  resetPassword(connection: Connection, username: string, password: string): ProfileRequest;
  /** The user's own change. Connectors that ignore `oldPassword` are not asked: they would set the new password without checking it. */
  changeOwnPassword(connection: Connection, username: string, passwords: { oldPassword: string; newPassword: string }): ProfileRequest;
}

/** The claims of a request, except the ones that every request has. */
type Claims = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** A connector refuses a request that reaches it later than this. */
const LIFETIME_SECONDS = 60;

/**
 * Whether another connector may be asked if the first disconnects. Not for a sign-in: its password may have been tried, and a second try
 * would count twice towards the account's lockout.
 */
const REPEATABLE: Record<RequestName, boolean> = {
  authenticate_user: false,
  change_password: false,
  search_users: true,
  list_groups: true,
  password_times: true,
};

/**
 * No request rejects, or takes longer than `timeoutMs`, however many connectors are tried.
 *
 * @param parts.maxInFlight over all connections; excess requests fail as `connector_busy`, none ever waits
 */
export function createRequests(parts: {
  online: OnlineConnectors;
  keys: SigningKeys;
  log: Log;
  timeoutMs: number;
  maxInFlight: number;
}): Requests {
  const { online, keys, log, timeoutMs, maxInFlight } = parts;
  const choose = createChoose();
  let inFlight = 0;

  /** @returns the plain claims for a connector with a session, which protects them; otherwise a signed token */
  function payloadFor({ signing, connection }: Connector, given: Claims, steps: Step[]): object {
    const startedAt = performance.now();
    const iat = Math.floor(Date.now() / 1000);
    const claims = { ...given, exp: iat + LIFETIME_SECONDS };
    if (signing === undefined) return claims;
    // Without an audience, another connection's connector would accept the token too.
    const jwt = keys.sign({ ...claims, iat, aud: realmOf(connection), jti: given.pid }, signing.kid);
    steps.push({ name: 'signature', ms: msSince(startedAt), outcome: 'ok' });
    return { jwt };
  }

  async function ask<N extends RequestName>(
    connection: Connection,
    name: N,
    claims: Claims | ((connector: Connector) => Claims),
    needs?: Capability,
  ): Promise<Traced<RequestOutcome<N>>> {
    const startedAt = performance.now();
    const deadlineMs = Date.now() + timeoutMs;
    const steps: Step[] = [];
    const asked = new Set<Connector>();
    const traced = (outcome: RequestOutcome<N>, correlationId: string = randomUUID(), instance?: string) => ({
      ...{ correlationId, instance, ms: msSince(startedAt), steps },
      ...outcome,
    });
    if (!connection.enabled) return traced({ failure: { code: 'connection_disabled' } });
    if (inFlight >= maxInFlight) return traced({ failure: { code: 'connector_busy' } });
    inFlight++;
    try {
      let last: Traced<RequestOutcome<N>> | undefined;
      for (;;) {
        const connector = choose(online.of(connection.id), { needs, not: asked });
        if (typeof connector === 'string') return last ?? traced({ failure: { code: connector } });
        asked.add(connector);
        // A new one for each try, so that a late answer to the first is not mistaken for an answer to the second.
        const correlationId = randomUUID();
        const given = { ...(typeof claims === 'function' ? claims(connector) : claims), pid: correlationId };
        const payload = payloadFor(connector, given, steps);
        const sentAt = performance.now();
        const answer = await connector.ask(name, correlationId, payload, Math.max(1, deadlineMs - Date.now()));
        const { outcome } = answer;
        const failure = 'failure' in outcome ? outcome.failure : undefined;
        for (const step of answer.steps) steps.push({ ...step, name: `connector: ${step.name}` });
        steps.push({ name: 'answer', ms: msSince(sentAt), outcome: `${failure?.code ?? 'ok'} (${connector.instance})` });
        last = traced(outcome, correlationId, connector.instance);
        if (failure === undefined || !mayAskAnother(name, failure)) return last;
      }
    } finally {
      inFlight--;
    }
  }

  /**
   * A password reset for an unknown user makes Auth0 connectors exit, so the hub first looks the user up: a sign-in with an empty password, which
   * connectors refuse without asking the directory for a bind, but after finding the user with the filter that the reset uses.
   */
  async function unknownAtAuth0Connector(connection: Connection, username: string): Promise<Traced<{ failure: Failure }> | undefined> {
    if (online.of(connection.id).every(({ capabilities }) => capabilities.length > 0)) return undefined;
    const found = await ask(connection, 'authenticate_user', { username, password: '' });
    return 'failure' in found && (found.failure.wireName ?? 'WrongUsername') === 'WrongUsername' ? found : undefined;
  }

  /** Sign-ins have their own log (`sign-in`); what else is asked is logged here. */
  function logged<T extends Traced<object | { failure: Failure }>>(
    message: string,
    connection: Connection,
    result: T,
    username?: string,
  ): T {
    const { correlationId, instance, ms } = result;
    const failure = 'failure' in result ? result.failure : undefined;
    const about = { correlationId, connection: connection.name, instance, ...(username === undefined ? {} : { username }) };
    log.info({ ...about, result: failure?.code ?? 'ok', connectorError: failure?.wireName, ms }, message);
    return result;
  }

  return {
    login: (connection, username, password) => ask(connection, 'authenticate_user', { username, password }),
    changeOwnPassword: (connection, username, { oldPassword, newPassword }) =>
      ask(connection, 'change_password', { username, password: newPassword, oldPassword }, 'changeOwnPassword'),
    async resetPassword(connection, username, password) {
      const unknown = await unknownAtAuth0Connector(connection, username);
      const result = unknown ?? (await ask(connection, 'change_password', { username, password }));
      const isUnknownUser = 'failure' in result && result.failure.wireName === 'WrongUsername';
      // No user signs in by a reset: its caller may know that the user does not exist.
      const reported = isUnknownUser ? { ...result, failure: { ...result.failure, code: 'user_not_found' as const } } : result;
      return logged('Password reset', connection, reported, shortened(username));
    },
    passwordTimes: (connection, subjects) => ask(connection, 'password_times', { subjects }, 'passwordTimes'),
    async search(connection, search, limit) {
      const result = logged('Search', connection, await ask(connection, 'search_users', { search, limit }));
      return 'users' in result ? { ...result, users: result.users.slice(0, limit) } : result;
    },
    async groups(connection, limit) {
      // Auth0 connectors never answer a limit below the number of groups: they are asked for all of them.
      const claims = (connector: Connector) => (connector.capabilities.length > 0 ? { limit } : {});
      const result = logged('List of groups', connection, await ask(connection, 'list_groups', claims));
      return 'groups' in result ? { ...result, groups: result.groups.slice(0, limit) } : result;
    },
  };
}

function mayAskAnother(name: RequestName, { code, tried }: Failure): boolean {
  return FAILURES[code].othersMayAnswer === true && (tried === false || REPEATABLE[name]);
}

/** A user name may have 64 KB; a line of the log should not. */
export function shortened(username: string): string {
  return username.length > 256 ? `${username.slice(0, 256)}…` : username;
}
