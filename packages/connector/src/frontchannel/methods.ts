/**
 * Identifies users without asking for a password, by these methods in this order: client certificate, Kerberos ticket, header of a proxy
 * that did Kerberos. If one fails, the next is tried; the log says why.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Log } from '@landbridge/runtime';
import { clientContextOf } from '@landbridge/web';
import type { VerifiedIdentity } from '../users/sign-in-verified.ts';
import type { Kerberos } from './kerberos/kerberos.ts';

/** Undefined methods are off. */
export interface SignInMethods {
  /** @returns undefined if the client sent no certificate */
  certificate: ((socket: TLSSocket) => Promise<VerifiedIdentity | { refused: string; subject: string } | undefined>) | undefined;
  kerberos: Kerberos | undefined;
  /** @returns undefined if the header names no user */
  proxyHeader: ((header: string) => VerifiedIdentity | { refused: string } | undefined) | undefined;
}

/** Windows tickets have up to 65,535 bytes (MaxTokenSize), a third more in base64. */
const NEGOTIATE = /^Negotiate +([A-Za-z0-9+/]{1,87400}={0,2})$/i;

export async function identify(request: IncomingMessage, methods: SignInMethods, log: Log): Promise<VerifiedIdentity | undefined> {
  const { id: correlationId, address, forwardedUser } = clientContextOf(request);
  const about = { correlationId, address };
  const { socket, headers } = request;
  if (methods.certificate !== undefined && socket instanceof TLSSocket) {
    const identity = await methods.certificate(socket);
    if (identity !== undefined && !('refused' in identity)) return identity;
    if (identity !== undefined) log.info({ ...about, subject: identity.subject, reason: identity.refused }, 'Client certificate rejected');
  }
  if (methods.kerberos !== undefined && headers.authorization !== undefined) {
    const token = NEGOTIATE.exec(headers.authorization)?.[1];
    if (token === undefined) log.info(about, 'Authorization header ignored: not a Kerberos ticket');
    else {
      // It logs why it rejects a ticket.
      const identity = await methods.kerberos.negotiate(Buffer.from(token, 'base64'), { correlationId });
      if (!('refused' in identity)) return identity;
    }
  }
  if (methods.proxyHeader !== undefined && forwardedUser !== undefined) {
    const identity = methods.proxyHeader(forwardedUser);
    if (identity !== undefined && !('refused' in identity)) return identity;
    if (identity !== undefined) log.info({ ...about, reason: identity.refused }, 'X-Forwarded-User rejected');
  }
  return undefined;
}

/** @returns the `WWW-Authenticate` header: an offer to send a ticket, or the answer to one that was accepted */
export function wwwAuthenticate(
  request: IncomingMessage,
  { kerberos }: SignInMethods,
  identity: VerifiedIdentity | undefined,
): string | undefined {
  if (identity !== undefined) {
    return identity.responseToken === undefined ? undefined : `Negotiate ${identity.responseToken.toString('base64')}`;
  }
  return kerberos !== undefined && request.headers.authorization === undefined ? 'Negotiate' : undefined;
}
