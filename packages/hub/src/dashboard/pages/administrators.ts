/** Inviting, resetting and removing administrators of this hub. */
import { CodedError } from '@landbridge/runtime';
import { dot, field, type Message, table, time, tokenField } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import {
  DASHBOARD_PATH,
  findAdministrator,
  INVITATION_LIFETIME_HOURS,
  inviteAdministrator,
  isReady,
  removeAdministrator,
  resetAdministrator,
} from '../../administrators/administrators.ts';
import { dashboardConfirmation } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

export function administratorRoutes(context: DashboardContext): Hono<DashboardEnv> {
  const linkMessage = (text: string, link: string): Message => ({
    tone: 'good',
    text: `${text} Send them this link. It is a secret, expires in ${INVITATION_LIFETIME_HOURS} hours, and is shown only now.`,
    secrets: [{ label: 'Link', value: link }],
  });

  return new Hono<DashboardEnv>()
    .get('/administrators', async (c) => {
      const self = c.get('signedIn').administrator.id;
      const rows = await Promise.all(
        (await context.store.administrators()).map(async (administrator) => {
          const { id, name, createdAt, lastSignInAt } = administrator;
          const action = (path: string, label: string) =>
            html`<a href="${DASHBOARD_PATH}/administrators/${encodeURIComponent(name)}/${path}">${label}<span class="hidden"> ${name}</span></a>`;
          return [
            html`${name}${id === self ? html`<span class="sub">you</span>` : ''}`,
            (await isReady(context.store, administrator)) ? dot('on', 'Active') : dot('idle', 'Invited'),
            time(createdAt),
            time(lastSignInAt),
            id === self
              ? html`<a href="${DASHBOARD_PATH}/account">Your account</a>`
              : html`<span class="links">${action('reset', 'Reset')} ${action('remove', 'Remove')}</span>`,
          ];
        }),
      );
      const main = html`<h1>Administrators</h1>
<section>${table('Administrators', ['Name', 'State', 'Since', 'Last sign-in', ''], rows, 'No administrators.')}</section>
<section aria-labelledby="invite"><h2 id="invite">Invite an administrator</h2>
<p>Administrators have the same permissions as you. They set a password and a second factor with a one-time link.</p>
<form method="post" action="${DASHBOARD_PATH}/administrators">${tokenField(context.tokenOf(c))}
${field('name', 'Name', { maxlength: 64, hint: 'For example an e-mail address.' })}<button>Invite</button></form></section>`;
      return context.show(c, { title: 'Administrators', current: '/administrators', main });
    })
    .post('/administrators', async (c) => {
      const name = c.get('form').get('name')?.trim() ?? '';
      const link = await inviteAdministrator(context.operatorOf(c), context.publicUrl(), name);
      return context.redirect(c, '/administrators', linkMessage(`${name} invited.`, link));
    })
    .get('/administrators/:name/:action{reset|remove}', async (c) => {
      const { name } = await findAdministrator(context.store, c.req.param('name'));
      const isReset = c.req.param('action') === 'reset';
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: isReset ? `Reset ${name}?` : `Remove ${name}?`,
        text: isReset
          ? 'This removes their password and second factors and ends their sessions. You get a link for them to set up new ones.'
          : 'They can no longer sign in, and their sessions end immediately.',
        action: `/administrators/${encodeURIComponent(name)}/${c.req.param('action')}`,
        button: isReset ? 'Reset' : 'Remove',
        back: '/administrators',
      });
      return context.show(c, { title: 'Administrators', current: '/administrators', main });
    })
    .post('/administrators/:name/:action{reset|remove}', async (c) => {
      const { id, name } = await findAdministrator(context.store, c.req.param('name'));
      if (id === c.get('signedIn').administrator.id) {
        throw new CodedError('INVALID_REQUEST', 'You cannot reset or remove your own account: ask another administrator');
      }
      if (c.req.param('action') === 'reset') {
        const link = await resetAdministrator(context.operatorOf(c), context.publicUrl(), name);
        return context.redirect(c, '/administrators', linkMessage(`${name} reset.`, link));
      }
      await removeAdministrator(context.operatorOf(c), name);
      return context.redirect(c, '/administrators', { tone: 'good', text: `${name} removed.` });
    });
}
