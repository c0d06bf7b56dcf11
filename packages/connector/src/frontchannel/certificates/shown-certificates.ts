/** Client certificates of TLS handshakes, with the intermediate certificates that the client sent. */
import type { X509Certificate } from 'node:crypto';
import type { Server, TLSSocket } from 'node:tls';

export interface ShownCertificates {
  /** @returns the client's certificate, then the other certificates that it sent, unverified; empty without a client certificate */
  of(socket: TLSSocket): readonly X509Certificate[];
}

/** Longer chains do not occur in practice. */
const MAX_CERTIFICATES = 10;

/**
 * In Node.js 24.21, which some platforms still get, only the first read of a peer certificate has the intermediate certificates, and Node.js
 * itself reads a valid one first (github.com/nodejs/node/issues/65579; fixed in 24.22.3). So this reads it earlier: `keylog` is the only
 * event of a server that gives the socket before the end of the handshake. The TLS secrets in the event are ignored.
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
