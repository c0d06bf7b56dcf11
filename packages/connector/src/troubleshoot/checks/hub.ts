/** The hub: its ticket, its clock, its keys and its WebSocket. */

import { createPublicKey, X509Certificate } from 'node:crypto';
import { CLOCK_SKEW_TOLERANCE_MS, jwksDocument, readTicket } from '@landbridge/protocol';
import { parseJson } from '@landbridge/runtime';
import { REPLACE_KEY } from '../../config/revoked-key.ts';
import { algorithmsOf, signingKey } from '../../hub/token.ts';
import { clockDifference } from '../../network/hub-clock.ts';
import { day } from '../../network/seen-certificate.ts';
import { jwksUrlOf, measureClockSkew, readHubTicket, type TicketReading } from '../../setup/ticket.ts';
import { type Check, type CheckOutcome, fail, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';
import { proxySettingsCheck, routeChecks } from './hub-route.ts';
import { ownCertificate } from './own-certificate.ts';
import { openWebSocket } from './websocket.ts';

const TIMEOUT_MS = 10_000;

export function hubChecks(run: Run): Check[] {
  const { config, outbound } = run;
  const { PROVISIONING_TICKET: ticketUrl, AD_HUB } = config.values;
  const first = urlOf(ticketUrl ?? AD_HUB);
  const second = urlOf(AD_HUB);
  const urls = [first, second].filter((url): url is URL => url !== undefined);
  const hosts = [...new Map(urls.map((url) => [url.host, url])).values()];
  let reading: TicketReading | undefined;
  const isPinned = ticketUrl !== undefined && readTicket(ticketUrl).kind === 'pinned';

  const proxy = proxySettingsCheck(run, hosts);
  const ways = hosts.map((url) => routeChecks(run, url, [proxy]));
  const reached = ways.map(({ reach, tls }, i) => (hosts[i]?.protocol === 'http:' || hosts[i]?.protocol === 'ws:' ? reach : tls));
  const [ticketHost] = reached;
  const onTheWay = ticketHost === undefined ? [] : [ticketHost];

  const ticket: Check = {
    id: 'ticket',
    needs: onTheWay,
    async run(signal) {
      if (ticketUrl === undefined) {
        return config.origins.PROVISIONING_TICKET === 'unset'
          ? skipped('PROVISIONING_TICKET is not set')
          : skipped('PROVISIONING_TICKET is not a URL; see "Configuration"');
      }
      reading = await readHubTicket(outbound, config, ticketUrl, signal);
      return ticketOutcome(reading);
    },
  };
  const clock: Check = {
    id: 'hub-clock',
    needs: onTheWay,
    async run(signal) {
      if (ticketUrl === undefined) return skipped('PROVISIONING_TICKET is not set');
      const { skewMs, roundTripMs } = await measureClockSkew(outbound, ticketUrl, signal);
      const found = `${clockDifference(skewMs)} (round trip ${roundTripMs} ms)`;
      const action = 'Let NTP set this machine’s clock. If it is correct, tell the hub’s administrators.';
      if (Math.abs(skewMs) > config.values.CLOCK_SKEW_LIMIT_SECONDS * 1000) return fail(`${found}: too far for users to sign in`, action);
      return Math.abs(skewMs) > CLOCK_SKEW_TOLERANCE_MS
        ? warn(`${found}. It is corrected for requests of the hub, but Kerberos and certificates depend on this clock`, action)
        : pass(found);
    },
  };
  const webSocket: Check = {
    id: 'hub-websocket',
    needs: ticketUrl === undefined ? reached : [ticket],
    async run(signal) {
      const address = reading?.info.adHub ?? AD_HUB;
      if (address === undefined) return skipped('the hub’s address is unknown');
      return await openWebSocket(outbound, address, config.values, signal);
    },
  };
  const certificate: Check = {
    id: 'certificate',
    needs: ticketUrl === undefined ? [] : [ticket],
    run: (signal) => ownCertificate(run, reading, signal),
  };
  const keys: Check = {
    id: 'hub-keys',
    needs: onTheWay,
    run: async (signal) => (isPinned ? skipped('not needed: this hub proves its identity') : await tenantKeys(run, first, signal)),
  };
  return [proxy, ...ways.flatMap(({ reach, tls }) => [reach, tls]), ticket, clock, webSocket, certificate, keys];
}

function urlOf(address: string | undefined): URL | undefined {
  return address === undefined ? undefined : new URL(address);
}

async function tenantKeys({ config, outbound }: Run, hub: URL | undefined, signal: AbortSignal): Promise<CheckOutcome> {
  const { TENANT_SIGNING_KEY: pem, PROVISIONING_TICKET: ticket } = config.values;
  if (pem !== undefined) {
    signingKey(pem);
    const end = pem.includes('CERTIFICATE') ? `, from a certificate valid until ${day(new X509Certificate(pem).validToDate)}` : '';
    return pass(`TENANT_SIGNING_KEY is usable${end}`);
  }
  if (hub === undefined) return skipped('neither ticket nor hub address is set');
  const url = jwksUrlOf(ticket ?? hub.href.replace(/^ws/, 'http'));
  const answer = await outbound.request(url, { timeoutMs: TIMEOUT_MS, signal });
  // Such a hub returns its key when the connector registers, which has not happened yet.
  if (answer.status === 404 && config.values.LAST_SENT_THUMBPRINT === undefined)
    return warn(`${hub.host} publishes no keys; it should return its key when the connector registers`);
  if (answer.status !== 200)
    return fail(
      `${hub.host} answered the request for its keys with HTTP ${answer.status}`,
      'Ask the hub’s administrators. Without keys no request is answered.',
    );
  const document = jwksDocument.safeParse(parseJson(answer.text));
  if (!document.success)
    return fail(`${hub.host} did not answer with a JWKS document`, 'A proxy or a sign-in page may have answered instead of the hub.');
  const { keys } = document.data;
  const usable = keys.filter(isUsable).length;
  if (usable === 0)
    return fail(
      `None of the ${keys.length} keys in the JWKS document of ${hub.host} is usable`,
      'Ask the hub’s administrators: it needs RSA keys of 2048 bits or more, or EC keys.',
    );
  return pass(`${hub.host} publishes ${usable} usable key${usable === 1 ? '' : 's'}`);
}

function ticketOutcome({ info, enrolment }: TicketReading): CheckOutcome {
  const found = `The hub knows the ticket: connection ${info.connectionName}, realm ${info.realm.name}`;
  switch (enrolment?.state) {
    case 'pending':
      return warn(
        `${found}. This connector needs approval on the hub`,
        'The ticket has already enrolled a connector or has expired, or the connection requires approval. Let an administrator of the hub approve this connector, or get a new ticket from "Add a connector".',
      );
    case 'revoked':
      return fail(`${found}, but has revoked the key of this connector`, `If it may enrol again, ${REPLACE_KEY}.`);
    default:
      return pass(enrolment === undefined ? found : `${found}. Its identity is ${enrolment.hubIdentity}`);
  }
}

function isUsable(jwk: Record<string, unknown>): boolean {
  // A document may contain keys for other purposes.
  if (jwk.use !== undefined && jwk.use !== 'sig') return false;
  try {
    const { kty, n, e, crv, x, y } = jwk;
    return (
      algorithmsOf(
        createPublicKey({
          format: 'jwk',
          key: kty === 'RSA' ? { kty, n: text(n), e: text(e) } : { kty: text(kty), crv: text(crv), x: text(x), y: text(y) },
        }),
      ).length > 0
    );
  } catch {
    return false;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
