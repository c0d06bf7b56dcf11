/**
 * `setup`: collects ticket and directory, checks both, and saves what differs from `config.json`. If a check fails, it saves only with `--save-anyway`.
 * Without a terminal it asks nothing, and a second run with the same input changes nothing.
 */
import { CodedError, EXIT_CHANGED, errorText, printable } from '@landbridge/runtime';
import { assertRunnable, type Config, type Environment, loadConfig, withEntered, withFiles } from '../config/load.ts';
import { enrolByCode, type ShownCode } from '../setup/code-enrolment.ts';
import { passwordToKeep, withoutCertificate } from '../setup/new-certificate.ts';
import { problemText } from '../setup/problems-of-files.ts';
import { changesAgainst, saveSetup } from '../setup/save.ts';
import type { TicketReading } from '../setup/ticket.ts';
import { readImport } from '../transfer/import.ts';
import { findInstalledConnectors } from '../transfer/installed-connector.ts';
import { isSealed } from '../transfer/sealed-file.ts';
import { CONNECTOR_VERSION } from '../version.ts';
import type { CommandContext } from './context.ts';
import { readImportSource } from './import.ts';
import { openLog } from './open-log.ts';
import { readPassphrase } from './passphrase.ts';
import { checkDirectoryAccess, checkTicket, type Say } from './setup-checks.ts';
import { readSetupInput, type SetupInput, type SetupOptions } from './setup-input.ts';

/** What `--json` prints. */
interface SetupResult {
  changed: boolean;
  /** The names of the settings that were changed. */
  settings: string[];
  home: string;
  connection?: string | undefined;
}

/**
 * @returns the exit code
 * @throws CodedError if a setting is missing, a check fails or the file cannot be written
 */
export async function setup(context: CommandContext, options: SetupOptions): Promise<number> {
  const say: Say = (line) => (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  try {
    const result = await perform(context, options, say);
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return options.detailedExitcode && result.changed ? EXIT_CHANGED : 0;
  } catch (error) {
    if (options.json) {
      const code = error instanceof CodedError ? error.code : 'UNEXPECTED';
      process.stdout.write(`${JSON.stringify({ changed: false, failed: true, code, message: errorText(error) })}\n`);
    }
    throw error;
  }
}

async function perform({ home, environment }: CommandContext, options: SetupOptions, say: Say): Promise<SetupResult> {
  const stored = loadConfig(home, environment);
  if (stored.environmentOnly) {
    throw new CodedError(
      'SETUP_ENVIRONMENT_ONLY',
      'OVERRIDE_CONFIG=false: all settings come from the environment, so setup has no file to write',
      {
        action: 'Set everything in the environment, or remove OVERRIDE_CONFIG.',
      },
    );
  }
  const given = await readSetupInput(options, environment);
  if (options.newCertificate) keepPassword(stored, given);
  const before = options.newCertificate ? withoutCertificate(stored) : ((await importedInto(stored, given, environment, say)) ?? stored);
  const asks = process.stdin.isTTY && process.stdout.isTTY && !options.yes && !options.json;
  const known = {
    ...(options.newCertificate && { ...before.values, LDAP_BASE: '', PROVISIONING_TICKET: undefined }),
    ...given.settings,
    ...(given.hub !== undefined && { PROVISIONING_TICKET: '' }),
  };
  const answers = asks ? await (await import('./setup-questions.ts')).askQuestions(before, known) : {};
  const { hub = given.hub, ...entered } = withoutHub({ ...given.settings, ...answers });
  const pending = changesAgainst(before, entered);
  if (!asks && before === stored && hub === undefined && Object.keys(pending).length === 0) {
    assertRunnable(before);
    say(`Nothing to change in ${before.home.configFile}.`);
    return { changed: false, settings: [], home, connection: before.values.CONNECTION };
  }

  const enrolled = hub === undefined ? {} : await enrolAt(hub, withEntered(before, pending, environment), environment, say);
  const changes = { ...pending, ...enrolled };
  const current = hub === undefined ? before : loadConfig(home, environment);
  const config = withEntered(current, changes, environment);
  assertRunnable(config);
  const { reading, failures } = await checkEverything(config, say);
  for (const failure of failures) say(`failed: ${problemText(failure)}`);
  const lacksCertificate = options.newCertificate && hub === undefined && reading === undefined;
  if (failures.length > 0 && (lacksCertificate || !options.saveAnyway)) throw notSaved(hub, failures);
  saveSetup(current, config, changes, reading);
  const names = Object.keys(changes);
  say(`Saved ${config.home.configFile}${names.length === 0 ? '' : ` (${names.join(', ')})`}.`);
  say(
    `Start the connector: landbridge-connector run --home ${config.home.folder}. A connector that waits for its setup starts by itself; restart one that already uses other settings.`,
  );
  const isChanged = names.length > 0 || before !== stored;
  return { changed: isChanged, settings: names, home, connection: reading?.info.connectionName ?? config.values.CONNECTION };
}

/** The old key can still decrypt it. @throws CodedError SETUP_INPUT, CREDENTIALS_UNREADABLE */
function keepPassword(config: Config, given: SetupInput): void {
  if (given.importFrom !== undefined)
    throw new CodedError('SETUP_INPUT', 'An import and a new certificate cannot be combined', { action: 'Use one of them.' });
  if (given.settings.LDAP_BIND_PASSWORD !== undefined) return;
  const password = passwordToKeep(config);
  if (password !== undefined) given.settings.LDAP_BIND_PASSWORD = password;
}

function notSaved(hub: string | undefined, failures: readonly unknown[]): CodedError {
  const cause = failures[0];
  return hub === undefined
    ? new CodedError('SETUP_FAILED', 'Nothing was saved', { action: 'Fix what failed, or save anyway with --save-anyway.', cause })
    : new CodedError('SETUP_FAILED', 'The connector is enrolled, but nothing else was saved', {
        action: 'Fix what failed and run setup again without --hub, or save anyway with --save-anyway.',
        cause,
      });
}

/**
 * An import only fills a new home, so that a second run changes nothing.
 *
 * @returns the configuration with the imported files, of which none is written yet; undefined if there is nothing to import
 * @throws CodedError IMPORT_INPUT, and as `readImport` and `readPassphrase`
 */
async function importedInto(
  config: Config,
  { importFrom, passphraseFile, hub }: SetupInput,
  environment: Environment,
  say: Say,
): Promise<Config | undefined> {
  const path = importFrom === 'auto' ? findInstalledConnectors()[0] : importFrom;
  if (path === undefined || Object.keys(config.file).length > 0) return undefined;
  if (hub !== undefined)
    throw new CodedError('SETUP_INPUT', 'An import and the address of a hub cannot be combined', { action: 'Use one of them.' });
  const source = readImportSource(path);
  const passphrase = typeof source !== 'string' && isSealed(source) ? await readPassphrase(passphraseFile, { isNew: false }) : undefined;
  const { log } = openLog({ values: { ...config.values, LOG_LEVEL: 'error' } });
  const { files, summary } = await readImport({ source, passphrase, config, environment, log });
  say(`import: ${path}`);
  for (const warning of summary.warnings) say(`warning: ${printable(warning)}`);
  return withFiles(config, files, environment);
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
async function enrolAt(hub: string, config: Config, environment: Environment, say: Say): Promise<Record<string, unknown>> {
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

async function checkEverything(config: Config, say: Say): Promise<{ reading: TicketReading | undefined; failures: unknown[] }> {
  const failures: unknown[] = [];
  let reading: TicketReading | undefined;
  try {
    reading = await checkTicket(config, say);
  } catch (error) {
    failures.push(error);
  }
  try {
    await checkDirectoryAccess(config, say);
  } catch (error) {
    failures.push(error);
  }
  return { reading, failures };
}
