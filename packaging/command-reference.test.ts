/** Completion scripts in real shells, man pages in real formatters, and examples, all made from the command lines. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connectorCommandLine } from '../packages/connector/src/cli/program.ts';
import { hubCommandLine } from '../packages/hub/src/cli/program.ts';
import { allCommands, commandTree, completionScript, manPage } from '../packages/runtime/src/index.ts';

const programs = [connectorCommandLine({}), hubCommandLine({})];
const folder = mkdtempSync(join(tmpdir(), 'landbridge-completion-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'certificates'));
writeFileSync(join(folder, 'connector.landbridge'), '');
writeFileSync(join(folder, 'name with blanks'), '');

for (const program of programs) {
  writeFileSync(join(folder, `${program.name()}.bash`), completionScript(program, 'bash'));
  writeFileSync(join(folder, `_${program.name()}`), completionScript(program, 'zsh'));
  writeFileSync(join(folder, `${program.name()}.fish`), completionScript(program, 'fish'));
}

function run(program: string, args: readonly string[], input?: string): string {
  const { stdout, stderr, status } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    input,
    timeout: 30_000,
    env: { ...process.env, HOME: folder },
  });
  assert.equal(status, 0, stdout + stderr);
  assert.equal(stderr, '');
  return stdout;
}

/** Each returns what the shell offers for the last word. */
const SHELLS = {
  bash(line: string): string[] {
    const [program = ''] = line.split(' ');
    const script = `. ./${program}.bash
compopt() { :; }
COMP_WORDS=(${line.replaceAll(/ $/g, " ''")})
COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
$(complete -p ${program} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "\${COMPREPLY[@]}"`;
    return run('bash', ['--norc', '-c', script]).split('\n');
  },
  fish(line: string): string[] {
    const [program = ''] = line.split(' ');
    const script = `source ./${program}.fish; complete -C '${line}'`;
    return run('fish', ['--no-config', '-c', script])
      .split('\n')
      .map((each) => each.split('\t')[0]?.replaceAll('\\ ', ' ') ?? '');
  },
  zsh(line: string): string[] {
    // A shell on a pseudo-terminal: completion works in its line editor only. The prompt says that the editor reads.
    const script = `zmodload zsh/zpty
export TERM=dumb
zpty shell zsh -f -i
zpty -w shell "PS2=''; autoload -U compinit; compinit -u -D; source ./_${line.split(' ')[0]}; LISTMAX=9999; setopt no_beep no_always_last_prompt; bindkey '^I' list-choices; stty cols 300 rows 200; PS1=REA''DY"
zpty -r -m shell seen '*READY*'
zpty -n -w shell $'${line}\\t\\C-Uprint EN''DED\\n'
zpty -r -m shell seen '*ENDED*'
print -r -- "$seen"
zpty -d shell`;
    return run('zsh', ['-f', '-c', script])
      .split(/\r?\n|\s{2,}|\s--\s/)
      .map((each) => each.trim());
  },
};

const CASES = [
  { line: 'landbridge-hub con', offers: ['connection', 'connector'], lacks: ['key'] },
  { line: 'landbridge-connector config ', offers: ['check', 'show'], lacks: ['run'] },
  { line: 'landbridge-hub --home /x key re', offers: ['revoke'], lacks: ['restore'] },
  { line: 'landbridge-connector config show --j', offers: ['--json'], lacks: ['--yes'] },
  { line: 'landbridge-hub key create --scope sign', offers: ['sign-in'], lacks: ['connection'] },
  { line: 'landbridge-hub connection set corp --kerberos ', offers: ['on', 'off'], lacks: ['connection.landbridge'] },
  { line: 'landbridge-connector completion ', offers: ['bash', 'zsh', 'fish', 'powershell'], lacks: ['run'] },
  { line: 'landbridge-connector import conn', offers: ['connector.landbridge'], lacks: ['config'] },
  { line: 'landbridge-connector run --home cert', offers: ['certificates'], lacks: ['connector.landbridge'] },
];

describe('completion', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    for (const { line, offers, lacks } of CASES) {
      it(`in ${shell} offers ${offers.join(' and ')} for "${line}"`, () => {
        const offered = SHELLS[shell](line).map((each) => each.replace(/\/$/, ''));
        for (const word of offers)
          assert.ok(
            offered.includes(word) || offered.some((each) => each.endsWith(`${line.trim().split(' ').at(-1)} ${word}`)),
            `${word} is not in: ${offered.join(' | ')}`,
          );
        for (const word of lacks) assert.ok(!offered.includes(word), `${word} is in: ${offered.join(' | ')}`);
      });
    }
  }

  it('for PowerShell has balanced brackets and quotation marks', () => {
    for (const program of programs) {
      const outside = completionScript(program, 'powershell')
        .replace(/#.*$/gm, '')
        .replace(/'(?:[^']|'')*'|"[^"]*"/g, '');
      assert.doesNotMatch(outside, /['"]/);
      for (const [open, close] of ['()', '{}', '[]'].map((pair) => pair.split(''))) {
        assert.equal(outside.split(open ?? '').length, outside.split(close ?? '').length);
      }
    }
  });
});

describe('the reference', () => {
  for (const program of programs) {
    it(`of ${program.name()} has examples of each command, which begin with the command`, () => {
      for (const { path, examples, commands } of allCommands(commandTree(program))) {
        if (commands.length > 0) continue;
        assert.ok(examples.length > 0, `${path.join(' ')} has no example`);
        for (const line of examples) assert.match(line, new RegExp(`^(sudo )?${program.name()} ${path.join(' ')}\\b`));
      }
    });

    it(`of ${program.name()} is a man page that groff formats without warnings, with each command`, () => {
      const page = run('groff', ['-man', '-Tutf8', '-ww', '-K', 'utf8', '-P-cbou'], manPage(program));
      for (const { path } of allCommands(commandTree(program))) if (path.length > 0) assert.ok(page.includes(path.join(' ')));
      for (const line of page.split('\n')) assert.ok(line.length <= 80 || /https?:|landbridge-/.test(line), line);
    });
  }
});
