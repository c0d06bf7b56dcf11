/** `landbridge-hub admin list|invite|reset|remove`. */
import { Command } from 'commander';
import type { Surroundings } from './program.ts';

export function adminCommand({ withHome, print, note }: Surroundings): Command {
  const parts = () => Promise.all([import('../administrators/administrators.ts'), import('./operator.ts')]);
  const noteLink = (hours: number) =>
    note(`A secret that lives for ${hours} hours, shown only now: open it to choose a password and a second factor.`);

  return new Command('admin')
    .description('administrators: who may use the dashboard')
    .addCommand(
      new Command('list').description('list the administrators').action(() =>
        withHome(async ({ store }) => {
          const [{ isReady }] = await parts();
          const administrators = await store.administrators();
          if (administrators.length === 0) note('There are no administrators. Invite one: landbridge-hub admin invite NAME');
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
        .description('make an administrator and print the link with which they begin')
        .argument('<name>', 'such as an e-mail address')
        .action((name: string) =>
          withHome(async ({ store, publicUrl }) => {
            const [{ inviteAdministrator, INVITATION_LIFETIME_HOURS }, { commandLineOperator }] = await parts();
            const link = await inviteAdministrator(commandLineOperator(store), await publicUrl(), name);
            noteLink(INVITATION_LIFETIME_HOURS);
            print(link);
          }),
        ),
    )
    .addCommand(
      new Command('reset')
        .description('take password, second factors and sessions away, and print a link with which they begin anew')
        .argument('<name>')
        .action((name: string) =>
          withHome(async ({ store, publicUrl }) => {
            const [{ resetAdministrator, INVITATION_LIFETIME_HOURS }, { commandLineOperator }] = await parts();
            const link = await resetAdministrator(commandLineOperator(store), await publicUrl(), name);
            noteLink(INVITATION_LIFETIME_HOURS);
            print(link);
          }),
        ),
    )
    .addCommand(
      new Command('remove')
        .description('remove an administrator; their sessions end at once')
        .argument('<name>')
        .action((name: string) =>
          withHome(async ({ store }) => {
            const [{ removeAdministrator }, { commandLineOperator }] = await parts();
            await removeAdministrator(commandLineOperator(store), name);
            note(`The administrator "${name}" is removed.`);
          }),
        ),
    );
}
