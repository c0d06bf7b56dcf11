/**
 * AUDIT_SYSLOG_URL: syslog over UDP (RFC 5426), TCP with octet counting (RFC 6587) or TLS (RFC 5425). Syslog has no acknowledgements. Over TCP
 * and TLS, each batch uses its own connection. The batch has arrived if the receiver closes the connection after we end our side: a receiver that
 * closes without having read everything resets the connection instead.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { sleep } from '@landbridge/runtime';
import type { AuditDestination } from './destination.ts';
import { syslogMessage } from './syslog-message.ts';

/** Datagrams that overflow the receiver's buffer are lost, so few are sent at a time. */
const DATAGRAMS_AT_ONCE = 50;
const MESSAGES_AT_ONCE = 500;
/** How long to wait for an ICMP error that reports a closed port. */
const DATAGRAM_SETTLE_MS = 30;
const SETTLE_MS = 20;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'udp:': 514, 'tcp:': 514, 'tls:': 6514 };

/** @param caFile the only authorities that may issue the receiver's certificate; undefined means the well-known ones */
export function syslogDestination(address: string, caFile: string | undefined): AuditDestination {
  const { protocol, hostname: host, port } = new URL(address);
  const to = { host: host.replace(/^\[|\]$/g, ''), port: Number(port) || (DEFAULT_PORTS[protocol] ?? 0) };
  const text = hostname();

  async function open(): Promise<{ socket: Socket; connected: 'connect' | 'secureConnect' }> {
    if (protocol === 'tcp:') return { socket: connect({ ...to, allowHalfOpen: true }), connected: 'connect' };
    const ca = caFile === undefined ? undefined : await readFile(caFile);
    // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect.
    return { socket: connectTls({ ...to, ca, rejectUnauthorized: true }), connected: 'secureConnect' };
  }

  return {
    name: 'syslog',
    target: `${protocol}//${host}:${to.port}`,
    recordsAtOnce: protocol === 'udp:' ? DATAGRAMS_AT_ONCE : MESSAGES_AT_ONCE,
    takesHeads: true,
    async send(messages, _batch, signal) {
      const texts = messages.map((message) => Buffer.from(syslogMessage(message, text)));
      if (protocol === 'udp:') return await sendDatagrams(texts, to, signal);
      const { socket, connected } = await open();
      await deliver(socket, connected, Buffer.concat(texts.flatMap((bytes) => [Buffer.from(`${bytes.length} `), bytes])), signal);
    },
  };
}

/**
 * The receiver's end of the connection confirms ours only if it did not come first. So after the data, one round trip passes
 * before we end our side, in which an earlier end would arrive.
 */
async function deliver(socket: Socket, connected: 'connect' | 'secureConnect', bytes: Buffer, signal: AbortSignal): Promise<void> {
  const abort = () => socket.destroy(new Error('the receiver does not answer, or does not close the connection'));
  signal.addEventListener('abort', abort, { once: true });
  const closed = Promise.withResolvers<void>();
  // It may reject before anything awaits it.
  closed.promise.catch(() => {});
  let isEndSent = false;
  socket.on('error', closed.reject);
  socket.on('end', () => {
    if (isEndSent) closed.resolve();
    else socket.destroy(new Error('the receiver closed the connection'));
  });
  socket.on('close', () => closed.reject(new Error('the connection was lost')));
  socket.resume();
  try {
    if (signal.aborted) abort();
    const startedAt = performance.now();
    await Promise.race([once(socket, connected), closed.promise]);
    const roundTripMs = performance.now() - startedAt;
    await Promise.race([new Promise((resolve) => socket.write(bytes, resolve)), closed.promise]);
    await Promise.race([sleep(SETTLE_MS + 2 * roundTripMs, signal), closed.promise]);
    isEndSent = true;
    socket.end();
    await closed.promise;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

async function sendDatagrams(texts: readonly Buffer[], to: { host: string; port: number }, signal: AbortSignal): Promise<void> {
  const { address, family } = await lookup(to.host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  socket.on('error', failed.reject);
  const abort = () => failed.reject(new Error('the messages could not be sent in time'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    socket.connect(to.port, address);
    await Promise.race([once(socket, 'connect'), failed.promise]);
    for (const text of texts) await Promise.race([sendDatagram(socket, text), failed.promise]);
    await Promise.race([sleep(DATAGRAM_SETTLE_MS), failed.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.close();
  }
}

function sendDatagram(socket: UdpSocket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
