/** The passphrase of an export: from a file or standard input, or asked for in a terminal; never an argument, which others could read. */
import { isCancel, password } from '@clack/prompts';
import { CodedError } from '@landbridge/runtime';
import { readSecret } from './setup-input.ts';

/**
 * @param file of `--passphrase-file`; `-` for standard input
 * @param isNew asks twice
 * @throws CodedError SETUP_INPUT, CANCELLED, PASSPHRASE_UNUSABLE where both differ, PASSPHRASE_MISSING where there is nobody to ask
 */
export async function readPassphrase(file: string | undefined, { isNew }: { isNew: boolean }): Promise<string> {
  if (file !== undefined) return await readSecret('--passphrase-file', file);
  if (!process.stdin.isTTY) {
    throw new CodedError('PASSPHRASE_MISSING', 'A passphrase is needed, and there is no terminal to ask for it', {
      action: 'Give it with --passphrase-file.',
    });
  }
  const given = await ask(isNew ? 'Passphrase for the export (several words)' : 'Passphrase of the export');
  if (isNew && given !== (await ask('Once more'))) {
    throw new CodedError('PASSPHRASE_UNUSABLE', 'The two passphrases differ', { action: 'Try again.' });
  }
  return given;
}

async function ask(message: string): Promise<string> {
  const answer = await password({ message, output: process.stderr });
  if (isCancel(answer)) throw new CodedError('CANCELLED', 'It was cancelled, and nothing was written');
  return answer ?? '';
}
