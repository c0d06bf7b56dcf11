/** Requests to a ticket URL: reading the connection, registering the certificate, and comparing clocks. */
import { hostname } from 'node:os';
import {
  clockAnswer,
  type PinnedTicket,
  type Registration,
  readTicket,
  registrationAnswer,
  type TicketInfo,
  ticketInfo,
} from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import type { z } from 'zod';
import { mayReachHub } from '../config/check.ts';
import type { Config } from '../config/load.ts';
import { type ConnectorSettings, isSettingName, SETTINGS } from '../config/settings.ts';
import type { Outbound } from '../network/outbound.ts';
import { createKey, loadCertificate } from './certificate.ts';
import { type Enrolment, enrol } from './enrolment.ts';
import { readTicketAnswer, TICKET_TIMEOUT_MS } from './ticket-answer.ts';

/** The hub's information about the connection. */
export interface TicketReading {
  info: TicketInfo;
  /** The answer that the hub signed, if the ticket names the hub's identity. */
  enrolment: Enrolment | undefined;
}

/**
 * Reads a ticket without registering anything.
 * @returns the hub's information about the connection
 * @throws CodedError TICKET_DAMAGED, HUB_IDENTITY_MISMATCH, HUB_ANSWER_FORGED, HUB_NOT_ENCRYPTED, CERTIFICATE_UNUSABLE, and as `readTicketAnswer` and
 *   `Outbound.request`. No error contains the ticket.
 */
export async function readHubTicket(outbound: Outbound, config: Config, ticket: string, signal?: AbortSignal): Promise<TicketReading> {
  const { values } = config;
  const read = usableTicket(ticket, values);
  if (read.kind === 'plain') return { info: await fetchTicketInfo(outbound, ticket, values, signal), enrolment: undefined };
  // Before the first start there is no key, and asking needs none.
  const { privateKey } = loadCertificate(config) ?? createKey();
  const enrolment = await enrol(outbound, read, values.HUB_IDENTITY ?? read.fingerprint, privateKey, { signal });
  checkInfo(enrolment.info, values);
  return { info: enrolment.info, enrolment };
}

/** @throws CodedError TICKET_DAMAGED, HUB_IDENTITY_MISMATCH */
export function usableTicket(ticket: string, { HUB_IDENTITY }: Pick<ConnectorSettings, 'HUB_IDENTITY'>): PinnedTicket | { kind: 'plain' } {
  const read = readTicket(ticket);
  if (read.kind === 'damaged') {
    throw new CodedError('TICKET_DAMAGED', 'The ticket is incomplete or was modified', {
      action: 'Copy the whole ticket URL again.',
    });
  }
  if (read.kind === 'plain' && HUB_IDENTITY !== undefined) {
    throw new CodedError('HUB_IDENTITY_MISMATCH', 'The ticket does not contain the fingerprint of a hub, but HUB_IDENTITY is set', {
      action: 'If the connector moves to another hub, run setup with its ticket, or remove HUB_IDENTITY.',
    });
  }
  return read;
}

/** @returns the fingerprint that the hub must prove: its last known one, or else the ticket's. Undefined if there is none, as with Auth0. */
export function pinnedIn({
  HUB_IDENTITY,
  PROVISIONING_TICKET: ticket,
}: Pick<ConnectorSettings, 'HUB_IDENTITY' | 'PROVISIONING_TICKET'>): string | undefined {
  const read = ticket === undefined ? undefined : readTicket(ticket);
  return HUB_IDENTITY ?? (read?.kind === 'pinned' ? read.fingerprint : undefined);
}

/** For a ticket without a secret. The hub knows the connector's key, because an administrator approved its code. */
export function isEnrolledByCode({ PROVISIONING_TICKET: ticket }: Pick<ConnectorSettings, 'PROVISIONING_TICKET'>): boolean {
  const read = ticket === undefined ? undefined : readTicket(ticket);
  return read?.kind === 'pinned' && read.secret === undefined;
}

/**
 * For tickets that name no identity, such as Auth0's.
 * @returns what the hub knows of the connection
 * @throws CodedError HUB_NOT_ENCRYPTED, and as `readTicketAnswer` and `Outbound.request`
 */
export async function fetchTicketInfo(
  outbound: Outbound,
  ticket: string,
  values: Pick<ConnectorSettings, 'HUB_INSECURE_NO_TLS'>,
  signal?: AbortSignal,
): Promise<TicketInfo> {
  const info = await call(outbound, new URL(`${withoutSlash(ticket)}/info`), ticketInfo, { ...(signal && { signal }) });
  checkInfo(info, values);
  return info;
}

/** Rejects a hub address that the next start would not accept. @throws CodedError TICKET_ANSWER_INVALID, HUB_NOT_ENCRYPTED */
export function checkInfo({ adHub }: TicketInfo, values: Pick<ConnectorSettings, 'HUB_INSECURE_NO_TLS'>): void {
  if (!SETTINGS.AD_HUB.type.schema.safeParse(adHub).success) {
    throw new CodedError('TICKET_ANSWER_INVALID', 'The hub sent an invalid answer for the ticket: adHub is missing or invalid', {
      action: 'Check that the URL is a ticket, and that the versions of hub and connector match.',
    });
  }
  if (mayReachHub(adHub, values)) return;
  throw new CodedError(
    'HUB_NOT_ENCRYPTED',
    `The hub's address is ${adHub}, which is not encrypted, so passwords would cross the network in clear text`,
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
): Promise<{ clock: number; skewMs: number; roundTripMs: number }> {
  const sent = performance.now();
  const { clock } = await call(outbound, new URL('/test', ticket), clockAnswer, { ...(signal && { signal }) });
  const roundTripMs = performance.now() - sent;
  return { clock, skewMs: Math.round(Date.now() - roundTripMs / 2 - clock), roundTripMs: Math.round(roundTripMs) };
}

/** @returns the URL of the hub's keys, for a connection without a signing key of its own */
export function jwksUrlOf(ticket: string): string {
  return new URL('/.well-known/jwks.json', ticket).href;
}

/** @returns the hub's answer as keys of `config.json`, including the key with the realm's name */
export function settingsOfTicket(
  { info, enrolment }: TicketReading,
  ticket: string,
  siteName: string | undefined,
): Record<string, unknown> {
  return {
    AD_HUB: info.adHub,
    PROVISIONING_TICKET: ticket,
    WSFED_ISSUER: info.connectionDomain,
    CONNECTION: info.connectionName,
    CLIENT_CERT_AUTH: info.certAuth === true,
    KERBEROS_AUTH: info.kerberos === true,
    REALM: info.realm.name,
    HUB_IDENTITY: enrolment?.hubIdentity,
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
  const isPost = options.json !== undefined;
  const answer = await outbound.request(url.href, { method: isPost ? 'POST' : 'GET', timeoutMs: TICKET_TIMEOUT_MS, ...options });
  return readTicketAnswer(url, answer, schema, { mayBeEmpty: isPost });
}
