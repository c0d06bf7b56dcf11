/** `setup`: gathers ticket and directory, tries both, and saves; nothing is saved where a trial fails, unless told so. */
import { CLOCK_SKEW_TOLERANCE_MS, type TicketInfo } from '@landbridge/protocol';
import { CodedError, errorText } from '@landbridge/runtime';
import { openDirectoryParts } from '../agent/directory-parts.ts';
import { bindPassword } from '../config/credentials.ts';
import { assertRunnable, type Config, loadConfig, withChanges } from '../config/load.ts';
import { createOutbound, type Outbound } from '../network/outbound.ts';
import { loadCertificate } from '../setup/certificate.ts';
import { inspectDirectory } from '../setup/inspect-directory.ts';
import { saveSetup } from '../setup/save.ts';
import { fetchTicketInfo, measureClockSkew } from '../setup/ticket.ts';
import { openLog } from './open-log.ts';
import type { CommandContext } from './program.ts';
import { readSetupInput, type SetupOptions } from './setup-input.ts';

/** Both trials together; each has shorter time-outs of its own. */
const CHECK_TIMEOUT_MS = 30_000;

/** @throws CodedError what is missing, what failed, or why nothing could be saved */
export async function setup({ home, environment }: CommandContext, options: SetupOptions): Promise<void> {
  const before = loadConfig(home, environment);
  if (before.environmentOnly) {
    throw new CodedError('SETUP_ENVIRONMENT_ONLY', 'OVERRIDE_CONFIG=false: there is no file that setup could write', {
      action: 'Set everything in the environment, or take OVERRIDE_CONFIG out of it.',
    });
  }
  const given = await readSetupInput(options, environment);
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const answers = isTerminal ? await (await import('./setup-questions.ts')).askQuestions(before, given) : {};
  const changes = { ...given, ...answers };
  // What was just said comes before the environment, as it will when only the file is left.
  const config = withChanges(before, changes, withoutKeys(environment, changes));
  assertRunnable(config);

  const { info, failures } = await tryEverything(config);
  for (const failure of failures)
    say(`failed: ${errorText(failure)}${failure instanceof CodedError && failure.action ? `. ${failure.action}` : ''}`);
  if (failures.length > 0 && !options.saveAnyway) {
    throw new CodedError('SETUP_FAILED', 'Nothing was saved', {
      action: 'Correct what failed, or save it all the same with --save-anyway.',
    });
  }
  saveSetup(before, config, changes, info);
  say(`Saved ${config.home.configFile}. Start the connector: landbridge-connector run --home ${config.home.folder}`);
}

async function tryEverything(config: Config): Promise<{ info: TicketInfo | undefined; failures: unknown[] }> {
  const failures: unknown[] = [];
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  let info: TicketInfo | undefined;
  try {
    info = await tryTicket(config, createOutbound(config.values), signal);
  } catch (error) {
    failures.push(error);
  }
  try {
    await tryDirectory(config, signal);
  } catch (error) {
    failures.push(error);
  }
  return { info, failures };
}

async function tryTicket({ values }: Config, outbound: Outbound, signal: AbortSignal): Promise<TicketInfo | undefined> {
  const ticket = values.PROVISIONING_TICKET;
  if (ticket === undefined) return undefined;
  const info = await fetchTicketInfo(outbound, ticket, values, signal);
  say(`ticket: connection ${info.connectionName} at ${new URL(ticket).host}`);
  try {
    const { skewMs } = await measureClockSkew(outbound, ticket, signal);
    if (Math.abs(skewMs) > CLOCK_SKEW_TOLERANCE_MS)
      say(`warning: this machine's clock and the hub's are ${Math.abs(skewMs / 1000).toFixed(1)} s apart`);
  } catch {
    // A hub without a clock to compare with works all the same.
  }
  return info;
}

async function tryDirectory(config: Config, signal: AbortSignal): Promise<void> {
  const { values } = config;
  const password = bindPassword(config, loadCertificate(config)?.privateKeyPem);
  const { log, keepSecret } = openLog({ values: { ...values, LOG_LEVEL: 'error' } });
  keepSecret(password);
  const { directory, close } = await openDirectoryParts(config, password, log);
  try {
    const { product, searchBase, encrypted, remarks } = await inspectDirectory(directory, values, signal);
    say(`directory: ${product}, people below ${searchBase}${encrypted ? '' : ' (not encrypted)'}`);
    for (const remark of remarks) say(`warning: ${remark}`);
  } finally {
    await close();
  }
}

function withoutKeys(environment: CommandContext['environment'], keys: Readonly<Record<string, unknown>>): CommandContext['environment'] {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !Object.hasOwn(keys, name)));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
