/**
 * A front channel over a directory that knows everybody, whose password is `right`: whether somebody is signed in, and as whom, is decided
 * before it.
 */
import type { TestContext } from 'node:test';
import { namedFailure } from '@landbridge/protocol';
import type { FrontUsers } from '../src/frontchannel/routes.ts';
import { type FrontChannelOn, frontChannelOn, REALM } from './front-channel-on.ts';

export const SIGN_IN = `/wsfed?wa=wsignin1.0&wtrealm=${REALM}`;

export const EVERYBODY: FrontUsers = {
  authenticate: async ({ username, password }) =>
    password === 'right' ? { profile: { id: username } } : { failure: namedFailure('WrongPassword', { id: username }) },
  signInVerified: async ({ name }) => ({ profile: { id: name } }),
  searchUsers: async ({ search }) => ({ users: [{ id: search }] }),
};

/** @param settings beside those that switch it on */
export async function opened(
  t: TestContext,
  settings: Record<string, unknown> = {},
  { users = EVERYBODY, ...options }: Parameters<typeof frontChannelOn>[2] & { users?: FrontUsers } = {},
): Promise<FrontChannelOn> {
  const on = await frontChannelOn(users, { WITH_KERBEROS_PROXY_FRONTEND: true, ...settings }, options);
  t.after(() => on.close());
  return on;
}

/** The ids in the tokens that pages or answers carry, each once. */
export function signedInAs(received: string): string[] {
  return [...new Set(Array.from(received.matchAll(/NameIdentifier [^>]*?(?:>|&gt;|&#62;)([^&<]*)/g), ([, id = '']) => id))];
}

export function rawRequest(first: string, headers: readonly string[] = [], body = ''): string {
  return `${[first, 'Host: connector.example', ...headers].join('\r\n')}\r\n\r\n${body}`;
}
