/** Talking to a ticket URL: what the connection is, telling the hub our certificate, and comparing clocks. */
import { hostname } from 'node:os';
import { clockAnswer, type Registration, registrationAnswer, type TicketInfo, ticketInfo } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import type { z } from 'zod';
import { mayReachHub } from '../config/check.ts';
import { type ConnectorSettings, isSettingName, SETTINGS } from '../config/settings.ts';
import type { Outbound } from '../network/outbound.ts';

/** Short, because every reconnection waits for it while logins wait too. */
const TIMEOUT_MS = 5000;

/** An address that is kept must be one that the next start accepts. */
const usableInfo = ticketInfo.refine(({ adHub }) => SETTINGS.AD_HUB.type.schema.safeParse(adHub).success, { path: ['adHub'] });

/**
 * @returns what the hub says of the connection
 * @throws CodedError TICKET_UNKNOWN, TICKET_STATUS, TICKET_NOT_JSON, TICKET_ANSWER_INVALID, HUB_NOT_ENCRYPTED, and those of
 *   `Outbound.request`. None holds the ticket.
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
    `The hub says that it is at ${info.adHub}, which is not encrypted: passwords would cross the network in clear`,
    { action: 'Let the hub have https, or allow it with HUB_INSECURE_NO_TLS=true.' },
  );
}

/**
 * Tells the hub the connector's certificate.
 *
 * @returns the hub's signing key (PEM), or undefined where its JWKS document is to be read
 * @throws as `fetchTicketInfo`
 */
export async function register(outbound: Outbound, ticket: string, body: Registration, signal?: AbortSignal): Promise<string | undefined> {
  const answer = await call(outbound, new URL(withoutSlash(ticket)), registrationAnswer, { json: body, ...(signal && { signal }) });
  return answer.signingKey || undefined;
}

/**
 * @returns how far this machine's clock is ahead of the hub's, in milliseconds, known to half the round trip
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

/** @returns where the hub's keys are, for a connection without a signing key of its own */
export function jwksUrlOf(ticket: string): string {
  return new URL('/.well-known/jwks.json', ticket).href;
}

/** @returns the keys of `config.json` that hold the answer of `/info`, the realm's own key among them */
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

/** The address that the hub is told for browsers. */
export function serverUrlOf(values: Pick<ConnectorSettings, 'SERVER_URL' | 'PORT'>): string {
  return withoutSlash(values.SERVER_URL ?? `http://${hostname()}:${values.PORT}`);
}

/** A hub that names its realm like a setting must not set that setting. */
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
    throw new CodedError('TICKET_UNKNOWN', `${url.host} does not know the ticket: it is wrong, or its connection is gone`, {
      action: "Copy the ticket URL again from the connection's settings on the hub, and run setup.",
    });
  }
  if (answer.status < 200 || answer.status > 299) {
    const redirect = answer.status >= 300 && answer.status < 400;
    throw new CodedError(
      'TICKET_STATUS',
      `${url.host} answered the ticket with status ${answer.status}${redirect ? ', a redirect, which is not followed because a ticket is a secret' : ''}`,
      {
        action: redirect ? 'Use the address that it redirects to.' : 'Try again later; if it stays so, ask who runs the hub.',
      },
    );
  }
  // Hubs that have nothing to say about a registration say just that.
  if (method === 'POST' && answer.text.trim() === '') return schema.parse({});
  if (!/^application\/json\b/i.test(answer.contentType)) {
    throw new CodedError(
      'TICKET_NOT_JSON',
      `${url.host} answered the ticket with ${answer.contentType || 'no content type'} instead of JSON`,
      {
        action: 'Check that it is the address of a ticket; a proxy or a sign-in page may have answered instead of the hub.',
      },
    );
  }
  const result = schema.safeParse(jsonOf(answer.text));
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join('.') || 'the whole answer';
  throw new CodedError(
    'TICKET_ANSWER_INVALID',
    `${url.host} answered the ticket with something else than expected: ${field} is missing or wrong`,
    {
      action: 'Check that it is the address of a ticket, and that hub and connector fit together.',
    },
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
