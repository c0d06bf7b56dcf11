/**
 * The command line: which commands there are, where the home is, and what is printed when one fails. Each command is a file of its own
 * and is loaded only when it runs: a connector starts without the questions of `setup`.
 */
import { resolve } from 'node:path';
import { CodedError, errorText } from '@landbridge/runtime';
import { Command, CommanderError } from 'commander';
import type { Environment } from '../config/load.ts';
import { CONNECTOR_VERSION } from '../version.ts';

/** What every command gets. */
export interface CommandContext {
  /** The folder of all files, absolute. */
  home: string;
  environment: Environment;
}

const EXAMPLES = `
Examples:
  $ landbridge-connector setup --home /etc/landbridge
  $ landbridge-connector config check --home /etc/landbridge
  $ landbridge-connector user jane.doe --home /etc/landbridge
  $ landbridge-connector run --home /etc/landbridge
  $ OVERRIDE_CONFIG=false PROVISIONING_TICKET=https://... LDAP_URL=ldaps://... landbridge-connector run

Every setting: docs/configuration.md. The environment comes before config.json.`;

/**
 * @param args without the program's own name
 * @returns the exit code: 1 where the command failed, 2 where the command line is wrong
 */
export async function runConnectorCommand(args: string[], environment: Environment): Promise<number> {
  try {
    let exitCode = 0;
    await createProgram(environment, (code) => {
      exitCode = code;
    }).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its message, or the help or version that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`error: ${errorText(error)}\n`);
    if (error instanceof CodedError) {
      if (error.action !== undefined) process.stderr.write(`       ${error.action}\n`);
    } else if (error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return 1;
  }
}

/** @param done told the exit code of the command that ran */
function createProgram(environment: Environment, done: (exitCode: number) => void): Command {
  const program = new Command('landbridge-connector')
    .description('Runs beside Active Directory or another LDAP directory, and signs people in for a hub.')
    .version(CONNECTOR_VERSION)
    .option('--home <folder>', 'where config.json, certs/ and lib/ are (or LANDBRIDGE_HOME, else the current folder)')
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .showSuggestionAfterError()
    .addHelpText('after', EXAMPLES);
  const context = (): CommandContext => ({
    home: resolve(program.opts<{ home?: string }>().home ?? environment.LANDBRIDGE_HOME ?? '.'),
    environment,
  });

  program
    .command('run')
    .description('connect to the hub and answer its requests until stopped')
    .action(async () => (await import('./run.ts')).run(context()));

  program
    .command('setup')
    .description('set ticket and directory, check both, save; asks in a terminal')
    .option('--ticket-file <file>', 'file with the ticket URL; - for standard input')
    .option('--ldap-url <url>', 'such as ldaps://dc1.example.com')
    .option('--ldap-base <dn>', 'such as DC=example,DC=com')
    .option('--bind-user <name>', 'the service account that searches')
    .option('--password-file <file>', 'file with its password; - for standard input')
    .option('--ca-file <file>', 'certificates of CAs to trust (PEM)')
    .option('--settings <file>', 'JSON file with further settings')
    .option('--save-anyway', 'save also where a check fails')
    .addHelpText(
      'after',
      '\nSecrets are never arguments: every user of this machine could read them. Settings of the environment are taken too.',
    )
    .action(async (options) => (await import('./setup.ts')).setup(context(), options));

  const config = program.command('config').description('check or show the configuration');
  config
    .command('check')
    .description('all problems and warnings at once; exit code 1 where the connector would not start')
    .action(async () => done(await (await import('./config-check.ts')).configCheck(context())));
  config
    .command('show')
    .description('every value that is set and where it comes from; secrets are masked')
    .option('--json', 'for machines')
    .action(async (options) => (await import('./config-show.ts')).configShow(context(), options));

  program
    .command('user')
    .description('find one person and show the entry, the groups and the profile')
    .argument('<name>', 'as it is typed at sign-in')
    .action(async (name: string) => done(await (await import('./user.ts')).user(context(), name)));

  program
    .command('login')
    .description('sign one person in, step by step; the password comes from the terminal or standard input')
    .argument('<name>', 'as it is typed at sign-in')
    .action(async (name: string) => done(await (await import('./login.ts')).login(context(), name)));

  program
    .command('troubleshoot')
    .description('check everything between the hub and the directory, and say what to do; exit code 1 where something fails')
    .option('--user <name>', 'also find the groups of this person, in two ways')
    .option('--json', 'for machines')
    .option('--export <file>', 'also write a zip for support: settings without secrets, mapper, logs, results')
    .option('--yes', 'write it without asking')
    .action(async (options) => done(await (await import('./troubleshoot.ts')).troubleshoot(context(), options)));

  program
    .command('console')
    .description('the pages for administrators, which run opens on this machine')
    .command('link')
    .description('print a one-time link with which to choose its password')
    .action(async () => (await import('./console.ts')).consoleLink(context()));

  program
    .command('export')
    .description('write settings, mapper and certificate to one file, encrypted with a passphrase')
    .argument('<file>', 'must not be there yet; encrypted ones are called .landbridge, others .zip')
    .option('--plain', 'a zip that is not encrypted, which installed connectors import; it holds the private key')
    .option('--passphrase-file <file>', 'file with the passphrase; - for standard input; asked for in a terminal otherwise')
    .action(async (file: string, options) => (await import('./export.ts')).exportTo(context(), file, options));

  program
    .command('import')
    .description('show what an export would change here (of this or an installed connector), ask, and apply it')
    .argument('[file]', 'a zip or a .landbridge file')
    .option('--yes', 'apply without asking')
    .option('--anyway', 'apply also what would keep the connector from working')
    .option('--passphrase-file <file>', 'file with the passphrase of an encrypted export; - for standard input')
    .option('--undo', 'go back to what was there before the last import')
    .action(async (file: string | undefined, options) => done(await (await import('./import.ts')).importFrom(context(), file, options)));

  return program;
}
