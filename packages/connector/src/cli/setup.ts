/** `setup`: collects ticket and directory, checks both, and saves. If a check fails, it saves only with `--save-anyway`. */
import { CLOCK_SKEW_TOLERANCE_MS } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { assertRunnable, type Config, type Environment, loadConfig, withEntered } from '../config/load.ts';
import { createOutbound, type Outbound } from '../network/outbound.ts';
import { enrolByCode, type ShownCode } from '../setup/code-enrolment.ts';
import { inspectDirectory } from '../setup/inspect-directory.ts';
import { problemText } from '../setup/problems-of-files.ts';
import { keyRevoked } from '../setup/provision.ts';
import { saveSetup } from '../setup/save.ts';
import { measureClockSkew, readHubTicket, type TicketReading } from '../setup/ticket.ts';
import { CONNECTOR_VERSION } from '../version.ts';
import { withDirectory } from './ask-directory.ts';
import type { CommandContext } from './context.ts';
import { readSetupInput, type SetupOptions } from './setup-input.ts';

/** For both checks together; each has shorter timeouts of its own. */
const CHECK_TIMEOUT_MS = 30_000;

/** @throws CodedError if a setting is missing, a check fails or the file cannot be written */
export async function setup({ home, environment }: CommandContext, options: SetupOptions): Promise<void> {
  const before = loadConfig(home, environment);
  if (before.environmentOnly) {
    throw new CodedError(
      'SETUP_ENVIRONMENT_ONLY',
      'OVERRIDE_CONFIG=false: all settings come from the environment, so setup has no file to write',
      {
        action: 'Set everything in the environment, or remove OVERRIDE_CONFIG.',
      },
    );
  }
  const given = await readSetupInput(options, environment);
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const known = options.hub === undefined ? given : { ...given, PROVISIONING_TICKET: '' };
  const answers = isTerminal ? await (await import('./setup-questions.ts')).askQuestions(before, known) : {};
  const { hub = options.hub, ...entered } = withoutHub({ ...given, ...answers });
  const enrolled = hub === undefined ? {} : await enrolAt(hub, withEntered(before, entered, environment), environment);
  const changes = { ...entered, ...enrolled };
  const current = hub === undefined ? before : loadConfig(home, environment);
  const config = withEntered(current, changes, environment);
  assertRunnable(config);

  const { reading, failures } = await checkEverything(config);
  for (const failure of failures) say(`failed: ${problemText(failure)}`);
  if (failures.length > 0 && !options.saveAnyway) {
    throw hub === undefined
      ? new CodedError('SETUP_FAILED', 'Nothing was saved', { action: 'Fix what failed, or save anyway with --save-anyway.' })
      : new CodedError('SETUP_FAILED', 'The connector is enrolled, but nothing else was saved', {
          action: 'Fix what failed and run setup again without --hub, or save anyway with --save-anyway.',
        });
  }
  saveSetup(current, config, changes, reading);
  say(`Saved ${config.home.configFile}. Start the connector: landbridge-connector run --home ${config.home.folder}`);
}

/** At the prompt, users may enter the address of a hub instead of a ticket. */
function withoutHub(entered: Record<string, unknown>): Record<string, unknown> & { hub?: string } {
  const { PROVISIONING_TICKET: ticket, ...others } = entered;
  return typeof ticket === 'string' && URL.canParse(ticket) && new URL(ticket).pathname === '/' ? { ...others, hub: ticket } : entered;
}

/**
 * @returns the settings that setup would otherwise ask for: the ticket
 * @throws CodedError as `enrolByCode`; CONFIG_INVALID if anything else is missing, before anyone has to wait
 */
async function enrolAt(hub: string, config: Config, environment: Environment): Promise<Record<string, unknown>> {
  assertRunnable({ ...config, problems: config.problems.filter(({ name }) => name !== 'PROVISIONING_TICKET') });
  const stop = new AbortController();
  const cancel = () => stop.abort();
  process.once('SIGINT', cancel);
  process.once('SIGTERM', cancel);
  try {
    const show = (shown: ShownCode) => {
      say(`open:    ${shown.page}`);
      say(`code:    ${shown.code}`);
      say(`compare: ${shown.comparison}`);
      say(`key:     ${shown.keyFingerprint} (SHA-256)`);
      say(`Or open ${shown.link}`);
      say(
        `An administrator of the hub enters the code there, and approves the connector only if the hub shows the same comparison code. If the codes differ, a proxy is intercepting the connection: deny. Waiting until ${shown.expiresAt.toISOString()}...`,
      );
    };
    const ticket = await enrolByCode(config, environment, { hub, agentVersion: CONNECTOR_VERSION, show, signal: stop.signal });
    say(`Enrolled at ${new URL(ticket).host}.`);
    return { PROVISIONING_TICKET: ticket };
  } finally {
    process.removeListener('SIGINT', cancel);
    process.removeListener('SIGTERM', cancel);
  }
}

async function checkEverything(config: Config): Promise<{ reading: TicketReading | undefined; failures: unknown[] }> {
  const failures: unknown[] = [];
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  let reading: TicketReading | undefined;
  try {
    reading = await checkTicket(config, createOutbound(config.values), signal);
  } catch (error) {
    failures.push(error);
  }
  try {
    await checkDirectoryAccess(config, signal);
  } catch (error) {
    failures.push(error);
  }
  return { reading, failures };
}

async function checkTicket(config: Config, outbound: Outbound, signal: AbortSignal): Promise<TicketReading | undefined> {
  const ticket = config.values.PROVISIONING_TICKET;
  if (ticket === undefined) return undefined;
  const reading = await readHubTicket(outbound, config, ticket, signal);
  say(`ticket: connection ${reading.info.connectionName} at ${new URL(ticket).host}`);
  if (reading.enrolment?.state === 'pending') {
    say('warning: the ticket cannot enrol another connector, so an administrator of the hub must approve this one');
  }
  if (reading.enrolment?.state === 'revoked') throw keyRevoked();
  try {
    const { skewMs } = await measureClockSkew(outbound, ticket, signal);
    if (Math.abs(skewMs) > CLOCK_SKEW_TOLERANCE_MS)
      say(`warning: the clocks of this machine and the hub differ by ${Math.abs(skewMs / 1000).toFixed(1)} s`);
  } catch {
    // Not every hub reports its time.
  }
  return reading;
}

async function checkDirectoryAccess(config: Config, signal: AbortSignal): Promise<void> {
  const found = await withDirectory(config, ({ directory }) => inspectDirectory(directory, config.values, signal));
  say(`directory: ${found.product}, users below ${found.searchBase}${found.encrypted ? '' : ' (not encrypted)'}`);
  for (const remark of found.remarks) say(`warning: ${remark}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
