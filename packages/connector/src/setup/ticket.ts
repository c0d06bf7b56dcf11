/** Requests to a ticket URL: reading the connection, registering the certificate, and comparing clocks. */
import { hostname } from 'node:os';
import { clockAnswer, type Registration, registrationAnswer, type TicketInfo, ticketInfo } from '@landbridge/protocol';
import { CodedError, parseJson } from '@landbridge/runtime';
import type { z } from 'zod';
import { mayReachHub } from '../config/check.ts';
import { type ConnectorSettings, isSettingName, SETTINGS } from '../config/settings.ts';
import type { Outbound } from '../network/outbound.ts';

/** Short, because each reconnection waits for it, and sign-ins wait for the reconnection. */
const TIMEOUT_MS = 5000;

/** The next start must accept the hub address that is saved. */
const usableInfo = ticketInfo.refine(({ adHub }) => SETTINGS.AD_HUB.type.schema.safeParse(adHub).success, { path: ['adHub'] });

/**
 * @returns what the hub knows of the connection
 * @throws CodedError TICKET_UNKNOWN, TICKET_STATUS, TICKET_NOT_JSON, TICKET_ANSWER_INVALID, HUB_NOT_ENCRYPTED, and as
 *   `Outbound.request`. No error contains the ticket.
 */
export async function fetchTicketInfo(
  outbound: Outbound,
  ticket: string,
  values: Pick<ConnectorSettings, 'HUB_INSECURE_NO_TLS'>,
  signal?: AbortSignal,
): Promise<TicketInfo> {
  const info = await call(outbound, new URL(`${withoutSlash(ticket)}/info`), usableInfo, { ...(signal && { signal }) });
  if (mayReachHub(info.adHub, values)) return info;
  throw new CodedError(
    'HUB_NOT_ENCRYPTED',
    `The hub's address is ${info.adHub}, which is not encrypted, so passwords would cross the network in clear text`,
    { action: 'Serve the hub by https, or allow this with HUB_INSECURE_NO_TLS=true.' },
  );
}

/**
 * Registers the connector's certificate with the hub.
 *
 * @returns the hub's signing key (PEM); undefined if its JWKS document holds the keys
 * @throws as `fetchTicketInfo`
 */
export async function register(outbound: Outbound, ticket: string, body: Registration, signal?: AbortSignal): Promise<string | undefined> {
  const answer = await call(outbound, new URL(withoutSlash(ticket)), registrationAnswer, { json: body, ...(signal && { signal }) });
  return answer.signingKey || undefined;
}

/**
 * @returns how far this machine's clock is ahead of the hub's, in milliseconds, accurate to half the round trip
 * @throws as `fetchTicketInfo`
 */
export async function measureClockSkew(
  outbound: Outbound,
  ticket: string,
  signal?: AbortSignal,
): Promise<{ skewMs: number; roundTripMs: number }> {
  const sent = performance.now();
  const { clock } = await call(outbound, new URL('/test', ticket), clockAnswer, { ...(signal && { signal }) });
  const roundTripMs = performance.now() - sent;
  return { skewMs: Math.round(Date.now() - roundTripMs / 2 - clock), roundTripMs: Math.round(roundTripMs) };
}

/** @returns the URL of the hub's keys, for a connection without a signing key of its own */
export function jwksUrlOf(ticket: string): string {
  return new URL('/.well-known/jwks.json', ticket).href;
}

/** @returns the answer of `/info` as keys of `config.json`, including the key with the realm's name */
export function settingsOfTicket(info: TicketInfo, ticket: string, siteName: string | undefined): Record<string, unknown> {
  return {
    AD_HUB: info.adHub,
    PROVISIONING_TICKET: ticket,
    WSFED_ISSUER: info.connectionDomain,
    CONNECTION: info.connectionName,
    CLIENT_CERT_AUTH: info.certAuth === true,
    KERBEROS_AUTH: info.kerberos === true,
    REALM: info.realm.name,
    SITE_NAME: siteName ?? info.connectionName,
    ...realmKey(info),
  };
}

/** The URL for browsers that is registered with the hub. */
export function serverUrlOf(values: Pick<ConnectorSettings, 'SERVER_URL' | 'PORT'>): string {
  return withoutSlash(values.SERVER_URL ?? `http://${hostname()}:${values.PORT}`);
}

/** A realm with the name of a setting must not overwrite that setting. */
function realmKey({ realm }: TicketInfo): Record<string, unknown> {
  return !isSettingName(realm.name) && typeof realm.postTokenUrl === 'string' ? { [realm.name]: realm.postTokenUrl } : {};
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

async function call<T>(outbound: Outbound, url: URL, schema: z.ZodType<T>, options: { json?: unknown; signal?: AbortSignal }): Promise<T> {
  const method = options.json === undefined ? 'GET' : 'POST';
  const answer = await outbound.request(url.href, { method, timeoutMs: TIMEOUT_MS, ...options });
  if (answer.status === 404) {
    throw new CodedError(
      'TICKET_UNKNOWN',
      `${url.host} does not know the ticket: it is wrong, or was replaced, or its connection was deleted`,
      {
        action: "Copy the ticket URL again from the connection's settings on the hub, and run setup.",
      },
    );
  }
  if (answer.status < 200 || answer.status > 299) {
    const redirect = answer.status >= 300 && answer.status < 400;
    throw new CodedError(
      'TICKET_STATUS',
      `${url.host} answered the ticket with status ${answer.status}${redirect ? ', a redirect, which is not followed because a ticket is a secret' : ''}`,
      {
        action: redirect ? 'Use the address that it redirects to.' : 'Try again later. If the error persists, ask the operator of the hub.',
      },
    );
  }
  // Some hubs answer a registration with an empty body.
  if (method === 'POST' && answer.text.trim() === '') return schema.parse({});
  if (!/^application\/json\b/i.test(answer.contentType)) {
    throw new CodedError(
      'TICKET_NOT_JSON',
      `${url.host} answered the ticket with ${answer.contentType || 'no content type'} instead of JSON`,
      {
        action: 'Check that the URL is a ticket. A proxy or a sign-in page may have answered instead of the hub.',
      },
    );
  }
  const result = schema.safeParse(parseJson(answer.text));
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join('.') || 'the answer';
  throw new CodedError('TICKET_ANSWER_INVALID', `${url.host} sent an invalid answer for the ticket: ${field} is missing or invalid`, {
    action: 'Check that the URL is a ticket, and that the versions of hub and connector match.',
  });
}
