/** The man page of a program, made from its command line. */
import type { Command } from 'commander';
import { allCommands, type CommandNode, commandTree, type OptionNode, type ValueNode } from './command-tree.ts';

const EXIT_CODES: Readonly<Record<number, string>> = {
  0: 'success; with --detailed-exitcode: nothing had to change',
  1: 'failure; also a failed check, an unknown user, or a program that is not ready',
  2: 'usage error, or a command that has to ask without a terminal and without --yes',
  3: 'only with --detailed-exitcode: something was changed',
};

/** @param page.settings the setting that names the home, and others that are read from the environment */
export function manPage(program: Command): string {
  const root = commandTree(program);
  const name = program.name();
  const commands = allCommands(root).filter(({ commands }) => commands.length === 0);
  return `.TH ${troff(name.toUpperCase())} 1 "" "${troff(`${name} ${program.version() ?? ''}`)}" "User Commands"
.SH NAME
${troff(name)} \\- ${troff(uncapitalized(root.description).replace(/\.$/, ''))}
.SH SYNOPSIS
.B ${troff(name)}
.RI [ option ...\\&]
.I command
.RI [ argument ...\\&]
.SH DESCRIPTION
${troff(root.description)}
.SH OPTIONS
${root.options.map(optionText).join('')}.SH COMMANDS
${commands.map((node) => commandText(name, node)).join('')}.SH EXIT STATUS
${Object.entries(EXIT_CODES)
  .map(([code, meaning]) => `.TP\n.B ${code}\n${troff(meaning)}\n`)
  .join('')}.SH ENVIRONMENT
.TP
.B LANDBRIDGE_HOME
${troff('the home folder, if --home is not given')}
.TP
.B NO_COLOR
${troff('if it is set, output has no colours')}
.TP
.B FORCE_COLOR
${troff('if it is set, output has colours, also in pipes')}
.PP
${troff('Settings can be given in the environment as well.')}
`;
}

function commandText(program: string, { path, description, options, arguments: values, examples }: CommandNode): string {
  const head = [program, ...path].join(' ');
  const usage = values.map(({ name, isRequired }) => ` ${isRequired ? '' : '['}\\fI${troff(name)}\\fR${isRequired ? '' : ']'}`).join('');
  const own = options.filter(({ long }) => long !== '--help');
  return `.SS "${troff(path.join(' '))}"
\\fB${troff(head)}\\fR${own.length > 0 ? ' [\\fIoption\\fR ...]' : ''}${usage}
.PP
${troff(description)}.
${values
  .filter((value) => value.description !== '' || value.choices.length > 0)
  .map(argumentText)
  .join('')}${own.map(optionText).join('')}${
  examples.length === 0 ? '' : `.PP\nExamples:\n.PP\n.nf\n.RS\n${examples.map((line) => `${troff(line)}\n`).join('')}.RE\n.fi\n`
}`;
}

function argumentText({ name, description, choices }: ValueNode): string {
  return `.TP\n.I ${troff(name)}\n${troff([description, choicesText(choices)].filter((part) => part !== '').join('; '))}\n`;
}

function optionText({ flags, description, value }: OptionNode): string {
  return `.TP\n.B ${troff(flags)}\n${troff([description, choicesText(value?.choices ?? [])].filter((part) => part !== '').join('; '))}\n`;
}

const choicesText = (choices: readonly string[]) => (choices.length === 0 ? '' : `one of ${choices.join(', ')}`);

/** Keeps hyphens, and lines from being requests. */
function troff(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq').replaceAll("'", '\\(aq').replace(/^\./gm, '\\&.');
}

function uncapitalized(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
