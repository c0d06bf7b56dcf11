/** The passphrase of an export, from a file, standard input or a terminal. Other users of the machine could read an argument. */
import { isCancel, password } from '@clack/prompts';
import { CodedError } from '@landbridge/runtime';
import { readSecret } from './setup-input.ts';

/**
 * @param file the value of `--passphrase-file`; `-` for standard input
 * @param isNew asks twice
 * @throws CodedError SETUP_INPUT, CANCELLED, PASSPHRASE_UNUSABLE if the two differ, PASSPHRASE_MISSING without a terminal
 */
export async function readPassphrase(file: string | undefined, { isNew }: { isNew: boolean }): Promise<string> {
  if (file !== undefined) return await readSecret('--passphrase-file', file);
  if (!process.stdin.isTTY) {
    throw new CodedError('PASSPHRASE_MISSING', 'No passphrase and no terminal to ask for it', {
      action: 'Use --passphrase-file.',
    });
  }
  const given = await ask(isNew ? 'Passphrase for the export (several words)' : 'Passphrase of the export');
  if (isNew && given !== (await ask('Repeat the passphrase'))) {
    throw new CodedError('PASSPHRASE_UNUSABLE', 'The two passphrases differ', { action: 'Try again.' });
  }
  return given;
}

async function ask(message: string): Promise<string> {
  const answer = await password({ message, output: process.stderr });
  if (isCancel(answer)) throw new CodedError('CANCELLED', 'Cancelled: nothing was written');
  return answer ?? '';
}
