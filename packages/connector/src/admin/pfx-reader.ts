/**
 * Runs as a process of its own: reads a PKCS #12 file and its passphrase from standard input, and writes its certificate as PEM, `passphrase`
 * if that is wrong, or nothing. Node offers no way to read the certificate but a TLS handshake, here in memory.
 */
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { z } from 'zod';

const { pfx, passphrase } = z.object({ pfx: z.base64(), passphrase: z.string() }).parse(JSON.parse(await text(process.stdin)));

function open(): SecureContext | undefined {
  try {
    return createSecureContext({ pfx: Buffer.from(pfx, 'base64'), passphrase });
  } catch (error) {
    // How OpenSSL reports a wrong passphrase.
    if (error instanceof Error && /mac verify|bad decrypt/i.test(error.message)) process.stdout.write('passphrase');
    return undefined;
  }
}

const secureContext = open();
if (secureContext !== undefined) {
  const [here, there] = duplexPair();
  new TLSSocket(here, { isServer: true, secureContext }).on('error', () => {});
  // Only reads the certificate.
  const client = connect({ socket: there, rejectUnauthorized: false });
  client.on('secureConnect', () => {
    process.stdout.write(client.getPeerX509Certificate()?.toString() ?? '', () => client.destroy());
  });
  client.on('error', () => client.destroy());
}
