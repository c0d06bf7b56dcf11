/** The connector's current state, and the problems in it. */
import type { X509Certificate } from 'node:crypto';
import { CLOCK_SKEW_TOLERANCE_MS } from '@landbridge/protocol';
import { ended } from '@landbridge/web';
import type { Config } from '../config/load.ts';
import { configWarnings } from '../config/warnings.ts';
import type { LinkStatus } from '../hub/link.ts';
import type { RequestAlarm } from '../hub/request-alarms.ts';
import type { DirectoryStatus } from '../ldap/directory.ts';
import { clockDifference } from '../network/hub-clock.ts';
import { createOutbound } from '../network/outbound.ts';
import { configuredCertificates, parseCertificate } from '../network/trust.ts';
import { loadCertificate } from '../setup/certificate.ts';
import { filterWarnings } from '../setup/problems-of-files.ts';
import { measureClockSkew } from '../setup/ticket.ts';
import type { ConsoleContext } from './page-context.ts';
import { browserCertificate } from './server-certificate.ts';

export interface CertificateFact {
  what: string;
  subject: string;
  from: Date;
  to: Date;
}

export interface StatusFacts {
  config: Config;
  hub: LinkStatus;
  alarms: RequestAlarm[];
  directory: DirectoryStatus;
  clock: { skewMs: number } | undefined;
  certificates: CertificateFact[];
  restartDue: string[];
}

export interface ConsoleProblem {
  text: string;
  action: string | undefined;
}

const DAY_MS = 86_400_000;
const EXPIRES_SOON_MS = 30 * DAY_MS;
/** The page refreshes every five seconds; the hub is asked less often. */
const CLOCK_FRESH_MS = 5 * 60_000;
const CLOCK_TIMEOUT_MS = 2000;

/** The last measurement, by context. */
const clocks = new WeakMap<ConsoleContext, { at: number; ticket: string; clock: { skewMs: number } | undefined }>();

export async function statusFacts(context: ConsoleContext): Promise<StatusFacts> {
  const connector = context.running();
  const config = connector.config();
  return {
    config,
    hub: connector.hub(),
    alarms: connector.alarms(),
    directory: connector.directory().status(),
    clock: await clockOf(context, config),
    certificates: await certificatesOf(config),
    restartDue: [...context.restartDue],
  };
}

export function problemsNow(
  { config, hub, alarms, directory, clock, certificates, restartDue }: StatusFacts,
  now = Date.now(),
): ConsoleProblem[] {
  const problems: ConsoleProblem[] = [];
  const add = (text: string, action?: string) => problems.push({ text: ended(text), action: action && ended(action) });
  if (hub.state === 'waiting')
    add(`The hub cannot be reached: ${hub.reason}`, 'The connector keeps trying. "Troubleshooting" shows where it fails.');
  if (hub.state === 'rejected') {
    add(
      hub.isRevoked ? 'A revoked key is refused permanently' : `The hub does not accept this connector: ${hub.reason}`,
      hub.isRevoked
        ? 'If it may enrol again, get a new ticket from the hub and replace the certificate.'
        : 'Check on the hub that the connection exists, and that this connector is neither revoked nor pending approval.',
    );
  }
  for (const { text, at } of alarms) {
    add(
      `The hub's requests look like an attack: ${text} (${at.toISOString()})`,
      'Check the hub\'s dashboard and audit log. If the hub may be compromised, stop this connector. "DENY_SIGN_IN" protects the accounts of administrators.',
    );
  }
  if (!directory.connected && !directory.connecting) {
    add(
      `The directory is unavailable: ${directory.error === undefined ? 'not connected' : directory.error.message}`,
      directory.error?.action ?? 'Users cannot sign in. "Troubleshooting" shows the cause.',
    );
  }
  for (const { url, error, inUse } of directory.servers) {
    if (error !== undefined && directory.connected && !inUse)
      add(`The directory server ${url} has a problem: ${error.message}`, 'The other servers take over.');
  }
  if (clock !== undefined && Math.abs(clock.skewMs) > CLOCK_SKEW_TOLERANCE_MS) {
    const limitMs = config.values.CLOCK_SKEW_LIMIT_SECONDS * 1000;
    const follows =
      Math.abs(clock.skewMs) > limitMs ? 'which is too much: users cannot sign in' : 'and is corrected for requests of the hub';
    add(`${clockDifference(clock.skewMs)}, ${follows}.`, 'Let NTP set it: Kerberos and certificates depend on this clock.');
  }
  for (const { what, subject, to } of certificates) {
    const leftMs = to.getTime() - now;
    if (leftMs < 0) add(`${what} (${subject}) has expired.`, 'Replace it.');
    else if (leftMs < EXPIRES_SOON_MS)
      add(`${what} (${subject}) expires in ${Math.floor(leftMs / DAY_MS)} days.`, 'Replace it before that.');
  }
  if (restartDue.length > 0)
    add(`Restart the connector: ${restartDue.join(', ')} ${restartDue.length === 1 ? 'takes' : 'take'} effect after a restart.`);
  for (const { message } of [...configWarnings(config), ...filterWarnings(config.values)]) add(message);
  return problems;
}

async function clockOf(context: ConsoleContext, { values }: Config): Promise<{ skewMs: number } | undefined> {
  const { PROVISIONING_TICKET: ticket } = values;
  if (ticket === undefined) return undefined;
  const known = clocks.get(context);
  if (known !== undefined && known.ticket === ticket && Date.now() - known.at < CLOCK_FRESH_MS) return known.clock;
  const clock = await measureClockSkew(createOutbound(values), ticket, AbortSignal.timeout(CLOCK_TIMEOUT_MS)).catch(() => undefined);
  clocks.set(context, { at: Date.now(), ticket, clock });
  return clock;
}

async function certificatesOf(config: Config): Promise<CertificateFact[]> {
  const own = loadCertificate(config)?.certificate;
  const browser = await browserCertificate(config).catch(() => undefined);
  const authorities = configuredCertificates(config.values).flatMap((pem) => parseCertificate(pem) ?? []);
  return [
    ...(own === undefined ? [] : [fact("The connector's certificate", own)]),
    ...(browser === undefined ? [] : [fact('The certificate for browsers', browser)]),
    ...authorities.map((certificate) => fact('A certificate authority', certificate)),
  ];
}

function fact(what: string, certificate: X509Certificate): CertificateFact {
  return {
    what,
    subject: certificate.subject.replaceAll('\n', ', '),
    from: new Date(certificate.validFrom),
    to: new Date(certificate.validTo),
  };
}
