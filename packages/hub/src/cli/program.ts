/** The command line: which commands there are, and how each one's errors reach the person who typed it. */
import { CodedError, errorText } from '@landbridge/runtime';
import { Command, CommanderError } from 'commander';
import type { HubHome } from '../home.ts';
import { HUB_VERSION } from '../version.ts';
import { adminCommand } from './admin.ts';
import { auditCommand } from './audit.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { clientCommand } from './client.ts';
import { connectionCommand } from './connection.ts';
import { connectorCommand } from './connector.ts';
import { keyCommand } from './key.ts';
import { runCommand } from './run.ts';
import { signingKeyCommand } from './signing-key.ts';
import { statusCommand } from './status.ts';
import { ticketCommand } from './ticket.ts';
import { tryCommand } from './try.ts';

/** What a command gets: a way to open the home folder that was asked for, and to print. */
export interface Surroundings {
  /** Opens home and store for as long as `use` takes. */
  withHome<T>(use: (home: HubHome) => Promise<T>): Promise<T>;
  /** The home folder, with nothing opened. */
  folder(): Promise<string>;
  /** To standard output: what a script would want, and lists. */
  print(line: string): void;
  /** To standard error: words around it, for people. */
  note(line: string): void;
}

/** @returns the exit code: 0, or 1 after one line on standard error */
export async function runHubCommand(args: readonly string[]): Promise<number> {
  const program = new Command('landbridge-hub')
    .description('Runs where the applications are and asks connectors to sign people in.')
    .version(HUB_VERSION, '-V, --version', 'print the version')
    .option('--home <dir>', 'folder with hub.json and hub.sqlite (default: LANDBRIDGE_HOME, else the current folder)')
    .helpOption('-h, --help', 'print help')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${text.trim()}. See landbridge-hub --help.\n`) })
    .addHelpText('after', EXAMPLES);
  const surroundings: Surroundings = {
    async withHome(use) {
      const { openHome } = await import('../home.ts');
      const home = openHome(program.opts<{ home?: string }>().home, process.env);
      try {
        return await use(home);
      } finally {
        await home.store.close();
      }
    },
    async folder() {
      const { homeFolder } = await import('../home.ts');
      return homeFolder(program.opts<{ home?: string }>().home, process.env);
    },
    print: (line) => console.log(line),
    note: (line) => console.error(line),
  };
  for (const make of [
    runCommand,
    connectionCommand,
    ticketCommand,
    connectorCommand,
    keyCommand,
    clientCommand,
    signingKeyCommand,
    tryCommand,
    adminCommand,
    auditCommand,
    statusCommand,
    backupCommand,
    restoreCommand,
  ]) {
    program.addCommand(make(surroundings));
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap((parent) => parent.commands)]) {
    command.copyInheritedSettings(program);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has already printed help, version or what was wrong with the arguments.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    const action = error instanceof CodedError && error.action !== undefined ? `. ${error.action}` : '';
    console.error(`${errorText(error)}${action}`);
    return 1;
  }
}

const EXAMPLES = `
Examples:
  landbridge-hub run --home /var/lib/landbridge-hub
  landbridge-hub connection create corp     makes a connection and prints the ticket for its connectors
  landbridge-hub key create billing         prints an API key for an application
  landbridge-hub client create billing --redirect-uri https://billing.example/callback
  landbridge-hub try corp                   prints a link to sign in on a page, for a test
  landbridge-hub backup /backup/hub-$(date +%F).sqlite
`;
