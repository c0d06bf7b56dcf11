/**
 * The ways in which a person is known without typing anything, in their order: a client certificate, a Kerberos ticket, the header of a
 * proxy that did Kerberos. What fails leads on to the next, and at last to the form, and the log says why.
 */

import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Log } from '@landbridge/runtime';
import type { ClientContext } from '@landbridge/web';
import type { KnownPerson } from '../users/known-person.ts';
import type { CertificateVerdict } from './certificates/client-certificate.ts';
import type { Identity } from './identity.ts';
import type { Kerberos } from './kerberos/kerberos.ts';

export interface Ways {
  /** Undefined where client certificates are off. */
  certificateOf: ((socket: TLSSocket) => Promise<CertificateVerdict>) | undefined;
  /** Undefined where Kerberos is off. */
  kerberos: Kerberos | undefined;
  /** Undefined where the header of a proxy is not to be believed. */
  personOfProxy: ((header: string) => KnownPerson | { refused: string } | undefined) | undefined;
}

export interface Known {
  identity: Identity | undefined;
  /** Tells the browser that a ticket would be taken, or, after one was, who this is. */
  wwwAuthenticate: string | undefined;
}

/** Windows makes no tickets of more than 65,535 bytes (MaxTokenSize); in base64 they are a third longer. */
const NEGOTIATE = /^Negotiate +([A-Za-z0-9+/]{1,87400}={0,2})$/i;

export async function knownPerson(request: IncomingMessage, client: ClientContext, ways: Ways, log: Log): Promise<Known> {
  const about = { request: client.id, address: client.address };
  const { socket } = request;
  if (ways.certificateOf !== undefined && socket instanceof TLSSocket) {
    const verdict = await ways.certificateOf(socket);
    if (verdict.kind === 'accepted') return { identity: verdict.identity, wwwAuthenticate: undefined };
    if (verdict.kind === 'refused')
      log.info({ ...about, subject: verdict.subject, reason: verdict.reason }, 'A client certificate is not taken');
  }
  const { authorization } = request.headers;
  let wwwAuthenticate: string | undefined;
  if (ways.kerberos !== undefined) {
    if (authorization === undefined) wwwAuthenticate = 'Negotiate';
    const token = NEGOTIATE.exec(authorization ?? '')?.[1];
    if (token !== undefined) {
      // Why a ticket is refused is logged there.
      const result = await ways.kerberos.negotiate(Buffer.from(token, 'base64'), { correlationId: client.id });
      if ('person' in result) {
        const { person, principal, responseToken } = result;
        const answer = responseToken === undefined ? undefined : `Negotiate ${responseToken.toString('base64')}`;
        return { identity: { how: 'kerberos', person, principal }, wwwAuthenticate: answer };
      }
    } else if (authorization !== undefined) log.info(about, 'Authorization holds no Kerberos ticket; it is not looked at');
  }
  if (ways.personOfProxy !== undefined && client.forwardedUser !== undefined) {
    const person = ways.personOfProxy(client.forwardedUser);
    if (person !== undefined && !('refused' in person)) {
      return { identity: { how: 'proxy-header', person, principal: client.forwardedUser }, wwwAuthenticate: undefined };
    }
    if (person !== undefined) log.info({ ...about, reason: person.refused }, 'The person that the proxy names is not taken');
  }
  return { identity: undefined, wwwAuthenticate };
}
