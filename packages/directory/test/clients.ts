/** Independent clients for the tests of this package: OpenLDAP's commands, ldapts' Client, and a bare socket. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { BerReader, Client, type SearchOptions } from 'ldapts';
import { createFramer } from '../src/framer.ts';
import type { DirectoryServer } from '../src/index.ts';

/** Runs one of OpenLDAP's commands with `args` after the URL. Its exit code is the LDAP result. */
export function openldap(
  command: 'ldapsearch' | 'ldapwhoami' | 'ldapmodify',
  url: string,
  args: string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    // Without LDAPNOINIT the machine's ldap.conf would have an effect.
    const environment = { ...process.env, ...(Object.keys(env).length > 0 ? env : { LDAPNOINIT: '1' }) };
    const child = execFile(
      `/usr/bin/${command}`,
      ['-x', '-H', url, ...args],
      { env: environment, timeout: 20_000 },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });
}

export interface BoundClient extends AsyncDisposable {
  readonly client: Client;
  /** The entries, without empty attributes. */
  find(filter: string, options?: SearchOptions & { base?: string }): Promise<Record<string, unknown>[]>;
  /** The sAMAccountNames of what a filter finds below the base DN, sorted. */
  names(filter: string): Promise<string[]>;
}

/** An ldapts client, bound as the service account by default. */
export async function bound(
  directory: DirectoryServer,
  as: { name: string; password: string; url?: string } | undefined = undefined,
): Promise<BoundClient> {
  const client = new Client({ url: as?.url ?? directory.url, timeout: 20_000 });
  await client.bind(as?.name ?? directory.serviceAccount.dn, as?.password ?? directory.serviceAccount.password);
  const find: BoundClient['find'] = async (filter, { base = directory.baseDn, ...options } = {}) => {
    const { searchEntries } = await client.search(base, { filter, timeLimit: 0, ...options });
    return searchEntries;
  };
  return {
    client,
    find,
    async names(filter) {
      const entries = await find(filter, { attributes: ['sAMAccountName'] });
      return entries.map((entry) => String(entry.sAMAccountName)).sort();
    },
    [Symbol.asyncDispose]: () => client.unbind(),
  };
}

export interface RawConnection extends Disposable {
  readonly socket: Socket;
  /** The next answer's operation tag and message number; undefined if the connection ended. */
  answer(): Promise<{ messageId: number; tag: number; message: Buffer } | undefined>;
  /** Resolves when the server has ended the connection. */
  closed: Promise<unknown>;
}

export async function rawConnection(directory: DirectoryServer): Promise<RawConnection> {
  const socket = connect(Number(new URL(directory.url).port), '127.0.0.1');
  socket.on('error', () => {});
  // Not `once`, which rejects if the server resets the connection.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  const framer = createFramer(10_000_000);
  const messages: Buffer[] = [];
  let arrived = () => {};
  let ended = false;
  socket.on('data', (chunk) => {
    messages.push(...framer.push(chunk));
    arrived();
  });
  socket.on('close', () => {
    ended = true;
    arrived();
  });
  return {
    socket,
    closed,
    async answer() {
      while (messages.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
      const message = messages.shift();
      if (message === undefined) return undefined;
      const reader = new BerReader(message);
      reader.readSequence();
      const messageId = reader.readInt() ?? -1;
      return { messageId, tag: reader.peek() ?? -1, message };
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/** One BER element. */
export function element(tag: number, ...contents: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => Buffer.from(part)));
  const length = Buffer.alloc(5);
  length.writeUInt8(0x84);
  length.writeUInt32BE(content.length, 1);
  return Buffer.concat([Buffer.from([tag]), content.length < 0x80 ? Buffer.from([content.length]) : length, content]);
}

/** A message around an operation. */
export function message(messageId: number, ...operation: Buffer[]): Buffer {
  return element(0x30, element(0x02, Buffer.from([messageId])), ...operation);
}

export function bindMessage(messageId: number, name: string, password: string): Buffer {
  return message(messageId, element(0x60, element(0x02, Buffer.from([3])), element(0x04, name), element(0x80, password)));
}

/** A search of the subtree below `base` without limits, for all attributes. */
export function searchMessage(messageId: number, base: string, filter: Buffer): Buffer {
  const none = Buffer.from([0]);
  const fixed = [element(0x0a, Buffer.from([2])), element(0x0a, none), element(0x02, none), element(0x02, none), element(0x01, none)];
  return message(messageId, element(0x63, element(0x04, base), ...fixed, filter, element(0x30)));
}

export function presence(attribute: string): Buffer {
  return element(0x87, attribute);
}
