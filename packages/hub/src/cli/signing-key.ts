/** `landbridge-hub signing-key list|rotate|retire`. */
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function signingKeyCommand({ withHome, print, note }: HubCommandContext): Command {
  const rotation = () => import('../keys/rotation.ts');
  return new Command('signing-key')
    .description('manage the keys with which the hub signs requests to connectors')
    .addCommand(
      new Command('list').description('list the signing keys, newest first').action(() =>
        withHome(async ({ store }) => {
          const { listSigningKeys } = await rotation();
          for (const { kid, algorithm, state, createdAt, signsFrom, retiresAt } of await listSigningKeys(store)) {
            const times = [`created ${createdAt.toISOString()}`, `signs from ${signsFrom.toISOString()}`];
            if (retiresAt !== undefined) times.push(`retires ${retiresAt.toISOString()}`);
            print([kid, algorithm, state, ...times].join('  '));
          }
        }),
      ),
    )
    .addCommand(
      new Command('rotate')
        .description('create new keys: published now, used after 20 minutes; the old ones retire after a grace period')
        .option('--grace-hours <hours>', 'grace period for connectors that do not read the JWKS document (default: 24)', Number)
        .action(({ graceHours }: { graceHours?: number }) =>
          withHome(async ({ operator }) => {
            const { rotateSigningKeys } = await rotation();
            await rotateSigningKeys(operator, graceHours);
            note('New keys created: landbridge-hub signing-key list');
          }),
        ),
    )
    .addCommand(
      new Command('retire')
        .description('remove a compromised key at once; another one takes over')
        .argument('<kid>', 'ID from "signing-key list"')
        .action((kid: string) =>
          withHome(async ({ operator }) => {
            const { retireSigningKey } = await rotation();
            await retireSigningKey(operator, kid);
            note('Key removed. A running hub applies this within seconds; connectors that know no other key have to reconnect.');
          }),
        ),
    );
}
