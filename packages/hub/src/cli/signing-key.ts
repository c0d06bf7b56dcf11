/** `landbridge-hub signing-key list|rotate|retire`. */
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

export function signingKeyCommand({ withHome, print, note }: Surroundings): Command {
  const keys = () => Promise.all([import('../keys/rotation.ts'), import('./operator.ts')]);
  return new Command('signing-key')
    .description('signing keys: with these the hub signs what it asks of connectors')
    .addCommand(
      new Command('list').description('list the signing keys, the newest first').action(() =>
        withHome(async ({ store }) => {
          const [{ listSigningKeys }] = await keys();
          for (const { kid, algorithm, state, createdAt, signsFrom, retiresAt } of await listSigningKeys(store)) {
            const times = [`made ${createdAt.toISOString()}`, `signs from ${signsFrom.toISOString()}`];
            if (retiresAt !== undefined) times.push(`goes ${retiresAt.toISOString()}`);
            print([kid, algorithm, state, ...times].join('  '));
          }
        }),
      ),
    )
    .addCommand(
      new Command('rotate')
        .description('make new keys: published now, signing in 20 minutes; the old ones go after a grace')
        .option('--grace-hours <hours>', 'how long the old ones stay for connectors that read no JWKS document (default: 24)', Number)
        .action(({ graceHours }: { graceHours?: number }) =>
          withHome(async ({ store }) => {
            const [{ rotateSigningKeys }, { commandLineOperator }] = await keys();
            await rotateSigningKeys(commandLineOperator(store), graceHours);
            note('New keys are made. See "signing-key list".');
          }),
        ),
    )
    .addCommand(
      new Command('retire')
        .description('remove a key at once, for one that may be in strange hands; another signs from now on')
        .argument('<kid>', 'as in "signing-key list"')
        .action((kid: string) =>
          withHome(async ({ store }) => {
            const [{ retireSigningKey }, { commandLineOperator }] = await keys();
            await retireSigningKey(commandLineOperator(store), kid);
            note('The key is gone. A running hub takes it up within seconds; connectors that know no other have to come again.');
          }),
        ),
    );
}
