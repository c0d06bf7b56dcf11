/** The certificates that clients send in the handshake: their own and those that complete its chain. */
import type { X509Certificate } from 'node:crypto';
import type { Server, TLSSocket } from 'node:tls';

export interface ShownCertificates {
  /** @returns the client's own certificate, then whatever else it sent; empty if it sent none */
  of(socket: TLSSocket): readonly X509Certificate[];
}

/** No real chain is longer. */
const MAX_CERTIFICATES = 10;

/**
 * In Node 24.21 only the first reader of a socket's certificate gets the rest of the chain, and for valid certificates that is Node itself
 * (github.com/nodejs/node/issues/65579). So this reads it first: `keylog` is the only event of a server before a handshake ends. The TLS
 * secrets that it carries are ignored.
 */
export function keepShownCertificates(server: Server): ShownCertificates {
  const shown = new WeakMap<TLSSocket, X509Certificate[]>();
  const awaited = new WeakSet<TLSSocket>();

  function keep(socket: TLSSocket): X509Certificate[] {
    const certificates: X509Certificate[] = [];
    let current = socket.getPeerX509Certificate();
    while (current !== undefined && certificates.length < MAX_CERTIFICATES) {
      certificates.push(current);
      current = current.issuerCertificate;
    }
    shown.set(socket, certificates);
    return certificates;
  }

  server.on('keylog', (_secret: Buffer, socket: TLSSocket) => {
    if (awaited.has(socket)) return;
    awaited.add(socket);
    socket.prependOnceListener('secure', () => keep(socket));
  });
  return { of: (socket) => shown.get(socket) ?? keep(socket) };
}
