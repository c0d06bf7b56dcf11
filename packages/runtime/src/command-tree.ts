/** A command line as data, for completion scripts and man pages: commands, options, arguments and examples. */
import type { Command } from 'commander';

export interface CommandNode {
  /** The names of the commands from the program to this one, without the program. */
  path: readonly string[];
  description: string;
  options: readonly OptionNode[];
  arguments: readonly ValueNode[];
  examples: readonly string[];
  commands: readonly CommandNode[];
}

export interface OptionNode {
  /** Such as `-h, --help` or `--home <folder>`. */
  flags: string;
  long: string;
  short: string | undefined;
  description: string;
  value: ValueNode | undefined;
}

export interface ValueNode {
  name: string;
  description: string;
  isRequired: boolean;
  choices: readonly string[];
  kind: 'file' | 'folder' | 'text';
}

const EXAMPLES = new WeakMap<Command, readonly string[]>();

/**
 * Shows examples below the help of commands.
 *
 * @param examples by the names of a command, such as `config show`; what an example does may follow behind two blanks
 */
export function addExamples(program: Command, examples: Readonly<Record<string, readonly string[]>>): void {
  for (const [path, lines] of Object.entries(examples)) {
    const command = path.split(' ').reduce<Command | undefined>((at, name) => at?.commands.find((each) => each.name() === name), program);
    if (command === undefined) throw new Error(`There are examples of "${path}", which is no command`);
    EXAMPLES.set(command, lines);
    command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
}

export function commandTree(command: Command, path: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map((option) => ({
      flags: option.flags,
      long: option.long ?? '',
      short: option.short,
      description: option.description,
      value:
        option.required || option.optional
          ? valueNode(/[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '', option.description, option.required, option.argChoices)
          : undefined,
    })),
    arguments: command.registeredArguments.map((argument) =>
      valueNode(argument.name(), argument.description, argument.required, argument.argChoices),
    ),
    examples: EXAMPLES.get(command) ?? [],
    commands: help
      .visibleCommands(command)
      .filter((each) => each.name() !== 'help')
      .map((each) => commandTree(each, [...path, each.name()])),
  };
}

/** @returns the command and all below it */
export function allCommands(node: CommandNode): CommandNode[] {
  return [node, ...node.commands.flatMap(allCommands)];
}

function valueNode(name: string, description: string, isRequired: boolean, choices: readonly string[] | undefined): ValueNode {
  return { name, description, isRequired, choices: choices ?? [], kind: kindOf(name) };
}

function kindOf(name: string): ValueNode['kind'] {
  if (name === 'folder') return 'folder';
  return name === 'file' || name === 'path' ? 'file' : 'text';
}
