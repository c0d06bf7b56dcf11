/** `login`: one sign-in as a hub would request it, with the duration of each step. */
import { text } from 'node:stream/consumers';
import { password as askPassword, isCancel } from '@clack/prompts';
import { UNEXPECTED_ERROR, WIRE_ERRORS } from '@landbridge/protocol';
import { CodedError, printable } from '@landbridge/runtime';
import { askDirectory } from './ask-directory.ts';
import type { CommandContext } from './context.ts';
import { block } from './terminal-text.ts';

/**
 * @returns the exit code: 1 if the sign-in fails
 * @throws CodedError CANCELLED; or if the directory cannot be used
 */
export async function login(context: CommandContext, name: string): Promise<number> {
  const password = await readPassword(name);
  return askDirectory(context, async ({ users, directory }) => {
    const steps: { name: string; ms: number; outcome: string }[] = [];
    const start = performance.now();
    // Not part of a sign-in: `run` connects before the first one.
    await directory.rootDse();
    steps.push({ name: 'connect', ms: performance.now() - start, outcome: directory.status().product ?? '' });
    const answer = await users.authenticate(
      { pid: 'login', username: name, password, escaped: false },
      { correlationId: 'login', signal: new AbortController().signal, onStep: (step) => steps.push(step) },
    );
    process.stdout.write(
      block(
        'Steps',
        steps.map((step) => `${step.name.padEnd(8)} ${step.ms.toFixed(1).padStart(8)} ms  ${printable(step.outcome)}`),
      ),
    );
    if ('failure' in answer) {
      const { wireName, inner } = answer.failure;
      const message = wireName === undefined ? UNEXPECTED_ERROR : WIRE_ERRORS[wireName].message;
      process.stdout.write(`Sign-in failed: ${message}${inner === undefined ? '' : `: ${JSON.stringify(inner)}`}\n`);
      return 1;
    }
    process.stdout.write(block('Profile', JSON.stringify(answer.profile, null, 2).split('\n')));
    process.stdout.write('Signed in.\n');
    return 0;
  });
}

async function readPassword(name: string): Promise<string> {
  // A line end at the end is not part of the password.
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, '');
  const answer = await askPassword({ message: `Password of ${printable(name)}`, output: process.stderr });
  if (isCancel(answer)) throw new CodedError('CANCELLED', 'Sign-in cancelled');
  return answer ?? '';
}
