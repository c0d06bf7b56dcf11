/** What both command lines share: help, options, error messages and exit codes (docs/errors.md lists them). */
import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { CodedError, errorText } from './coded-error.ts';
import { printableLines } from './printable.ts';
import { requireTlsVerification } from './tls-verification.ts';

const FAILURE = 1;
const USAGE_ERROR = 2;
/** With `--detailed-exitcode`: the command changed something. 0 then means that nothing had to change. */
export const EXIT_CHANGED = 3;

export interface CommandLineOptions {
  name: string;
  description: string;
  version: string;
  /** What the home folder contains. */
  homeFiles: string;
  /** Shown below the help of the program. */
  examples: string;
}

/** @returns a program without commands; `runCommandLine` runs it */
export function createCommandLine({ name, description, version, homeFiles, examples }: CommandLineOptions): Command {
  return new Command(name)
    .description(description)
    .version(version, '-V, --version', 'print the version')
    .option(
      '--home <folder>',
      `folder with ${homeFiles} (default: LANDBRIDGE_HOME, else the package's folder, or the current folder in a checkout)`,
    )
    .option('--no-color', 'print without colours, as with NO_COLOR')
    .on('option:no-color', () => {
      process.env.NO_COLOR = '1';
      delete process.env.FORCE_COLOR;
    })
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError(`Run "${name} --help" for usage.`)
    .addHelpText('after', examples)
    .exitOverride();
}

/**
 * Runs the command that `args` name, and prints its error. Sets the exit code of the process; a command that fails without an error sets it
 * itself.
 *
 * @param args without the name of the program
 * @param options.documentsUrl where a hub serves the documents, if it is known
 */
export async function runCommandLine(
  program: Command,
  args: readonly string[],
  { documentsUrl }: { documentsUrl?: string | undefined } = {},
): Promise<void> {
  // A reader such as `head` may end early. Without a listener, that would end a running connector or hub.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  requireTlsVerification();
  inheritSettings(program);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    // Commander has already printed its message, or the help or version that the user asked for.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
    else {
      process.exitCode = error instanceof CodedError && error.code === 'CONFIRMATION_REQUIRED' ? USAGE_ERROR : FAILURE;
      const [label, text] = [styleText('red', 'error:', { stream: process.stderr }), errorMessage(error, documentsUrl)];
      process.stderr.write(`${label} ${printableLines(text)}`);
    }
  }
}

/** Commander does this only for commands that it creates itself. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) inheritSettings(command.copyInheritedSettings(parent));
}

function errorMessage(error: unknown, documentsUrl: string | undefined): string {
  if (error instanceof CodedError) {
    const action = error.action === undefined ? '' : `       ${error.action}\n`;
    return `${errorText(error)} [${error.code}]\n${action}       Help: ${documentsUrl === undefined ? 'docs/errors.md' : `${documentsUrl}/errors`}\n`;
  }
  return `${errorText(error)}\n${error instanceof Error ? `${error.stack}\n` : ''}`;
}
