/** `landbridge-hub admin list|invite|reset|remove`. */
import { Command } from 'commander';
import type { HubCommandContext } from './context.ts';

export function adminCommand({ withHome, print, note }: HubCommandContext): Command {
  const administration = () => import('../administrators/administrators.ts');
  const noteLink = (hours: number) =>
    note(`Open this link within ${hours} hours to choose a password and a second factor. It is a secret and not shown again.`);

  return new Command('admin')
    .description('manage administrators, who may use the dashboard')
    .addCommand(
      new Command('list').description('list the administrators').action(() =>
        withHome(async ({ store }) => {
          const { isReady } = await administration();
          const administrators = await store.administrators();
          if (administrators.length === 0) note('No administrators. To invite one: landbridge-hub admin invite NAME');
          for (const administrator of administrators) {
            const { name, createdAt, lastSignInAt } = administrator;
            const state = (await isReady(store, administrator)) ? 'can sign in' : 'invited';
            print(`${name}  ${state}  since ${createdAt.toISOString()}  last sign-in ${lastSignInAt?.toISOString() ?? 'never'}`);
          }
        }),
      ),
    )
    .addCommand(
      new Command('invite')
        .description('create an administrator and print the link for their first sign-in')
        .argument('<name>', 'such as an e-mail address')
        .action((name: string) =>
          withHome(async ({ operator, publicUrl }) => {
            const { inviteAdministrator, INVITATION_LIFETIME_HOURS } = await administration();
            const link = await inviteAdministrator(operator, await publicUrl(), name);
            noteLink(INVITATION_LIFETIME_HOURS);
            print(link);
          }),
        ),
    )
    .addCommand(
      new Command('reset')
        .description('remove password, second factors and sessions, and print a link to set them up again')
        .argument('<name>')
        .action((name: string) =>
          withHome(async ({ operator, publicUrl }) => {
            const { resetAdministrator, INVITATION_LIFETIME_HOURS } = await administration();
            const link = await resetAdministrator(operator, await publicUrl(), name);
            noteLink(INVITATION_LIFETIME_HOURS);
            print(link);
          }),
        ),
    )
    .addCommand(
      new Command('remove')
        .description('remove an administrator and end their sessions')
        .argument('<name>')
        .action((name: string) =>
          withHome(async ({ operator }) => {
            const { removeAdministrator } = await administration();
            await removeAdministrator(operator, name);
            note(`Administrator "${name}" removed.`);
          }),
        ),
    );
}
