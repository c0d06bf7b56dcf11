/** The front channel: whether browsers reach the connector at the address that the hub uses, and with which certificate. */
import type { Socket } from 'node:net';
import { openSocket } from '../../network/open-socket.ts';
import { hostAndPort } from '../../network/proxy.ts';
import { describeCertificate, endsSoon, seeCertificate } from '../../network/seen-certificate.ts';
import { serverUrlOf } from '../../setup/ticket.ts';
import { type Check, type CheckOutcome, fail, failedBy, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';

export function frontChannelChecks(run: Run): Check[] {
  const { values } = run.config;
  const isOn = values.KERBEROS_AUTH || values.CLIENT_CERT_AUTH || values.WITH_KERBEROS_PROXY_FRONTEND;
  const url = new URL(serverUrlOf(values));
  return [
    {
      id: 'front-channel',
      target: url.host,
      run: (signal) => (isOn ? opened(run, url, signal) : skipped('off: neither Kerberos nor client certificates are on')),
    },
  ];
}

async function opened(run: Run, url: URL, signal: AbortSignal): Promise<CheckOutcome> {
  const { host, port } = hostAndPort(url);
  let socket: Socket;
  try {
    socket = await openSocket({ host, port }, signal);
  } catch (error) {
    return fail(
      `No answer from ${url.host}: ${failedBy(error).found}`,
      'Check that the connector runs, that the name in SERVER_URL resolves to this machine, and that the firewall allows browsers.',
    );
  }
  if (url.protocol === 'http:') {
    socket.destroy();
    return warn(`${url.host} answers without TLS`, 'Set SSL_PFX and an https:// address in SERVER_URL, or put a proxy with TLS in front.');
  }
  const seen = await seeCertificate(socket, { host, configured: run.configuredCertificates, signal });
  const description = describeCertificate(seen);
  const days = endsSoon(seen.validTo);
  if (seen.refusedBecause !== undefined)
    return fail(
      `${description}: ${seen.refusedBecause}`,
      'Use a certificate for the name in SERVER_URL from an authority that browsers trust.',
    );
  return days === undefined ? pass(description) : warn(`${description}: expires in ${days} days`, 'Renew it.');
}
