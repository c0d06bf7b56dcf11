/** A front channel on a fake directory that knows every user name with the password `right`. */
import type { TestContext } from 'node:test';
import { namedFailure } from '@landbridge/protocol';
import type { FrontUsers } from '../src/frontchannel/routes.ts';
import { type FrontChannelOn, frontChannelOn, REALM } from './front-channel-on.ts';

export const SIGN_IN = `/wsfed?wa=wsignin1.0&wtrealm=${REALM}`;

export const EVERYBODY: FrontUsers = {
  authenticate: async ({ username, password }) =>
    password === 'right'
      ? { profile: { id: username, displayName: username }, subject: `${username}-uuid` }
      : { failure: namedFailure('WrongPassword', { id: username }) },
  signInVerified: async ({ name }) => ({ profile: { id: name }, subject: `${name}-uuid` }),
  searchUsers: async ({ search }) => ({ users: [{ id: search }] }),
};

/** @param settings in addition to the ones that switch it on */
export async function opened(
  t: TestContext,
  settings: Record<string, unknown> = {},
  { users = EVERYBODY, ...options }: Parameters<typeof frontChannelOn>[2] & { users?: FrontUsers } = {},
): Promise<FrontChannelOn> {
  const on = await frontChannelOn(users, { WITH_KERBEROS_PROXY_FRONTEND: true, ...settings }, options);
  t.after(() => on.close());
  return on;
}

/** @returns the distinct user ids of the tokens in a response */
export function signedInAs(received: string): string[] {
  return [...new Set(Array.from(received.matchAll(/NameIdentifier [^>]*?(?:>|&gt;|&#62;)([^&<]*)/g), ([, id = '']) => id))];
}

export function rawRequest(first: string, headers: readonly string[] = [], body = ''): string {
  return `${[first, 'Host: connector.example', ...headers].join('\r\n')}\r\n\r\n${body}`;
}
