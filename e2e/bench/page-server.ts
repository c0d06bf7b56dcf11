/**
 * The floor of the front channel: a process that answers every HTTPS request with a page of a given size and asks for client certificates
 * like the connector.
 */
import { constants } from 'node:crypto';
import { createServer } from 'node:https';
import type { KeyPair } from '@landbridge/lab';

/** The parent's first message; the answer is the port. */
export interface PageTask {
  server: KeyPair;
  clientAuthority: string;
  pageBytes: number;
}

process.once('message', ({ server, clientAuthority, pageBytes }: PageTask) => {
  const page = 'x'.repeat(pageBytes);
  const https = createServer(
    {
      ...server,
      minVersion: 'TLSv1.2',
      requestCert: true,
      rejectUnauthorized: false,
      ca: clientAuthority,
      maxHeaderSize: 98_304,
      // No session resumption, as at the connector.
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    (request, response) => {
      request.resume().on('end', () => response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page));
    },
  );
  https.listen(0, '127.0.0.1', () => {
    const bound = https.address();
    process.send?.(typeof bound === 'object' ? bound?.port : undefined);
  });
});
process.on('disconnect', () => process.exit());
