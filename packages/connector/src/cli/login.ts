/** `login`: one sign-in as a hub would ask for it, with each step and its time. The password is never an argument. */
import { text } from 'node:stream/consumers';
import { password as askPassword, isCancel } from '@clack/prompts';
import { UNEXPECTED_ERROR, WIRE_ERRORS } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { askDirectory } from './ask-directory.ts';
import type { CommandContext } from './program.ts';
import { block, printable } from './terminal-text.ts';

/**
 * @returns the exit code: 1 where the person is not signed in
 * @throws CodedError what keeps the connector from using its directory; CANCELLED
 */
export async function login(context: CommandContext, name: string): Promise<number> {
  const password = await readPassword(name);
  return askDirectory(context, async ({ users, directory }) => {
    const steps: { name: string; ms: number; outcome: string }[] = [];
    const start = performance.now();
    // Connecting is not part of a sign-in: `run` is connected before the first one comes.
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
      process.stdout.write(`Not signed in: ${message}${inner === undefined ? '' : `: ${JSON.stringify(inner)}`}\n`);
      return 1;
    }
    process.stdout.write(block('Profile', JSON.stringify(answer.profile, null, 2).split('\n')));
    process.stdout.write('Signed in.\n');
    return 0;
  });
}

async function readPassword(name: string): Promise<string> {
  // One line end belongs to the file or the pipe and not to the password.
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, '');
  const answer = await askPassword({ message: `Password of ${printable(name)}`, output: process.stderr });
  if (isCancel(answer)) throw new CodedError('CANCELLED', 'The sign-in was cancelled');
  return answer ?? '';
}
