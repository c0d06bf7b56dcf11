/** Administrators of this hub: inviting, changing roles, resetting and removing. */
import { CodedError } from '@landbridge/runtime';
import { choiceField, dot, field, type Message, table, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import {
  addProviderAdministrator,
  changeAdministratorRole,
  DASHBOARD_PATH,
  findAdministrator,
  INVITATION_LIFETIME_HOURS,
  inviteAdministrator,
  isReady,
  removeAdministrator,
  resetAdministrator,
  roleOf,
} from '../../administrators/administrators.ts';
import { ADMINISTRATOR_ROLES, type Administrator, type AdministratorRole } from '../../store/administrators.ts';
import { dashboardConfirmation, NOT_REJECTED, rejectedBy, rejectionNotice } from '../elements.ts';
import { listOf } from '../lists.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

const ROLES: Record<AdministratorRole, string> = {
  owner: 'everything, including administrators and API keys',
  operator: 'connections, connectors, applications, signing keys',
  'read-only': 'sees everything but secrets, changes nothing',
};

/** The input of the invitation. */
interface Invited {
  name: string;
  role: AdministratorRole;
  subject: string;
}

const NOBODY_INVITED: Invited = { name: '', role: 'operator', subject: '' };
const LABELS = { name: 'Name', subject: 'Subject' };
/** Errors that show the form again. */
const INPUT_ERRORS = ['ADMINISTRATOR_NAME_INVALID', 'ADMINISTRATOR_EXISTS', 'SUBJECT_INVALID'];

const roleField = (role: AdministratorRole) => html`${choiceField(
  'role',
  'Role',
  ADMINISTRATOR_ROLES.map((value) => ({ value, label: value })),
  role,
)}
<ul class="hint">${ADMINISTRATOR_ROLES.map((value) => html`<li><strong>${value}</strong>: ${ROLES[value]}</li>`)}</ul>`;

export function administratorRoutes(context: DashboardContext): Hono<DashboardEnv> {
  const linkMessage = (text: string, link: string): Message => ({
    tone: 'good',
    text: `${text} Send them this link. It is a secret, expires in ${INVITATION_LIFETIME_HOURS} hours, and is shown only now.`,
    secrets: [{ label: 'Link', value: link }],
  });

  async function otherAdministrator(c: Context<DashboardEnv>, name: string): Promise<Administrator> {
    const found = await findAdministrator(context.store, name);
    if (found.id !== c.get('signedIn').administrator.id) return found;
    throw new CodedError('INVALID_REQUEST', 'You cannot change the role of your own account, or reset or remove it: ask another owner');
  }

  async function page(c: Context<DashboardEnv>, typed: Invited = NOBODY_INVITED, problem = NOT_REJECTED): Promise<Response> {
    const self = c.get('signedIn').administrator.id;
    const mayManage = context.may(c, 'POST /administrators');
    const list = listOf(c, await context.store.administrators(), {
      path: '/administrators',
      noun: 'administrators',
      idOf: ({ id }) => id,
      textsOf: ({ name, role }) => [name, role],
      sorts: {
        name: { label: 'Name', of: ({ name }) => name },
        since: { label: 'Since', of: ({ createdAt }) => createdAt.getTime(), newestFirst: true },
        seen: { label: 'Last sign-in', of: ({ lastSignInAt }) => lastSignInAt?.getTime() ?? 0, newestFirst: true },
      },
      filters: {
        role: {
          label: 'Role',
          choices: ADMINISTRATOR_ROLES.map((role) => [role, role] as const),
          matches: (administrator, role) => administrator.role === role,
        },
      },
    });
    const rows = await Promise.all(
      list.rows.map(async (administrator) => {
        const { id, name, role, roleFromClaims, issuer, createdAt, lastSignInAt } = administrator;
        const action = (path: string, label: string) =>
          html`<a href="${DASHBOARD_PATH}/administrators/${encodeURIComponent(name)}/${path}">${label}<span class="hidden"> ${name}</span></a>`;
        return [
          html`${name}${id === self ? html`<span class="sub">you</span>` : ''}${issuer === undefined ? '' : html`<span class="sub">at ${new URL(issuer).host}</span>`}`,
          (await isReady(context.store, administrator)) ? dot('on', 'Active') : dot('idle', 'Invited'),
          html`${role}${roleFromClaims ? html`<span class="sub">by the provider</span>` : ''}`,
          time(createdAt),
          time(lastSignInAt),
          id === self
            ? html`<a href="${DASHBOARD_PATH}/account">Your account</a>`
            : mayManage
              ? html`<span class="links">${roleFromClaims ? '' : html`${action('role', 'Role')} ${action('reset', 'Reset')}`} ${action('remove', 'Remove')}</span>`
              : '',
        ];
      }),
    );
    const main = html`<h1>Administrators</h1>
<section>${list.controls}${table('Administrators', [list.column('name'), 'State', 'Role', list.column('since'), list.column('seen'), ''], rows, list.emptyText('No administrators.'))}${list.pager}</section>
${
  mayManage
    ? html`<section aria-labelledby="invite"><h2 id="invite">Invite an administrator</h2>
<p>They set up their sign-in with a one-time link.</p>
<form method="post" action="${DASHBOARD_PATH}/administrators">${tokenField(context.tokenOf(c))}
${rejectionNotice(problem, LABELS)}
${field('name', 'Name', { value: typed.name, maxlength: 64, hint: 'For example an e-mail address.', problem: problem.fields.name ?? '' })}${roleField(typed.role)}
${context.provider === undefined ? '' : field('subject', `Subject at ${context.provider.host}`, { value: typed.subject, problem: problem.fields.subject ?? '', required: false, maxlength: 255, hint: 'Optional. With the subject (sub, not the e-mail address), they need no link. Without it, they can accept the link with the provider.' })}<button>Invite</button></form></section>`
    : html`<p class="quiet">Only owners can invite administrators and change roles.</p>`
}`;
    return context.show(c, { title: 'Administrators', current: '/administrators', main, status: problem.text === '' ? 200 : 400 });
  }

  return new Hono<DashboardEnv>()
    .get('/administrators', (c) => page(c))
    .post('/administrators', async (c) => {
      const form = c.get('form');
      const typed: Invited = {
        name: form.get('name')?.trim() ?? '',
        role: roleOf(form.get('role') ?? ''),
        subject: form.get('subject')?.trim() ?? '',
      };
      const { name, role, subject } = typed;
      try {
        if (context.provider !== undefined && subject !== '') {
          await addProviderAdministrator(context.operatorOf(c), name, role, { issuer: context.provider.issuer, subject });
          return context.redirect(c, '/administrators', { tone: 'good', text: `${name} can sign in with ${context.provider.host}.` });
        }
        const link = await inviteAdministrator(context.operatorOf(c), context.publicUrl(), name, role);
        return context.redirect(c, '/administrators', linkMessage(`${name} invited.`, link));
      } catch (error) {
        if (!(error instanceof CodedError) || !INPUT_ERRORS.includes(error.code)) throw error;
        return page(c, typed, rejectedBy(error));
      }
    })
    .get('/administrators/:name/role', async (c) => {
      const { name, role } = await findAdministrator(context.store, c.req.param('name'));
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: `Change the role of ${name}?`,
        text: 'This takes effect immediately and ends their sessions.',
        action: `/administrators/${encodeURIComponent(name)}/role`,
        button: 'Change role',
        back: '/administrators',
        danger: false,
        more: roleField(role),
      });
      return context.show(c, { title: 'Administrators', current: '/administrators', main });
    })
    .post('/administrators/:name/role', async (c) => {
      const { name } = await otherAdministrator(c, c.req.param('name'));
      const role = roleOf(c.get('form').get('role') ?? '');
      await changeAdministratorRole(context.operatorOf(c), name, role);
      return context.redirect(c, '/administrators', { tone: 'good', text: `${name} now has the role “${role}”.` });
    })
    .get('/administrators/:name/:action{reset|remove}', async (c) => {
      const { name } = await findAdministrator(context.store, c.req.param('name'));
      const isReset = c.req.param('action') === 'reset';
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: isReset ? `Reset ${name}?` : `Remove ${name}?`,
        text: isReset
          ? 'This removes their password, second factors and sign-in with a provider, and ends their sessions. You get a link for them to set up new ones.'
          : 'They can no longer sign in, and their sessions end immediately.',
        action: `/administrators/${encodeURIComponent(name)}/${c.req.param('action')}`,
        button: isReset ? 'Reset' : 'Remove',
        back: '/administrators',
      });
      return context.show(c, { title: 'Administrators', current: '/administrators', main });
    })
    .post('/administrators/:name/:action{reset|remove}', async (c) => {
      const { name } = await otherAdministrator(c, c.req.param('name'));
      if (c.req.param('action') === 'reset') {
        const link = await resetAdministrator(context.operatorOf(c), context.publicUrl(), name);
        return context.redirect(c, '/administrators', linkMessage(`${name} reset.`, link));
      }
      await removeAdministrator(context.operatorOf(c), name);
      return context.redirect(c, '/administrators', { tone: 'good', text: `${name} removed.` });
    });
}
