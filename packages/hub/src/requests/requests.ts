/** What applications ask: a sign-in, a search, the groups, a password change; asked of a connector, read, and logged in one line. */
import type { Capability, ErrorReason, Profile, RequestName, Step, WireErrorName } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { Connector } from '../connectors/connector.ts';
import type { Connection } from '../store/connections.ts';
import { type Refusal, readGroupsAnswer, readProfileAnswer, readUsersAnswer } from './answers.ts';
import type { Ask, Asked, Claims } from './ask.ts';
import { ERROR_CODES, type FailureCode } from './failures.ts';

export interface Failure {
  code: FailureCode;
  /** The connector's own name for it: for operators, never for the person who signs in. */
  connectorError: WireErrorName | undefined;
  profile: Profile | undefined;
}

/** What came of it, the correlation id, which connector did it (none: it was not asked), how long it took, and the way it went. */
export type Result<T> = { pid: string | undefined; instance: string | undefined; ms: number; steps: readonly Step[] } & (
  | T
  | { failure: Failure }
);

export interface Requests {
  /** An empty password is refused without asking: it would be an anonymous bind, which succeeds in many directories. */
  login(connection: Connection, username: string, password: string): Promise<Result<{ profile: Profile }>>;
  search(connection: Connection, search: string | undefined, limit: number | undefined): Promise<Result<{ users: Profile[] }>>;
  groups(connection: Connection, limit: number | undefined): Promise<Result<{ groups: unknown[] }>>;
  /** An administrator's reset. */
  resetPassword(connection: Connection, username: string, password: string): Promise<Result<{ profile: Profile }>>;
  /** The person's own change. Only connectors that check `oldPassword` are asked: others would set the new password without. */
  changeOwnPassword(
    connection: Connection,
    username: string,
    passwords: { oldPassword: string; newPassword: string },
  ): Promise<Result<{ profile: Profile }>>;
}

export function createRequests(ask: Ask, log: Log): Requests {
  async function request<T extends object>(
    connection: Connection,
    name: RequestName,
    claims: Claims | ((connector: Connector) => Claims),
    read: (payload: unknown) => T | Refusal,
    about: { username?: string } = {},
    needs?: Capability,
  ): Promise<Result<T>> {
    const startedAt = performance.now();
    const asked = await ask(connection, name, typeof claims === 'function' ? claims : () => claims, needs);
    // Nobody signs in by a reset: its caller may know that the user is missing.
    const mayTellUser = name === 'change_password' && needs === undefined;
    const outcome = outcomeOf(asked, read, mayTellUser);
    const ms = Math.round((performance.now() - startedAt) * 10) / 10;
    const { pid, instance, steps } = asked;
    const failure = 'failure' in outcome ? outcome.failure : undefined;
    const result = failure?.code ?? 'ok';
    log.info(
      { pid, connection: connection.name, instance, ...about, result, connectorError: failure?.connectorError, ms },
      LOG_LINES[name],
    );
    return { pid, instance, ms, steps, ...outcome };
  }

  return {
    async login(connection, username, password) {
      if (password === '') {
        const code = 'invalid_credentials';
        log.info({ connection: connection.name, username: loggable(username), result: code }, 'Login without a password');
        return { pid: undefined, instance: undefined, ms: 0, steps: [], failure: { code, connectorError: undefined, profile: undefined } };
      }
      return request(connection, 'authenticate_user', { username, password }, readProfileAnswer, { username: loggable(username) });
    },
    search: (connection, search, limit) =>
      request(connection, 'search_users', { search, limit }, (payload) => readUsersAnswer(payload, limit)),
    groups: (connection, limit) =>
      // Installed connectors never answer a limit that is below the number of groups: they are asked for all of them.
      request(
        connection,
        'list_groups',
        (connector) => (connector.capabilities.length > 0 ? { limit } : {}),
        (payload) => readGroupsAnswer(payload, limit),
      ),
    resetPassword: (connection, username, password) =>
      request(connection, 'change_password', { username, password }, readProfileAnswer, { username: loggable(username) }),
    changeOwnPassword: (connection, username, { oldPassword, newPassword }) =>
      request(
        connection,
        'change_password',
        { username, password: newPassword, oldPassword },
        readProfileAnswer,
        { username: loggable(username) },
        'changeOwnPassword',
      ),
  };
}

const LOG_LINES: Record<RequestName, string> = {
  authenticate_user: 'Login',
  search_users: 'Search',
  list_groups: 'List of groups',
  change_password: 'Password change',
};

const REASON_CODES: Record<ErrorReason, FailureCode> = { directory_unavailable: 'directory_unavailable', busy: 'connector_busy' };

function outcomeOf<T extends object>(
  asked: Asked,
  read: (payload: unknown) => T | Refusal,
  mayTellUser: boolean,
): T | { failure: Failure } {
  if ('failure' in asked) return { failure: { code: asked.failure, connectorError: undefined, profile: undefined } };
  const answer = read(asked.payload);
  if (!isRefusal(answer)) return answer;
  const { error, profile } = answer;
  if (error === undefined && asked.reason !== undefined) {
    return { failure: { code: REASON_CODES[asked.reason], connectorError: undefined, profile: undefined } };
  }
  const code = error === undefined ? 'connector_error' : mayTellUser && error === 'WrongUsername' ? 'user_not_found' : ERROR_CODES[error];
  return { failure: { code, connectorError: error, profile } };
}

/** A name may have 64 KB; a line of the log should not. */
function loggable(username: string): string {
  return username.length > 256 ? `${username.slice(0, 256)}…` : username;
}

function isRefusal(answer: object): answer is Refusal {
  return 'error' in answer;
}
