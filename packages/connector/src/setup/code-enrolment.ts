/**
 * Enrolment by a code (docs/protocol.md, section 8.15): shows a code, waits until an administrator of the hub approves it, and registers the
 * connector's certificate. From then on the connector needs only its key, and its ticket contains no secret.
 */
import { createPublicKey, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CODE_AUDIENCE,
  CODE_PAGE,
  type CodePollClaims,
  type CodeRequestClaims,
  codeGranted,
  codeState,
  commitmentTo,
  comparisonCode,
  connectorKeyFingerprint,
  pinnedTicket,
  readTicket,
} from '@landbridge/protocol';
import { CodedError, createLog } from '@landbridge/runtime';
import { mayReachHub } from '../config/check.ts';
import { updateConfigFile } from '../config/config-file.ts';
import { type Config, type Environment, withEntered } from '../config/load.ts';
import { firstStartChanges } from '../config/take-over.ts';
import { createOutbound } from '../network/outbound.ts';
import { createCertificate, createKey, loadCertificate, saveCertificate } from './certificate.ts';
import { askSigned, enrol } from './enrolment.ts';
import { thisInstance } from './instance.ts';
import { keepCertificateAside } from './new-certificate.ts';
import { checkInfo, serverUrlOf, settingsOfTicket } from './ticket.ts';

/** Added to the interval on `slow_down` (RFC 8628, section 3.5). */
const SLOWER_BY_MS = 5000;

/** What to display while the connector waits. */
export interface ShownCode {
  /** Where an administrator of the hub signs in and enters the code. */
  page: string;
  code: string;
  /** `page` with the code. */
  link: string;
  comparison: string;
  keyFingerprint: string;
  expiresAt: Date;
}

/** @returns the origin of a hub's address. @throws CodedError HUB_ADDRESS_INVALID, HUB_NOT_ENCRYPTED */
export function hubOriginOf(address: string, values: Config['values']): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new CodedError('HUB_ADDRESS_INVALID', 'The address of the hub is not a URL', { action: 'Example: https://hub.example.com' });
  }
  if (!mayReachHub(url.href, values)) {
    throw new CodedError('HUB_NOT_ENCRYPTED', `${url.origin} is not encrypted, so passwords would cross the network in clear text`, {
      action: 'Serve the hub by https, or allow this with HUB_INSECURE_NO_TLS=true.',
    });
  }
  return url.origin;
}

/**
 * Waits for an administrator's approval, and saves the certificate, hub and connection in the home. The hub knows the key from then on.
 *
 * @param options.settings the settings needed to reach the hub, which are saved as well
 * @param options.show called once, as soon as both sides can show the same comparison code
 * @returns the ticket, which contains no secret
 * @throws CodedError ENROLMENT_DENIED, ENROLMENT_CODE_EXPIRED, ENROLMENT_CODES_EXHAUSTED, HUB_WITHOUT_CODES, HUB_ADDRESS_INVALID, HUB_NOT_ENCRYPTED,
 *   and as `enrol`
 */
export async function enrolByCode(
  config: Config,
  environment: Environment,
  options: {
    hub: string;
    settings?: Readonly<Record<string, unknown>>;
    agentVersion: string;
    show: (shown: ShownCode) => void;
    signal: AbortSignal;
  },
): Promise<string> {
  const { agentVersion, show, signal } = options;
  const { values } = config;
  const origin = hubOriginOf(options.hub, values);
  const outbound = createOutbound(values);
  const existing = loadCertificate(config);
  const key = existing ?? createKey();
  const publicKey = createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' });
  const nonce = randomBytes(32).toString('base64url');

  const hostName = hostname();
  const { payload: granted, hubIdentity } = await askSigned(outbound, new URL('/p/code', origin), codeGranted, {
    ...{ privateKey: key.privateKey, audience: CODE_AUDIENCE, purpose: 'enrolment code', pinned: undefined, signal },
    claims: { commitment: commitmentTo(nonce), agentVersion, hostName } satisfies CodeRequestClaims,
    body: (jws) => ({ jws }),
  }).catch((error: unknown) => {
    if (error instanceof CodedError && NO_HUB.has(error.code)) throw withoutCodes(origin, error);
    throw error;
  });
  const { deviceCode, userCode } = granted;
  const expiresAt = new Date(Date.now() + granted.expiresInSeconds * 1000);
  const poll = async () => {
    const { payload } = await askSigned(outbound, new URL('/p/code/poll', origin), codeState, {
      ...{ privateKey: key.privateKey, audience: hubIdentity, subject: deviceCode, purpose: 'enrolment code', pinned: hubIdentity, signal },
      claims: { nonce } satisfies CodePollClaims,
      body: (jws) => ({ jws }),
    });
    return payload;
  };

  let { state, connectionId } = await poll();
  show({
    ...{ page: `${origin}${CODE_PAGE}`, code: userCode, link: `${origin}${CODE_PAGE}/${userCode}`, expiresAt },
    comparison: comparisonCode({ publicKey, hub: hubIdentity, deviceCode, nonce }),
    keyFingerprint: connectorKeyFingerprint(publicKey),
  });
  let intervalMs = granted.intervalSeconds * 1000;
  while (state === 'pending' || state === 'slow_down') {
    if (state === 'slow_down') intervalMs += SLOWER_BY_MS;
    await sleep(intervalMs, undefined, { signal }).catch(() => {
      throw cancelled();
    });
    if (Date.now() > expiresAt.getTime()) throw expired(origin);
    ({ state, connectionId } = await poll().catch((error: unknown) => {
      // The hub may be restarting, or the network may be down for a moment.
      if (error instanceof CodedError && PASSING.has(error.code)) return { state: 'pending' as const, connectionId: undefined };
      throw error;
    }));
  }
  if (state === 'denied') {
    throw new CodedError('ENROLMENT_DENIED', `An administrator of ${new URL(origin).host} denied this connector`, {
      action:
        'If the comparison codes differed, look for a proxy that inspects TLS between this machine and the hub, and exclude the hub from inspection.',
    });
  }
  if (state === 'expired' || connectionId === undefined) throw expired(origin);

  const ticket = `${origin}/p/ad/${pinnedTicket({ connectionId, secret: undefined, fingerprint: hubIdentity })}`;
  const read = readTicket(ticket);
  if (read.kind !== 'pinned') throw expired(origin);
  const { info } = await enrol(outbound, read, hubIdentity, key.privateKey, { signal }).catch((error: unknown) => {
    // The hub was restarted since the approval.
    throw error instanceof CodedError && error.code === 'TICKET_UNKNOWN' ? expired(origin) : error;
  });
  checkInfo(info, values);
  const own = existing ?? createCertificate(key, info);
  if (existing === undefined) {
    // A revoked pair is in the way.
    if (config.candidate !== undefined && keepCertificateAside(config.home) !== undefined)
      for (const path of [config.home.keyFile, config.home.certFile]) rmSync(path, { force: true });
    saveCertificate(config.home, own);
  }
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const instance = thisInstance(config, own.privateKey, agentVersion, log);
  const enrolment = await enrol(outbound, read, hubIdentity, own.privateKey, {
    register: {
      certificate: own.certificate.raw.toString('base64'),
      signInEndpoint: `${serverUrlOf(values)}/wsfed`,
      agentVersion,
      instance,
    },
    signal,
  });
  const { values: entered, file } = withEntered(config, { PROVISIONING_TICKET: ticket }, environment);
  updateConfigFile(config.home.configFile, {
    ...firstStartChanges(file).changes,
    ...options.settings,
    ...settingsOfTicket({ info: enrolment.info, enrolment }, ticket, entered.SITE_NAME),
  });
  return ticket;
}

const NO_HUB = new Set(['TICKET_UNKNOWN', 'TICKET_STATUS', 'TICKET_NOT_JSON', 'TICKET_ANSWER_INVALID']);
const PASSING = new Set(['HUB_UNREACHABLE', 'HUB_TIMEOUT', 'TICKET_STATUS']);

function withoutCodes(origin: string, cause: CodedError): CodedError {
  return new CodedError('HUB_WITHOUT_CODES', `${new URL(origin).host} gives out no codes: it is not a Landbridge hub`, {
    action: 'Check the address, which must be that of the dashboard. For an Auth0 tenant, enrol the connector with a ticket.',
    cause,
  });
}

function expired(origin: string): CodedError {
  return new CodedError('ENROLMENT_CODE_EXPIRED', `Nobody approved the code at ${new URL(origin).host} in time, or the hub was restarted`, {
    action: 'Run setup again: it shows a new code, which is valid for ten minutes.',
  });
}

function cancelled(): CodedError {
  return new CodedError('CANCELLED', 'Enrolment cancelled while waiting for approval');
}
