/** The connector's own certificate: its dates, and whether the hub knows it. */

import { parseJson } from '@landbridge/runtime';
import { z } from 'zod';
import { day, endsSoon } from '../../network/seen-certificate.ts';
import { loadCertificate, thumbprint } from '../../setup/certificate.ts';
import type { TicketReading } from '../../setup/ticket.ts';
import { type CheckOutcome, fail, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';

const TIMEOUT_MS = 10_000;

/** @param reading the result of reading the ticket; undefined without a ticket */
export async function ownCertificate(run: Run, reading: TicketReading | undefined, signal: AbortSignal): Promise<CheckOutcome> {
  const ours = loadCertificate(run.config);
  if (ours === undefined) return skipped('none yet: it is created at the first start');
  const own = thumbprint(ours.certificate);
  const from = new Date(ours.certificate.validFrom);
  const to = new Date(ours.certificate.validTo);
  const dates = `valid from ${day(from)} to ${day(to)}`;
  if (to.getTime() < Date.now())
    return fail(
      `The certificate ${own} has expired: ${dates}`,
      'Put another pair into certs/ (or AUTH_CERT, AUTH_CERT_KEY), and restart the connector, which registers it.',
    );
  if (from.getTime() > Date.now()) return fail(`The certificate ${own} is not valid yet: ${dates}`, 'Check this machine’s clock.');
  const known = await thumbprintsOf(run, reading?.info, signal);
  if (known === undefined)
    return warn(
      `The hub does not list its certificates. Ours is ${own}, ${dates}`,
      'Set CONNECTIONS_API_V2_KEY to query the tenant’s management API.',
    );
  if (!known.some((one) => one.replaceAll(':', '').toLowerCase() === own)) {
    const names = known.length === 0 ? 'none' : known.map((one) => one.slice(0, 64)).join(', ');
    return fail(
      `The hub knows ${names}, but ours is ${own}`,
      'Restart the connector, which registers it. If another connector of this connection uses another key, give all of them the same certs/.',
    );
  }
  const days = endsSoon(to);
  return days === undefined
    ? pass(`The hub knows it: ${own}, ${dates}`)
    : warn(`${own} expires in ${days} days`, 'Replace it before that, and restart the connector.');
}

const connectionsAnswer = z.array(
  z.object({ name: z.string(), options: z.object({ thumbprints: z.array(z.string()).nullish() }).nullish() }),
);

/** @returns undefined if the hub does not say. @throws CodedError if it cannot be asked */
async function thumbprintsOf(
  { config, outbound }: Run,
  info: TicketReading['info'] | undefined,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  if (info?.thumbprints?.length) return info.thumbprints;
  const { CONNECTIONS_API_V2_KEY: key, PROVISIONING_TICKET: ticket } = config.values;
  const name = info?.connectionName ?? config.values.CONNECTION;
  // An empty list means that the hub knows none; no list means that it does not say.
  if (key === undefined || ticket === undefined || name === undefined) return info?.thumbprints ?? undefined;
  const url = new URL('/api/v2/connections', ticket);
  url.search = new URLSearchParams({ strategy: 'ad', name }).toString();
  const answer = await outbound.request(url.href, { bearerToken: key, timeoutMs: TIMEOUT_MS, signal });
  if (answer.status !== 200)
    throw new Error(
      `the management API answered status ${answer.status}: CONNECTIONS_API_V2_KEY may have expired, or lacks read:connections`,
    );
  const connections = connectionsAnswer.safeParse(parseJson(answer.text));
  if (!connections.success) throw new Error('the management API did not answer with connections');
  return connections.data.find((connection) => connection.name === name)?.options?.thumbprints ?? [];
}
