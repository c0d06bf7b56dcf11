/**
 * The minimum of an LDAP client, as the floor for comparison: a socket, the codec's message classes for requests, and responses of which it
 * reads only message ID, type and result code. No limits, deadlines or TLS.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { BindRequest, type Filter, SearchRequest } from 'ldapts';

export interface BareConnection {
  bind(dn: string, password: string): Promise<number>;
  /** @returns the result code; entries are ignored */
  search(baseDN: string, filter: Filter, attributes: string[]): Promise<number>;
  close(): void;
}

const SEARCH_ENTRY = 0x64;
const SEARCH_REFERENCE = 0x73;

export async function connectBare(port: number): Promise<BareConnection> {
  const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const waiting = new Map<number, (result: number) => void>();
  let lastId = 0;
  let rest: Buffer | undefined;
  socket.on('data', (chunk: Buffer) => {
    const data = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const message = elementAt(data, at);
      if (message === undefined || message.end > data.length) break;
      const id = elementAt(data, message.content);
      const operation = id && elementAt(data, id.end);
      const code = operation && elementAt(data, operation.content);
      if (id === undefined || operation === undefined || code === undefined) throw new Error('not an LDAP message');
      at = message.end;
      if (operation.tag === SEARCH_ENTRY || operation.tag === SEARCH_REFERENCE) continue;
      const messageId = data.readUIntBE(id.content, id.end - id.content);
      const resolve = waiting.get(messageId);
      waiting.delete(messageId);
      resolve?.(data[code.content] ?? -1);
    }
    rest = at === data.length ? undefined : data.subarray(at);
  });
  // Pending requests get -1, which is not a result code.
  socket.on('error', () => {});
  socket.on('close', () => {
    for (const resolve of waiting.values()) resolve(-1);
  });
  const send = (write: (messageId: number) => Buffer) =>
    new Promise<number>((resolve) => {
      const messageId = ++lastId;
      waiting.set(messageId, resolve);
      socket.write(write(messageId));
    });
  return {
    bind: (dn, password) => send((messageId) => new BindRequest({ messageId, dn, password }).write()),
    search: (baseDN, filter, attributes) =>
      send((messageId) =>
        new SearchRequest({
          messageId,
          baseDN,
          scope: 'sub',
          filter,
          attributes,
          derefAliases: 'never',
          sizeLimit: 0,
          timeLimit: 20,
        }).write(),
      ),
    close: () => socket.destroy(),
  };
}

/** Tag, content offset and end of the BER element at `at`; undefined if its header is incomplete (X.690, 8.1). */
function elementAt(data: Buffer, at: number): { tag: number; content: number; end: number } | undefined {
  const tag = data[at];
  const first = data[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, content: at + 2, end: at + 2 + first };
  const size = first & 0x7f;
  if (at + 2 + size > data.length) return undefined;
  return { tag, content: at + 2 + size, end: at + 2 + size + data.readUIntBE(at + 2, size) };
}
