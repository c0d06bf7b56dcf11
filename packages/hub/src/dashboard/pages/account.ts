/** The administrator's own account: password, second factors, recovery codes, sessions. Changing second factors needs recent authentication. */
import { CodedError } from '@landbridge/runtime';
import {
  alertOf,
  clientAddressOf,
  field,
  type Html,
  MIN_PASSWORD_LENGTH,
  problemOf,
  type SessionCookie,
  table,
  time,
  tokenField,
} from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { newTotpSecret, renewRecoveryCodes } from '../../administrators/one-time-codes.ts';
import { recordChange } from '../../operator.ts';
import { buttonForm, providerLink } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';
import { passkeyForm, totpSetUp } from './second-factor.ts';

export function accountRoutes(context: DashboardContext, cookie: SessionCookie): Hono<DashboardEnv> {
  const { proofs, store } = context;

  const changed = (c: Context<DashboardEnv>, action: string) =>
    recordChange(context.operatorOf(c), { action: `administrator.${action}`, subject: c.get('signedIn').administrator.name });
  /** An attacker with the old credentials may have opened these sessions. */
  const endOtherSessions = (c: Context<DashboardEnv>) =>
    store.removeSessions(c.get('signedIn').administrator.id, c.get('signedIn').session.id);

  function providerSection(c: Context<DashboardEnv>, token: string): Html | string {
    const { administrator } = c.get('signedIn');
    const { provider } = context;
    if (provider === undefined) return '';
    const isBound = administrator.issuer === provider.issuer;
    return html`<section aria-labelledby="provider"><h2 id="provider">Sign-in with ${provider.host}</h2>
<p>${!isBound ? 'Not set up.' : administrator.passwordHash === undefined ? 'You sign in there.' : 'You can sign in there instead of using a password.'}${administrator.roleFromClaims ? ' Your role follows your groups there.' : ''}</p>
${isBound ? '' : html`<div class="actions">${buttonForm(token, '/account/provider', `Sign in with ${provider.host}`)}</div>`}
${isBound && administrator.passwordHash !== undefined ? html`<div class="actions">${buttonForm(token, '/account/provider/remove', 'Remove')}</div>` : ''}</section>`;
  }

  async function page(c: Context<DashboardEnv>, problem = ''): Promise<Response> {
    const { administrator, session } = c.get('signedIn');
    const [passkeys, sessions, codes, options] = await Promise.all([
      store.passkeys(administrator.id),
      store.sessions(administrator.id),
      store.countRecoveryCodes(administrator.id),
      proofs.passkeys.creationOptions(administrator),
    ]);
    const token = session.formToken;
    const hasBoth = administrator.totpSecret !== undefined && passkeys.length > 0;
    const local = html`<section aria-labelledby="password"><h2 id="password">Password</h2>
${alertOf(problem === '' ? undefined : problem)}
<form method="post" action="${DASHBOARD_PATH}/account/password">${tokenField(token)}
${field('current', 'Current password', { type: 'password', autocomplete: 'current-password' })}
${field('new', 'New password', { type: 'password', autocomplete: 'new-password', hint: `At least ${MIN_PASSWORD_LENGTH} characters.` })}
${field('again', 'Repeat the new password', { type: 'password', autocomplete: 'new-password' })}
<button>Change password</button></form></section>
<section aria-labelledby="app"><h2 id="app">Authenticator app</h2>
<p>${administrator.totpSecret === undefined ? 'Not set up.' : 'Set up.'}</p>
<div class="actions">${buttonForm(token, '/account/totp/new', administrator.totpSecret === undefined ? 'Set up an app' : 'Replace the app')}
${hasBoth ? html`<a class="button plain" href="${DASHBOARD_PATH}/account/totp/remove">Remove app</a>` : ''}</div></section>
<section aria-labelledby="passkeys"><h2 id="passkeys">Passkeys</h2>
${table(
  'Passkeys',
  ['Name', 'Added', 'Last used', ''],
  passkeys.map(({ id, name, createdAt, lastUsedAt }) => [
    name,
    time(createdAt),
    time(lastUsedAt),
    passkeys.length > 1 || administrator.totpSecret !== undefined
      ? html`<a href="${DASHBOARD_PATH}/account/passkeys/${id}/remove">Remove<span class="hidden"> ${name}</span></a>`
      : '',
  ]),
  'No passkeys yet.',
)}
${passkeyForm({
  path: `${DASHBOARD_PATH}/account/passkeys`,
  token,
  options,
  kind: 'create',
  label: 'Add a passkey',
  visible: field('passkey', 'Name', { value: 'Passkey', maxlength: 60 }),
})}</section>
<section aria-labelledby="codes"><h2 id="codes">Recovery codes</h2><p>${codes} left. Each signs you in once instead of the second factor.</p>
${buttonForm(token, '/account/recovery-codes', 'Create new codes')}</section>`;
    const main = html`<h1>${administrator.name}</h1>
${administrator.passwordHash === undefined ? '' : local}
${providerSection(c, token)}
<section aria-labelledby="sessions"><h2 id="sessions">Sessions</h2>
${table(
  'Sessions',
  ['Browser', 'Address', 'Since', 'Last seen', ''],
  sessions
    .filter(({ stage }) => stage === 'full')
    .map(({ id, browser, remoteAddress, createdAt, lastSeenAt }) => [
      html`${browserName(browser)}${id === session.id ? html`<span class="sub">this session</span>` : ''}`,
      remoteAddress ?? '–',
      time(createdAt),
      time(lastSeenAt),
      id === session.id ? '' : buttonForm(token, `/account/sessions/${id}/end`, 'End', { kind: 'link', about: browserName(browser) }),
    ]),
  'No sessions.',
)}
<div class="actions">${buttonForm(token, '/account/sign-out-everywhere', 'Sign out everywhere')}</div></section>`;
    return context.show(c, { title: 'Your account', current: '/account', main, status: problem === '' ? 200 : 400 });
  }

  return new Hono<DashboardEnv>()
    .use('/account/:kind{totp|passkeys|recovery-codes}/*', async (c, next) => {
      if (c.get('signedIn').administrator.passwordHash !== undefined) return next();
      // Otherwise a passkey would still work after the provider has withdrawn access.
      throw new CodedError('INVALID_REQUEST', 'Your account has no password in this hub: you only sign in with the provider');
    })
    .post('/account/provider', async (c) => {
      const id = context.pending.add({ sessionId: c.get('signedIn').session.id, action: 'bind' });
      const main = html`<section class="narrow"><h1>Sign-in with ${context.provider?.host}</h1>
<p>Sign in with the account that you want to use from now on.</p>
${providerLink(context.provider, { pending: id }, 'Continue to')}</section>`;
      return context.show(c, { title: 'Sign-in with the provider', current: '/account', main });
    })
    .post('/account/provider/remove', async (c) => {
      const { administrator } = c.get('signedIn');
      if (administrator.passwordHash === undefined) throw lastFactor();
      await store.bindIdentity(administrator.id, undefined);
      await endOtherSessions(c);
      await changed(c, 'unbind');
      return context.redirect(c, '/account', { tone: 'good', text: 'Removed. You sign in with your password or passkey.' });
    })
    .get('/account', (c) => page(c))
    .post('/account/password', async (c) => {
      const { administrator } = c.get('signedIn');
      const form = c.get('form');
      if (form.get('new') !== form.get('again')) return page(c, 'The new passwords do not match.');
      let isWrong = false;
      const problem = await problemOf(['PASSWORD_INVALID', 'TOO_MANY_ATTEMPTS'], async () => {
        isWrong =
          undefined !==
          (await problemOf(['SIGN_IN_REFUSED'], () => proofs.passwordAgain(administrator, form.get('current') ?? '', clientAddressOf(c))));
        if (isWrong) return;
        await proofs.changePassword(administrator, form.get('new') ?? '', clientAddressOf(c));
      });
      if (isWrong || problem !== undefined) return page(c, problem ?? 'The current password is wrong.');
      await endOtherSessions(c);
      return context.redirect(c, '/account', { tone: 'good', text: 'Password changed. Your other sessions have ended.' });
    })
    .post('/account/totp/new', (c) => {
      const { administrator, session } = c.get('signedIn');
      const main = html`<section class="narrow"><h1>Authenticator app</h1>${totpSetUp({
        action: '/account/totp',
        token: session.formToken,
        secret: newTotpSecret(),
        name: administrator.name,
        publicUrl: context.publicUrl(),
      })}<p><a href="${DASHBOARD_PATH}/account">Cancel</a></p></section>`;
      return context.show(c, { title: 'Authenticator app', current: '/account', main });
    })
    .post('/account/totp', async (c) => {
      const form = c.get('form');
      await proofs.setTotp(c.get('signedIn').administrator, form.get('secret') ?? '', form.get('code') ?? '', clientAddressOf(c));
      await endOtherSessions(c);
      return context.redirect(c, '/account', { tone: 'good', text: 'Authenticator app set up. Your other sessions have ended.' });
    })
    .on('GET', ['/account/totp/remove', '/account/passkeys/:id/remove'], (c) => {
      const main = html`<section class="narrow"><h1>Remove this second factor?</h1><p>You can no longer sign in with it.</p>
<form method="post" action="${c.req.path}">${tokenField(context.tokenOf(c))}
<div class="actions"><button class="danger">Remove</button><a href="${DASHBOARD_PATH}/account">Cancel</a></div></form></section>`;
      return context.show(c, { title: 'Remove a second factor', current: '/account', main });
    })
    .post('/account/totp/remove', async (c) => {
      const { administrator } = c.get('signedIn');
      if ((await store.passkeys(administrator.id)).length === 0) throw lastFactor();
      await store.changeAdministrator(administrator.id, { totpSecret: undefined });
      await endOtherSessions(c);
      await changed(c, 'totp.remove');
      return context.redirect(c, '/account', { tone: 'good', text: 'Authenticator app removed.' });
    })
    .post('/account/passkeys', async (c) => {
      const form = c.get('form');
      await proofs.passkeys.add(c.get('signedIn').administrator, form.get('passkey') ?? '', form.get('credential') ?? '');
      await endOtherSessions(c);
      await changed(c, 'passkey.add');
      return context.redirect(c, '/account', { tone: 'good', text: 'Passkey added.' });
    })
    .post('/account/passkeys/:id/remove', async (c) => {
      const { administrator } = c.get('signedIn');
      const others = (await store.passkeys(administrator.id)).filter(({ id }) => id !== c.req.param('id'));
      if (others.length === 0 && administrator.totpSecret === undefined) throw lastFactor();
      await store.removePasskey(administrator.id, c.req.param('id'));
      await endOtherSessions(c);
      await changed(c, 'passkey.remove');
      return context.redirect(c, '/account', { tone: 'good', text: 'Passkey removed.' });
    })
    .post('/account/recovery-codes', async (c) => {
      const codes = await renewRecoveryCodes(store, c.get('signedIn').administrator.id);
      await endOtherSessions(c);
      await changed(c, 'recovery-codes.renew');
      const text = 'New recovery codes created. The previous ones no longer work. The new ones are shown only now.';
      return context.redirect(c, '/account', { tone: 'good', text, secrets: [{ label: 'Recovery codes', value: codes.join('\n') }] });
    })
    .post('/account/sessions/:id/end', async (c) => {
      await store.removeSession(c.get('signedIn').administrator.id, c.req.param('id'));
      await changed(c, 'session.end');
      return context.redirect(c, '/account', { tone: 'good', text: 'Session ended.' });
    })
    .on('POST', ['/account/sign-out-everywhere', '/sign-out'], async (c) => {
      const { administrator, session } = c.get('signedIn');
      if (c.req.path.endsWith('/sign-out')) await store.removeSession(administrator.id, session.id);
      else await store.removeSessions(administrator.id);
      await changed(c, 'sign-out');
      cookie.clear(c);
      return c.redirect(`${DASHBOARD_PATH}/sign-in`, 303);
    });
}

function lastFactor(): CodedError {
  return new CodedError('INVALID_REQUEST', 'This is your only way to sign in: add another one first');
}

/** In this order: most browsers name others as well. */
const BROWSERS = [
  [/Edg\/(\d+)/, 'Edge'],
  [/OPR\/(\d+)/, 'Opera'],
  [/Firefox\/(\d+)/, 'Firefox'],
  [/Chrome\/(\d+)/, 'Chrome'],
  [/Version\/(\d+).* Safari/, 'Safari'],
] as const;

/** For example `Firefox 140 on Linux`. */
function browserName(userAgent = ''): string {
  const system = /Windows|Android|iPhone|iPad|Mac OS X|Linux/.exec(userAgent)?.[0];
  for (const [pattern, name] of BROWSERS) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return `${name} ${version}${system === undefined ? '' : ` on ${system}`}`;
  }
  return 'Unknown browser';
}
