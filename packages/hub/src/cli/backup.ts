/** `landbridge-hub backup|restore`. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function backupCommand({ folder, print, note }: HubCommandContext): Command {
  return new Command('backup')
    .description('copy the database to a new file and check the copy; works while the hub runs')
    .argument('<file>', 'new file')
    .action(async (file: string) => {
      const { backupDatabase } = await import('../operations/backup.ts');
      const to = resolve(file);
      const { version } = await backupDatabase(await folder(), to);
      note(
        `Backup checked: ${statSync(to).size} bytes, schema version ${version}. It contains private keys: protect it like the hub itself.`,
      );
      print(to);
    });
}

export function restoreCommand({ folder, note }: HubCommandContext): Command {
  return new Command('restore')
    .description('replace the database with a backup while the hub is stopped; the old database is kept')
    .argument('<file>', 'a file from "landbridge-hub backup"')
    .action(async (file: string) => {
      const { restoreDatabase } = await import('../operations/backup.ts');
      const { keptAs } = await restoreDatabase(resolve(file), await folder());
      if (keptAs !== undefined) note(`The old database is ${keptAs}.`);
      note('Restored. Users and administrators have to sign in again.');
      note('Check API keys, tickets, connectors, clients and administrators: those revoked or deleted since the backup are valid again.');
    });
}
