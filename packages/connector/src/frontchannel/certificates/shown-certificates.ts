/** The certificates that clients show at the handshake, each with those that came along to complete its chain. */
import type { X509Certificate } from 'node:crypto';
import type { Server, TLSSocket } from 'node:tls';

export interface ShownCertificates {
  /** @returns the client's own certificate first, then those that it sent along, which may be any; empty where it showed none */
  of(socket: TLSSocket): readonly X509Certificate[];
}

/** Longer chains are made by nobody. */
const MAX_CERTIFICATES = 10;

/**
 * Whoever asks a socket of Node 24.21 for its certificate first takes what was sent along away from those who ask later, and that is Node
 * itself, where the certificate is good (github.com/nodejs/node/issues/65579). So it is asked before: the one event by which a server
 * tells of a socket before its handshake ends is `keylog`. What that is for, the secrets of TLS, is not looked at.
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
