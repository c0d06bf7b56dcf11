/** Users on a directory for tests, with the relevant settings given and the others at their defaults. */
import { type SignInOutcome, UNEXPECTED_ERROR } from '@landbridge/protocol';
import { createLog, loadSettings } from '@landbridge/runtime';
import { type ConnectorSettings, SETTINGS } from '../src/config/settings.ts';
import { serverAddress } from '../src/ldap/connect.ts';
import { type Directory, type DirectoryOptions, openDirectory, settingFilter } from '../src/ldap/directory.ts';
import type { RequestContext } from '../src/users/context.ts';
import { createProfileMapper } from '../src/users/mapper/profile-mapper.ts';
import { createUsers, type Users } from '../src/users/users.ts';

export interface UsersOn {
  users: Users;
  directory: Directory;
  /** The log, as JSON lines. */
  lines: string[];
  close(): Promise<void>;
}

/** All at their defaults. */
export const UNSET_SETTINGS: ConnectorSettings = loadSettings(SETTINGS, { file: {}, environment: {} }).values;

export function usersOn(
  target: Pick<DirectoryOptions, 'serviceAccount'> & Partial<DirectoryOptions> & { url: string; startTls?: boolean; ca?: string },
  settings: Partial<ConnectorSettings> = {},
  mapperSource?: string,
): UsersOn {
  const lines: string[] = [];
  const { log } = createLog({ level: 'debug', format: 'json', destination: { write: (line) => lines.push(line) } });
  const directory = openDirectory({
    servers: [serverAddress(target.url, target.startTls ? 'starttls' : 'none')],
    tls: { ca: target.ca === undefined ? undefined : [target.ca], insecureSkipVerify: false },
    searchConnections: 2,
    bindConnections: 4,
    connectTimeoutMs: 5000,
    operationTimeoutMs: 10_000,
    queueTimeoutMs: 5000,
    heartbeatMs: 60_000,
    heartbeatFilter: settingFilter('LDAP_HEARTBEAT_SEARCH_QUERY', '(objectClass=*)'),
    heartbeatSearchBase: undefined,
    log,
    ...target,
  });
  const mapper = createProfileMapper({ source: mapperSource, timeoutMs: 10_000, memoryLimitMb: 16, log });
  const users = createUsers({
    directory,
    mapper,
    mapperSource,
    settings: { ...UNSET_SETTINGS, ...settings },
    log,
  });
  return {
    users,
    directory,
    lines,
    async close() {
      directory.close();
      await mapper.close();
    },
  };
}

/** A request whose caller waits. */
export function request(): RequestContext {
  return { correlationId: 'test', signal: new AbortController().signal };
}

/** `change_password` for a user's own change. */
export function ownChange(username: string, oldPassword: string, password: string) {
  return { pid: 'test', username, password, oldPassword, escaped: false };
}

/** @returns the contract's name of the failure, or `ok` */
export function errorOf(outcome: SignInOutcome): string {
  if (!('failure' in outcome)) return 'ok';
  const { wireName, inner } = outcome.failure;
  return wireName ?? `${UNEXPECTED_ERROR} ${JSON.stringify(inner)}`;
}

/** `authenticate_user` as a hub sends it. */
export function login(username: string, password: string, escaped = false) {
  return { pid: 'test', username, password, escaped };
}
