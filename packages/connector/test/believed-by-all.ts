/**
 * A front channel over a directory that knows everybody, whose password is `right`: whether somebody is signed in, and as whom, is decided
 * before it.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import type { FrontUsers } from '../src/frontchannel/routes.ts';
import { type FrontChannelOn, frontChannelOn, REALM } from './front-channel-on.ts';

export const SIGN_IN = `/wsfed?wa=wsignin1.0&wtrealm=${REALM}`;

export const EVERYBODY: FrontUsers = {
  authenticate: async ({ username, password }) =>
    password === 'right'
      ? { profile: { id: username } }
      : { err: { message: 'Wrong password', name: 'WrongPassword' }, profile: { id: username } },
  signInKnown: async ({ name }) => ({ profile: { id: name } }),
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

/** A server that waits for more of a request is left alone after this; one that has answered closes before. */
const PATIENCE_MS = 10_000;

/** Sends bytes as they are, in clear. @returns all that comes until the server, or patience, ends it */
export async function sendRaw({ front }: FrontChannelOn, text: string): Promise<string> {
  const socket = connect(front.port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (data) => {
    received += data;
  });
  // The server may close before all is sent.
  socket.on('error', () => {});
  socket.write(text, 'latin1');
  const impatience = setTimeout(() => socket.destroy(), PATIENCE_MS);
  await once(socket, 'close');
  clearTimeout(impatience);
  return received;
}

export function rawRequest(first: string, headers: readonly string[] = [], body = ''): string {
  return `${[first, 'Host: connector.example', ...headers].join('\r\n')}\r\n\r\n${body}`;
}

export function statusesIn(received: string): number[] {
  return Array.from(received.matchAll(/HTTP\/1\.1 (\d{3}) [A-Z]/g), ([, status]) => Number(status));
}
