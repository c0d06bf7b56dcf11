/** A directory server scripted byte by byte, for everything that can go wrong with servers and networks. */
import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { BerWriter } from 'ldapts';
import { BerReader } from '../src/asn1/ber-reader.ts';
import { malformed } from '../src/ldap/errors.ts';
import { createFraming } from '../src/ldap/framing.ts';

export interface Asked {
  messageId: number;
  /** The application tag: 0x60 bind, 0x63 search, 0x50 abandon, 0x42 unbind, 0x77 extended, 0x66 modify. */
  operation: number;
  bytes: Buffer;
  socket: Socket;
}

export interface LdapServer {
  url: string;
  /** All requests, in order. */
  asked: Asked[];
  /** Open sockets. */
  sockets: Set<Socket>;
  close(): Promise<void>;
}

/** @param onAsked called for each message; unless it responds, the client gets no response */
export async function startLdapServer(onAsked: (asked: Asked) => void, port = 0): Promise<LdapServer> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    const framing = createFraming(1 << 24);
    socket.on('data', (chunk) => {
      // A TLS handshake, to which this server does not answer.
      if (chunk[0] === 0x16) return;
      for (const bytes of framing.push(chunk)) {
        const content = new BerReader(bytes, malformed).enter(0x30);
        const message = { messageId: content.readInteger(), operation: content.peekTag() ?? 0, bytes, socket };
        asked.push(message);
        onAsked(message);
      }
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const listening = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `ldap://127.0.0.1:${listening}`,
    asked,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A result message: bind 0x61, search done 0x65, modify 0x67, extended 0x78. */
export function result(messageId: number, operation: number, resultCode = 0, diagnosticMessage = ''): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(messageId);
  writer.startSequence(operation);
  writer.writeEnumeration(resultCode);
  writer.writeString('');
  writer.writeString(diagnosticMessage);
  writer.endSequence();
  writer.endSequence();
  return Buffer.from(writer.buffer);
}

export function entry(messageId: number, dn: string, attributes: Record<string, (string | Buffer)[]> = {}): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(messageId);
  writer.startSequence(0x64);
  writer.writeString(dn);
  writer.startSequence();
  for (const [name, values] of Object.entries(attributes)) {
    writer.startSequence();
    writer.writeString(name);
    writer.startSequence(0x31);
    for (const value of values) writer.writeBuffer(Buffer.from(value), 4);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  writer.endSequence();
  writer.endSequence();
  return Buffer.from(writer.buffer);
}

/** The end of a page of a paged search, with the cookie for the next one. */
export function pageDone(messageId: number, cookie: string): Buffer {
  const value = new BerWriter();
  value.startSequence();
  value.writeInt(0);
  value.writeString(cookie);
  value.endSequence();
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(messageId);
  writer.startSequence(0x65);
  writer.writeEnumeration(0);
  writer.writeString('');
  writer.writeString('');
  writer.endSequence();
  writer.startSequence(0xa0);
  writer.startSequence();
  writer.writeString('1.2.840.113556.1.4.319');
  writer.writeBuffer(value.buffer, 4);
  writer.endSequence();
  writer.endSequence();
  writer.endSequence();
  return Buffer.from(writer.buffer);
}

/** A search result reference (RFC 4511, section 4.5.3). */
export function reference(messageId: number, urls: string[]): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(messageId);
  writer.startSequence(0x73);
  for (const url of urls) writer.writeString(url);
  writer.endSequence();
  writer.endSequence();
  return Buffer.from(writer.buffer);
}

/** The end of a search that another server must perform: result 10 with its URLs. */
export function referral(messageId: number, urls: string[]): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(messageId);
  writer.startSequence(0x65);
  writer.writeEnumeration(10);
  writer.writeString('');
  writer.writeString('');
  writer.startSequence(0xa3);
  for (const url of urls) writer.writeString(url);
  writer.endSequence();
  writer.endSequence();
  writer.endSequence();
  return Buffer.from(writer.buffer);
}
