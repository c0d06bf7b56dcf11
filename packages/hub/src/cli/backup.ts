/** `landbridge-hub backup|restore`: a copy of the database, and a copy in its place. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

export function backupCommand({ folder, print, note }: Surroundings): Command {
  return new Command('backup')
    .description('copy the database to a new file, also while the hub runs, and check the copy')
    .argument('<file>', 'must not be there yet')
    .action(async (file: string) => {
      const { backupDatabase } = await import('../operations/backup.ts');
      const to = resolve(file);
      const { version } = await backupDatabase(await folder(), to);
      note(`Checked: ${statSync(to).size} bytes, schema version ${version}. It holds private keys: keep it as safe as the hub itself.`);
      print(to);
    });
}

export function restoreCommand({ folder, note }: Surroundings): Command {
  return new Command('restore')
    .description('put a backup in the place of the database, while the hub does not run; what was there is kept beside it')
    .argument('<file>', 'of "landbridge-hub backup"')
    .action(async (file: string) => {
      const { restoreDatabase } = await import('../operations/backup.ts');
      const { keptAs } = await restoreDatabase(resolve(file), await folder());
      if (keptAs !== undefined) note(`What was there before is in ${keptAs}.`);
      note('Restored. People and administrators sign in anew.');
      note(
        'What was revoked or deleted since the backup is back: API keys, tickets, connectors, clients, administrators. Look through them.',
      );
    });
}
