/** What `setup` checks before it saves: the ticket at the hub, and the directory with its service account. */
import { CLOCK_SKEW_TOLERANCE_MS } from '@landbridge/protocol';
import type { Config } from '../config/load.ts';
import { createOutbound } from '../network/outbound.ts';
import { inspectDirectory } from '../setup/inspect-directory.ts';
import { measureClockSkew, readHubTicket, type TicketReading } from '../setup/ticket.ts';
import { keyRevoked } from '../setup/ticket-answer.ts';
import { withDirectory } from './ask-directory.ts';

/** For one check; its steps have shorter timeouts of their own. */
const CHECK_TIMEOUT_MS = 30_000;

export type Say = (line: string) => void;

/** @returns the hub's answer; undefined without a ticket. @throws CodedError as `readHubTicket`, CONNECTOR_KEY_REVOKED */
export async function checkTicket(config: Config, say: Say): Promise<TicketReading | undefined> {
  const ticket = config.values.PROVISIONING_TICKET;
  if (ticket === undefined) return undefined;
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const outbound = createOutbound(config.values);
  const reading = await readHubTicket(outbound, config, ticket, signal);
  if (reading.enrolment?.state === 'revoked') throw keyRevoked();
  say(`ticket: connection ${reading.info.connectionName} at ${new URL(ticket).host}`);
  if (reading.enrolment?.state === 'pending') {
    say('warning: the ticket cannot enrol another connector, so an administrator of the hub must approve this one');
  }
  try {
    const { skewMs } = await measureClockSkew(outbound, ticket, signal);
    if (Math.abs(skewMs) > CLOCK_SKEW_TOLERANCE_MS)
      say(`warning: the clocks of this machine and the hub differ by ${Math.abs(skewMs / 1000).toFixed(1)} s`);
  } catch {
    // Not every hub reports its time.
  }
  return reading;
}

/** @throws as `inspectDirectory` */
export async function checkDirectoryAccess(config: Config, say: Say): Promise<void> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const found = await withDirectory(config, ({ directory }) => inspectDirectory(directory, config.values, signal));
  say(`directory: ${found.product}, users below ${found.searchBase}${found.encrypted ? '' : ' (not encrypted)'}`);
  for (const remark of found.remarks) say(`warning: ${remark}`);
}
