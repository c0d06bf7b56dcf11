/** `landbridge-hub backup|restore`. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { requireConfirmation, YES_OPTION } from '@landbridge/runtime';
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function backupCommand({ closedHome, print, note }: HubCommandContext): Command {
  return new Command('backup')
    .description('copy the database to a new file and check the copy; works while the hub runs')
    .argument('<file>', 'new file')
    .action(async (file: string) => {
      const { backupDatabase } = await import('../operations/backup.ts');
      const to = resolve(file);
      const { folder, key } = await closedHome();
      const { version } = await backupDatabase(folder, to, key);
      note(
        `Backup checked: ${statSync(to).size} bytes, schema version ${version}. Its secrets are encrypted with the hub's key (${key.origin}), which is not part of the backup: keep a copy of the key elsewhere.`,
      );
      print(to);
    });
}

export function restoreCommand({ closedHome, note }: HubCommandContext): Command {
  return new Command('restore')
    .description('replace the database with a backup while the hub is stopped; the old database is kept')
    .argument('<file>', 'a file from "landbridge-hub backup"')
    .option('--new-key', 'the key of that hub (hub.key) is lost: remove the secrets that only it can decrypt, as "hub-key reset" does')
    .option(...YES_OPTION)
    .action(async (file: string, { yes, ...options }: { newKey?: boolean; yes?: true }) => {
      const { restoreDatabase } = await import('../operations/backup.ts');
      const backup = resolve(file);
      if (!yes) await requireConfirmation(`Replace the database by ${backup}? Everything that changed since that backup is lost from it.`);
      const { folder, key } = await closedHome(options.newKey === true ? undefined : backup);
      const { keptAs } = await restoreDatabase(backup, folder, { key, ...options });
      if (keptAs !== undefined) note(`The old database is ${keptAs}.`);
      note('Restored. Users and administrators have to sign in again.');
      note('Check API keys, tickets, connectors, clients and administrators: those revoked or deleted since the backup are valid again.');
    });
}
