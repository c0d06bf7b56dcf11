/** `landbridge-hub hub-key rotate|reset`. */
import { requireConfirmation, YES_OPTION } from '@landbridge/runtime';
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function hubKeyCommand({ withHome, withAnyKey, note }: HubCommandContext): Command {
  return new Command('hub-key')
    .description('replace the key outside the database (hub.key, HUB_KEY or the credential) while the hub is stopped')
    .addCommand(
      new Command('rotate')
        .description('encrypt all secrets in the database with a new key')
        .option('--new-key <file>', 'if the key is not a file in the home: a file with the new key, created if missing')
        .action(({ newKey }: { newKey?: string }) =>
          withHome(async (home) => {
            const { rotateHubKey } = await import('../operations/hub-key.ts');
            const kept = await rotateHubKey(home, newKey);
            note(
              kept === undefined
                ? `Replace ${home.key.origin} by the key in ${newKey} before you start the hub, and keep the old key with older backups.`
                : `Key replaced. The old key is in ${kept}. Existing backups need it: move it to where you keep them.`,
            );
          }),
        ),
    )
    .addCommand(
      new Command('reset')
        .description('for a lost key: remove the secrets that only it can decrypt, and continue with the current key')
        .option(...YES_OPTION)
        .action(({ yes }: { yes?: true }) =>
          withAnyKey(async ({ store, key }) => {
            if (!yes) {
              await requireConfirmation(
                'Remove all secrets that the lost key encrypted? Users sign in again, and administrators need new links. This cannot be undone.',
              );
            }
            const { replaceLostKey } = await import('../operations/hub-key.ts');
            await replaceLostKey(store, key);
            note('The database now uses this key. Older audit records can no longer be verified.');
            note('The next start creates new signing keys and a new identity of the hub. Users have to sign in again.');
            note('Connectors that pinned the identity need a new ticket; Auth0 connectors register again automatically.');
            note('Administrators have lost their passwords and authenticator apps: landbridge-hub admin invite NAME');
          }),
        ),
    );
}
