/** The command line. Each command is a file, loaded when it runs, so that `run` does not load the prompts of `setup`. */
import { existsSync } from 'node:fs';
import { addExamples, CodedError, completionCommand, createCommandLine, homeFolder, serviceCommand } from '@landbridge/runtime';
import { type Command, Option } from 'commander';
import { isEnvironmentOnly } from '../config/environment-only.ts';
import type { Environment } from '../config/load.ts';
import { CONNECTOR_VERSION } from '../version.ts';
import type { CommandContext } from './context.ts';
import { CONNECTOR_EXAMPLES } from './examples.ts';
import { CONNECTOR_SERVICE } from './service-program.ts';

const EXAMPLES = `
Examples:
  landbridge-connector setup --home /etc/landbridge
  landbridge-connector setup --hub https://hub.example.com --home /etc/landbridge
  landbridge-connector config check --home /etc/landbridge
  landbridge-connector user jane.doe --home /etc/landbridge
  landbridge-connector run --home /etc/landbridge
  OVERRIDE_CONFIG=false PROVISIONING_TICKET=https://... LDAP_URL=ldaps://... landbridge-connector run

docs/configuration.md lists all settings.
Environment variables override config.json.`;

/** Some commands return their exit code. */
function exitWith(exitCode: number): void {
  process.exitCode = exitCode;
}

export function connectorCommandLine(environment: Environment): Command {
  const program = createCommandLine({
    name: 'landbridge-connector',
    description: 'Runs beside Active Directory or another LDAP directory and signs users in for a hub.',
    version: CONNECTOR_VERSION,
    homeFiles: 'config.json, certs/ and lib/',
    examples: EXAMPLES,
  });
  /** For commands that create the home. */
  const newContext = (): CommandContext => ({
    home: homeFolder('landbridge-connector', program.opts<{ home?: string }>().home, environment),
    environment,
  });
  const context = (): CommandContext => {
    const { home } = newContext();
    if (existsSync(home) || isEnvironmentOnly(environment)) return { home, environment };
    throw new CodedError('HOME_NOT_FOUND', `There is no connector in ${home}, which does not exist`, {
      action: `Name the connector's home with --home or LANDBRIDGE_HOME. To set up a connector there: landbridge-connector setup --home ${home}`,
    });
  };

  program
    .command('run')
    .description('run the connector until SIGTERM or SIGINT')
    .option('--stop-when-stdin-ends', 'also stop when standard input ends, for service managers without signals')
    .action(async (options) => (await import('./run.ts')).run(newContext(), options));

  program
    .command('setup')
    .description('set up ticket and directory: check both and save; asks for missing settings in a terminal')
    .option('--hub <url>', 'enrol without a ticket: show a code and wait until an administrator of this hub approves it')
    .option('--ticket-file <file>', 'file with the ticket URL; - for standard input')
    .option('--ldap-url <url>', 'directory server, such as ldaps://dc1.example.com')
    .option('--ldap-base <dn>', 'search base, such as DC=example,DC=com')
    .option('--bind-user <name>', 'service account that searches the directory')
    .option('--password-file <file>', 'file with its password; - for standard input')
    .option('--ca-file <file>', 'certificates of trusted CAs (PEM)')
    .option('--new-certificate', 'replace key and certificate, after the hub revoked the key; keeps the password and the old files')
    .option('--answers <file>', 'answer file with any settings, one NAME=value per line; - for standard input')
    .option('--import <path>', 'if nothing is set up yet, start from an export or the folder of an Auth0 connector; auto: an installed one')
    .option('--passphrase-file <file>', 'file with the passphrase of an encrypted export')
    .option('--yes', 'ask nothing, even in a terminal')
    .option('--save-anyway', 'save even if a check fails')
    .option('--json', 'print the result as JSON to standard output, and everything else to standard error')
    .option('--detailed-exitcode', 'exit with 3 if something was changed, and with 0 if nothing was')
    .addHelpText(
      'after',
      '\nSecrets are never arguments, because all users of this machine can read those.\nFlags override the environment, which overrides the answer file.\nExit codes: 0 success, 1 failure (nothing is changed), 2 usage error.\ndocs/unattended.md explains the answer file.',
    )
    .action(async (options) => exitWith(await (await import('./setup.ts')).setup(newContext(), options)));

  const config = program.command('config').description('check or show the configuration');
  config
    .command('check')
    .description('load settings, certificates, keys and mapper, and list all problems and warnings; exit code 1 for a problem')
    .action(async () => exitWith(await (await import('./config-check.ts')).configCheck(context())));
  config
    .command('show')
    .description('show every value that is set and its origin; secrets are masked')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('./config-show.ts')).configShow(context(), options));

  program
    .command('user')
    .description('find a user and show the entry, groups and profile')
    .argument('<name>', 'name as typed at sign-in')
    .action(async (name: string) => exitWith(await (await import('./user.ts')).user(context(), name)));

  program
    .command('login')
    .description('sign a user in and show each step; reads the password from the terminal or standard input')
    .argument('<name>', 'name as typed at sign-in')
    .action(async (name: string) => exitWith(await (await import('./login.ts')).login(context(), name)));

  program
    .command('troubleshoot')
    .description('check everything from hub to directory and suggest fixes; exit code 1 if a check fails')
    .option('--user <name>', 'also compare two ways to find the groups of this user')
    .option('--json', 'print JSON')
    .option('--export <file>', 'also write a zip file for support: results, logs, mapper, and settings without secrets')
    .option('--yes', 'do not ask')
    .action(async (options) => exitWith(await (await import('./troubleshoot.ts')).troubleshoot(context(), options)));

  program
    .command('update')
    .description('verify the newest package of the hub and install it; a version that is not online within two minutes is rolled back')
    .option('--from <folder>', 'a folder with packages, SHA256SUMS and SHA256SUMS.minisig, instead of the hub')
    .option('--allow-downgrade', 'accept an older version')
    .option('--restart <command>', 'restarts the connector; default: systemctl restart, with its service')
    .option('--trial-seconds <number>', 'how long the new version may take to be online', '120')
    .addOption(new Option('--trial <file>').hideHelp())
    .action(async (options) => exitWith(await (await import('./update.ts')).update(context(), options)));

  program
    .command('health')
    .description('exit with 0 if the running connector is ready, for health checks; needs HEALTH_PORT')
    .action(async () => (await import('./health.ts')).health(context()));

  program
    .command('console')
    .description('the administration pages that "run" serves on this machine')
    .command('link')
    .description('print a one-time link to set its password')
    .action(async () => (await import('./console.ts')).consoleLink(context()));

  program
    .command('export')
    .description('write settings, mapper and certificate to one file, encrypted with a passphrase')
    .argument('<file>', 'new file, such as connector.landbridge (or .zip with --plain)')
    .option('--plain', 'write an unencrypted zip file that the Auth0 AD/LDAP Connector can import; it contains the private key')
    .option('--passphrase-file <file>', 'file with the passphrase; - for standard input (default: ask in the terminal)')
    .action(async (file: string, options) => (await import('./export.ts')).exportTo(context(), file, options));

  program
    .command('import')
    .description('show what an export of this or an Auth0 AD/LDAP Connector would change, ask, and apply it')
    .argument('[file]', 'a .landbridge or zip file, or the folder of an installed Auth0 AD/LDAP Connector')
    .option('--yes', 'do not ask')
    .option('--anyway', 'apply even if the connector could not start afterwards')
    .option('--passphrase-file <file>', 'file with the passphrase of an encrypted export; - for standard input')
    .option('--undo', 'restore the files from before the last import')
    .action(async (file: string | undefined, options) =>
      exitWith(await (await import('./import.ts')).importFrom(newContext(), file, options)),
    );

  program.addCommand(serviceCommand(CONNECTOR_SERVICE, () => program.opts<{ home?: string }>().home));

  program.addCommand(completionCommand(program));
  addExamples(program, CONNECTOR_EXAMPLES);
  return program;
}
