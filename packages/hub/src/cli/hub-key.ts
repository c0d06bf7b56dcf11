/** `landbridge-hub hub-key rotate|reset`. */
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function hubKeyCommand({ withHome, withAnyKey, note }: HubCommandContext): Command {
  return new Command('hub-key')
    .description('replace the key outside the database (hub.key, HUB_KEY or the credential) while the hub is stopped')
    .addCommand(
      new Command('rotate')
        .description('encrypt all secrets in the database with a new key')
        .option('--new-key <file>', 'if the key is not a file in the home: a file that has the new key, or gets it')
        .action(({ newKey }: { newKey?: string }) =>
          withHome(async (home) => {
            const { rotateHubKey } = await import('../operations/hub-key.ts');
            const kept = await rotateHubKey(home, newKey);
            note(
              kept === undefined
                ? `Put the key from ${newKey} in place of ${home.key.origin} before you start the hub, and keep the old one with older backups.`
                : `Key replaced. The old one is ${kept}: backups made until now need it. Move it to where they are, and delete it here.`,
            );
          }),
        ),
    )
    .addCommand(
      new Command('reset')
        .description('the key is lost: remove the secrets that only it can decrypt, and continue with the key that is now in place')
        .action(() =>
          withAnyKey(async ({ store, key }) => {
            const { replaceLostKey } = await import('../operations/hub-key.ts');
            await replaceLostKey(store, key);
            note('The database belongs to this key now. Older audit records can no longer be verified.');
            note('Signing keys and the identity of the hub are made again at the next start. Users have to sign in again.');
            note('Connectors that pinned the identity need a new ticket; Auth0 connectors register again by themselves.');
            note('Administrators have lost their passwords and authenticator apps: landbridge-hub admin invite NAME');
          }),
        ),
    );
}
