/** `landbridge-hub admin list|invite|role|reset|remove|allow-passwords`. */
import { CodedError } from '@landbridge/runtime';
import type { Command } from 'commander';
import { type HubCommandContext, JSON_OPTION, minute } from './context.ts';
import { createGroup } from './group.ts';

export function adminCommand(context: HubCommandContext): Command {
  const { print, printList, note } = context;
  const administration = () => import('../administrators/administrators.ts');
  const printLink = (link: string, hours: number) => {
    note(`Open this link within ${hours} hours to choose a password and a second factor. It is a secret and not shown again.`);
    print(link);
  };
  const { group, add, addConfirmed } = createGroup(context, 'admin', 'manage administrators, who may use the dashboard');

  add('list', 'list the administrators', async ({ store }, { json }: { json?: true }) => {
    const { isReady } = await administration();
    const administrators = await Promise.all(
      (await store.administrators()).map(async (administrator) => {
        const { name, role, createdAt, lastSignInAt } = administrator;
        return { name, role, ready: await isReady(store, administrator), createdAt, lastSignInAt };
      }),
    );
    printList({
      json,
      name: 'administrators',
      items: administrators,
      headers: ['NAME', 'ROLE', 'STATE', 'SINCE', 'LAST SIGN-IN'],
      rows: administrators.map(({ name, role, ready, createdAt, lastSignInAt }) => [
        name,
        role,
        ready ? 'can sign in' : 'invited',
        minute(createdAt),
        minute(lastSignInAt),
      ]),
      empty: 'No administrators. To invite one: landbridge-hub admin invite NAME',
    });
  }).option(...JSON_OPTION);
  add(
    'invite',
    'create an administrator and print the link for their first sign-in',
    async (
      { operator, settings, publicUrl },
      name: string,
      { role, subject, ifMissing }: { role: string; subject?: string; ifMissing?: true },
    ) => {
      if (ifMissing && (await operator.store.administrators()).some((administrator) => administrator.name === name)) return;
      const { addProviderAdministrator, inviteAdministrator, roleOf, INVITATION_LIFETIME_HOURS } = await administration();
      if (subject !== undefined) {
        const { ADMIN_OIDC_ISSUER: issuer } = settings;
        if (issuer === undefined) throw new CodedError('PROVIDER_MISSING', '--subject requires ADMIN_OIDC_ISSUER');
        await addProviderAdministrator(operator, name, roleOf(role), { issuer, subject });
        note(`Administrator "${name}" can sign in at ${issuer}.`);
        return;
      }
      printLink(await inviteAdministrator(operator, await publicUrl(), name, roleOf(role)), INVITATION_LIFETIME_HOURS);
    },
  )
    .argument('<name>', 'such as an e-mail address')
    .option('--role <role>', 'owner, operator or read-only', 'owner')
    .option('--if-missing', 'do nothing and print nothing if it exists, for scripts')
    .option('--subject <sub>', 'their subject at ADMIN_OIDC_ISSUER: they sign in there, and need no link');
  add('role', 'change the role of an administrator and end their sessions', async ({ operator }, name: string, role: string) => {
    const { changeAdministratorRole, roleOf } = await administration();
    await changeAdministratorRole(operator, name, roleOf(role));
    note(`Administrator "${name}" now has the role ${role}.`);
  })
    .argument('<name>')
    .argument('<role>', 'owner, operator or read-only');
  addConfirmed(
    'reset',
    'remove password, second factors, binding to a provider and sessions, and print a link to set them up again',
    (name: string) => `Reset the administrator "${name}"? They are signed out and need the new link to sign in again.`,
    async ({ operator, publicUrl }, name) => {
      const { resetAdministrator, INVITATION_LIFETIME_HOURS } = await administration();
      printLink(await resetAdministrator(operator, await publicUrl(), name), INVITATION_LIFETIME_HOURS);
    },
  ).argument('<name>');
  addConfirmed(
    'remove',
    'remove an administrator and end their sessions',
    (name: string) => `Remove the administrator "${name}"?`,
    async ({ operator }, name) => {
      const { removeAdministrator } = await administration();
      await removeAdministrator(operator, name);
      note(`Administrator "${name}" removed.`);
    },
  ).argument('<name>');
  add(
    'allow-passwords',
    'allow passwords and passkeys although ADMIN_OIDC_REQUIRED is on',
    async ({ store, operator }, { hours }: { hours: string }) => {
      const { allowPasswords } = await administration();
      const until = await allowPasswords(operator, Number(hours));
      note(until > new Date() ? `Passwords and passkeys are allowed until ${until.toISOString()}.` : 'The provider is required again.');
      if ((await store.administrators()).length === 0) note('No administrators. To invite one: landbridge-hub admin invite NAME');
    },
  ).option('--hours <n>', 'for how long; 0: not any longer', '4');
  return group;
}
