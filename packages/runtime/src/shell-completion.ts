/** Completion scripts for shells, made from the command line: commands, options, fixed choices, and the names of files and folders. */
import { Argument, Command } from 'commander';
import { allCommands, type CommandNode, commandTree, type OptionNode, type ValueNode } from './command-tree.ts';

const SCRIPTS = { bash, zsh, fish, powershell };

export type Shell = keyof typeof SCRIPTS;

const SHELLS = Object.keys(SCRIPTS).filter((name): name is Shell => name in SCRIPTS);

/** @returns `completion`, which prints the script for a shell */
export function completionCommand(program: Command): Command {
  return new Command('completion')
    .description('print a script that completes commands, options and file names in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
    });
}

export function completionScript(program: Command, shell: Shell): string {
  return SCRIPTS[shell](program.name(), commandTree(program));
}

const identifier = (name: string) => `_${name.replace(/\W/g, '_')}`;
const key = ({ path }: CommandNode) => path.join(' ');
/** Options of the program may follow any command. */
const optionsOf = (node: CommandNode, root: CommandNode) => [
  ...node.options,
  ...(node === root ? [] : root.options.filter(({ long }) => long !== '--help' && long !== '--version')),
];
const wordsOf = ({ long, short }: OptionNode) => (short === undefined ? [long] : [short, long]);
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Bash 4 and later. Descriptions are not shown. */
function bash(name: string, root: CommandNode): string {
  const commands = allCommands(root);
  const withValue = commands.flatMap((node) =>
    optionsOf(node, root).flatMap((option) =>
      option.value === undefined ? [] : wordsOf(option).map((word) => ({ at: quoted(`${key(node)}|${word}`), value: option.value })),
    ),
  );
  const replyOf = ({ kind, choices }: ValueNode) => {
    if (choices.length > 0) return `mapfile -t COMPREPLY < <(compgen -W ${quoted(choices.join(' '))} -- "$word")`;
    if (kind === 'text') return ':';
    return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen ${kind === 'folder' ? '-d' : '-f'} -- "$word")`;
  };
  const cases = commands.map((node) => {
    const [first] = node.arguments;
    const words = [...node.commands.map(({ path }) => path.at(-1) ?? ''), ...(first?.choices ?? [])];
    const options = optionsOf(node, root).flatMap(wordsOf);
    const files = first === undefined || first.kind === 'text' ? '' : ' files=1';
    return `    ${quoted(key(node))}) words=${quoted(words.join(' '))} options=${quoted(options.join(' '))}${files} ;;`;
  });
  return `# Completion of ${name} for bash 4 and later.
${identifier(name)}() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path='' next='' words='' options='' files='' skip='' at
  COMPREPLY=()
  # Bash makes --option=value three words.
  if [[ $word == '=' ]]; then word=''; fi
  if [[ \${COMP_WORDS[COMP_CWORD]} != '=' && $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    if [[ \${COMP_WORDS[at]} == '=' ]]; then skip=1; continue; fi
    if [[ -n $skip ]]; then skip=''; continue; fi
    next="\${path:+$path }\${COMP_WORDS[at]}"
    case $next in
      ${commands
        .slice(1)
        .map((node) => quoted(key(node)))
        .join('|')}) path=$next ;;
    esac
    case "$path|\${COMP_WORDS[at]}" in
      ${withValue.map(({ at }) => at).join('|')}) skip=1 ;;
    esac
  done
  case "$path|$previous" in
${withValue.map(({ at, value }) => `    ${at}) ${value === undefined ? ':' : replyOf(value)}; return ;;`).join('\n')}
  esac
  case $path in
${cases.join('\n')}
  esac
  if [[ $word == -* ]]; then words=$options; files=''; fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  if [[ -n $files ]]; then compopt -o filenames; mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$word"); fi
}
complete -F ${identifier(name)} ${name}
`;
}

function zsh(name: string, root: CommandNode): string {
  const functionOf = (node: CommandNode) => [identifier(name), ...node.path.map((part) => part.replace(/\W/g, '_'))].join('__');
  const text = (description: string) => description.replace(/[\\[\]:]/g, '\\$&');
  const valueText = ({ name, kind, choices }: ValueNode) => {
    const action = choices.length > 0 ? `(${choices.join(' ')})` : { file: '_files', folder: '_files -/', text: ' ' }[kind];
    return `:${text(name)}:${action}`;
  };
  const optionSpecs = (node: CommandNode) =>
    optionsOf(node, root).flatMap((option) =>
      wordsOf(option).map((word) =>
        quoted(`*${word}[${text(option.description)}]${option.value === undefined ? '' : valueText(option.value)}`),
      ),
    );
  const functions = allCommands(root).map((node) => {
    const name = functionOf(node);
    if (node.commands.length === 0) {
      const specs = [...optionSpecs(node), ...node.arguments.map((argument, index) => quoted(`${index + 1}${valueText(argument)}`))];
      return `${name}() {\n  _arguments \\\n    ${specs.join(' \\\n    ')}\n}`;
    }
    const described = node.commands.map(({ path, description }) => quoted(`${path.at(-1)}:${description.replaceAll(':', '\\:')}`));
    const branches = node.commands.map((each) => `        ${each.path.at(-1)}) ${functionOf(each)} ;;`);
    return `${name}() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C \\
    ${[...optionSpecs(node), quoted('1: :->command'), quoted('*:: :->rest')].join(' \\\n    ')}
  case $state in
    command)
      local -a commands=(
        ${described.join('\n        ')}
      )
      _describe -t commands command commands ;;
    rest)
      case $words[1] in
${branches.join('\n')}
      esac ;;
  esac
}`;
  });
  const main = functionOf(root);
  return `#compdef ${name}
# Completion of ${name} for zsh.
${functions.join('\n')}
if [[ $funcstack[1] == _${name} ]]; then ${main} "$@"; else compdef ${main} ${name}; fi
`;
}

function fish(name: string, root: CommandNode): string {
  const commands = allCommands(root);
  const at = `_${identifier(name)}_at`;
  const text = (description: string) => `'${description.replace(/[\\']/g, '\\$&')}'`;
  const withValue = commands.flatMap((node) =>
    optionsOf(node, root).flatMap((option) =>
      option.value === undefined ? [] : wordsOf(option).map((word) => text(`${key(node)}|${word}`)),
    ),
  );
  const lines = commands.flatMap((node) => {
    const head = `complete -c ${name} -n ${text(`${at} "${key(node)}"`)}`;
    const [first] = node.arguments;
    return [
      ...node.commands.map(({ path, description }) => `${head} -a ${path.at(-1)} -d ${text(description)}`),
      ...(first === undefined || first.choices.length === 0 ? [] : [`${head} -a ${text(first.choices.join(' '))}`]),
      ...(first === undefined || first.kind === 'text' ? [] : [`${head} -F`]),
      ...optionsOf(node, root).map(({ long, short, description, value }) => {
        const names = `-l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`;
        return `${head} ${names}${value === undefined ? '' : fishValue(value)} -d ${text(description)}`;
      }),
    ];
  });
  return `# Completion of ${name} for fish.
function ${at}
    set -l at ''
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
            continue
        end
        set -l next (string trim "$at $word")
        if contains -- $next ${commands
          .slice(1)
          .map((node) => text(key(node)))
          .join(' ')}
            set at $next
        end
        if contains -- "$at|$word" ${withValue.join(' ')}
            set skip 1
        end
    end
    test "$at" = "$argv[1]"
end
complete -c ${name} -f
${lines.join('\n')}
`;
}

function fishValue({ kind, choices }: ValueNode): string {
  if (choices.length > 0) return ` -x -a '${choices.join(' ')}'`;
  return { file: ' -r -F', folder: " -x -a '(__fish_complete_directories)'", text: ' -x' }[kind];
}

/** Without an answer, PowerShell completes file names. */
function powershell(name: string, root: CommandNode): string {
  const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
  const list = (values: readonly string[]) => `@(${values.map(text).join(', ')})`;
  const commands = allCommands(root);
  const words = commands.map((node) => {
    const names = [...node.commands.map(({ path }) => path.at(-1) ?? ''), ...(node.arguments[0]?.choices ?? [])];
    return `    ${text(key(node))} = ${list([...names, ...optionsOf(node, root).flatMap(wordsOf)])}`;
  });
  const values = commands.flatMap((node) =>
    optionsOf(node, root).flatMap((option) =>
      option.value === undefined
        ? []
        : wordsOf(option).map((word) => `    ${text(`${key(node)}|${word}`)} = ${list(option.value?.choices ?? [])}`),
    ),
  );
  return `# Completion of ${name} for PowerShell.
Register-ArgumentCompleter -Native -CommandName ${text(name)} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @{
${words.join('\n')}
  }
  $values = @{
${values.join('\n')}
  }
  $path = ''
  $option = $null
  foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
    if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
    $word = $element.ToString()
    if ($null -ne $option) { $option = $null; continue }
    $next = "$path $word".Trim()
    if ($words.ContainsKey($next)) { $path = $next }
    if ($values.ContainsKey("$path|$word")) { $option = "$path|$word" }
  }
  $candidates = if ($null -ne $option) { $values[$option] } else { $words[$path] }
  $candidates | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;
}
