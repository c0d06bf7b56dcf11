/** Signing in to the dashboard: password and second factor, or a passkey. An invitation leads to setting up both. */
import {
  alertOf,
  clientAddressOf,
  field,
  type Html,
  isFromOwnPage,
  MIN_PASSWORD_LENGTH,
  problemOf,
  readForm,
  type SessionCookie,
  sameText,
  tokenField,
} from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { newTotpSecret } from '../../administrators/one-time-codes.ts';
import type { SignedIn } from '../../administrators/sessions.ts';
import type { AdministratorSession, SessionStage } from '../../store/administrators.ts';
import { PROVIDER_ONLY, providerLink } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';
import { openSession, safeNext } from './open-session.ts';
import { passkeyForm, totpSetUp } from './second-factor.ts';

const MAX_FORM_BYTES = 256 * 1024;
/** Shown with the form again. */
const ANSWERED = [
  'SIGN_IN_REFUSED',
  'CODE_REFUSED',
  'PASSKEY_REFUSED',
  'TOO_MANY_ATTEMPTS',
  'ADMINISTRATORS_BUSY',
  'PASSWORD_INVALID',
  'PROVIDER_REQUIRED',
];
const FORGED = 'The form did not come from this page. Try again.';

export function dashboardSignInRoutes(context: DashboardContext, cookie: SessionCookie): Hono<DashboardEnv> {
  const { proofs, sessions } = context;

  const show = (c: Context, title: string, main: Html, problem: string | undefined) =>
    context.showNarrow(c, title, main, problem === undefined ? 200 : 400);

  const open = (c: Context<DashboardEnv>, administrator: SignedIn['administrator'], stage: SessionStage, before?: AdministratorSession) =>
    openSession(context, cookie, c, administrator, stage, undefined, before);

  /** @returns undefined for a form that is not from this browser and this page */
  async function readOwnForm(c: Context<DashboardEnv>, token: string): Promise<URLSearchParams | undefined> {
    const form = await readForm(c, MAX_FORM_BYTES);
    return isFromOwnPage(c, { publicUrl: context.publicUrl() }) && sameText(form.get('token') ?? '', token) ? form : undefined;
  }

  async function at(c: Context<DashboardEnv>, stage: SessionStage): Promise<SignedIn | undefined> {
    const signedIn = await sessions.find(cookie.read(c), true);
    return signedIn?.session.stage === stage ? signedIn : undefined;
  }
  const startAgain = (c: Context<DashboardEnv>) => c.redirect(`${DASHBOARD_PATH}/sign-in`, 303);

  async function signInPage(c: Context<DashboardEnv>, next: string, problem?: string, name = ''): Promise<Response> {
    const token = cookie.formToken(c);
    const options = await proofs.passkeys.requestOptions(undefined);
    const passkey = { path: `${DASHBOARD_PATH}/sign-in/passkey`, label: 'Sign in with a passkey' };
    const main = html`<section>${alertOf(problem)}
${
  (await proofs.acceptsPasswords())
    ? html`<form method="post" action="${DASHBOARD_PATH}/sign-in">${tokenField(token)}<input type="hidden" name="next" value="${next}">
${field('name', 'Name', { value: name, autocomplete: 'username', autofocus: name === '' })}
${field('password', 'Password', { type: 'password', autocomplete: 'current-password', autofocus: name !== '' })}
<button>Continue</button></form>
${passkeyForm({ ...passkey, token, options, kind: 'get', fields: [['next', next]] })}`
    : PROVIDER_ONLY
}
${providerLink(context.provider, { next }, 'Sign in with')}</section>`;
    return show(c, 'Dashboard', main, problem);
  }

  async function secondFactorPage(
    c: Context<DashboardEnv>,
    { administrator, session }: SignedIn,
    next: string,
    problem?: string,
  ): Promise<Response> {
    const hasPasskeys = (await context.store.passkeys(administrator.id)).length > 0;
    const options = hasPasskeys ? await proofs.passkeys.requestOptions(administrator) : undefined;
    const main = html`<section>${alertOf(problem)}
<form method="post" action="${DASHBOARD_PATH}/second-factor">${tokenField(session.formToken)}<input type="hidden" name="next" value="${next}">
${field('code', 'Code', { autocomplete: 'one-time-code', autofocus: true, hint: 'From your authenticator app, or one of your recovery codes.' })}
<button>Sign in</button></form>
${passkeyForm({ path: `${DASHBOARD_PATH}/second-factor/passkey`, token: session.formToken, options, kind: 'get', label: 'Use a passkey', fields: [['next', next]] })}
</section>`;
    return show(c, 'Second factor', main, problem);
  }

  async function invitationPage(c: Context<DashboardEnv>, code: string, name: string, problem?: string): Promise<Response> {
    const byPassword = await proofs.acceptsPasswords();
    const main = html`<section>${alertOf(problem)}<p>You are signing up as <strong>${name}</strong>.${byPassword ? ' Choose a password first; then set up a second factor.' : ''}</p>
${
  byPassword
    ? html`<form method="post" action="${DASHBOARD_PATH}/invitation">${tokenField(cookie.formToken(c))}<input type="hidden" name="code" value="${code}">
<input class="hidden" type="text" name="username" value="${name}" autocomplete="username" readonly tabindex="-1" aria-hidden="true">
${field('password', 'Password', { type: 'password', autocomplete: 'new-password', autofocus: true, hint: `At least ${MIN_PASSWORD_LENGTH} characters. Several words are fine.` })}
${field('again', 'Repeat the password', { type: 'password', autocomplete: 'new-password' })}
<button>Continue</button></form>`
    : PROVIDER_ONLY
}
${providerLink(context.provider, { code }, 'Accept with')}</section>`;
    return show(c, 'Accept the invitation', main, problem);
  }

  async function enrolPage(
    c: Context<DashboardEnv>,
    { administrator, session }: SignedIn,
    secret: string,
    problem?: string,
  ): Promise<Response> {
    const options = await proofs.passkeys.creationOptions(administrator);
    const main = html`${alertOf(problem)}
<section aria-labelledby="app"><h2 id="app">Authenticator app</h2>
${totpSetUp({ action: '/enrol/totp', token: session.formToken, secret, name: administrator.name, publicUrl: context.publicUrl() })}</section>
${
  options === undefined
    ? ''
    : html`<section aria-labelledby="passkey" data-needs-passkeys hidden><h2 id="passkey">Or a passkey</h2><p class="quiet">On this device, your phone, or a security key.</p>
${passkeyForm({ path: `${DASHBOARD_PATH}/enrol/passkey`, token: session.formToken, options, kind: 'create', label: 'Add a passkey', fields: [['passkey', 'Passkey']] })}</section>`
}`;
    return show(c, 'Set up a second factor', main, problem);
  }

  async function enrolled(c: Context<DashboardEnv>, { administrator, session }: SignedIn): Promise<Response> {
    const codes = await proofs.enrolled(administrator, clientAddressOf(c));
    const opened = await sessions.find(await open(c, administrator, 'full', session), true);
    if (opened !== undefined) {
      context.leaveMessage(opened.session.id, {
        tone: 'good',
        text: 'Your account is set up. Keep these recovery codes somewhere other than this device: each signs you in once. They are shown only now.',
        secrets: [{ label: 'Recovery codes', value: codes.join('\n') }],
      });
    }
    return c.redirect(DASHBOARD_PATH, 303);
  }

  return new Hono<DashboardEnv>()
    .get('/sign-in', (c) => signInPage(c, safeNext(c.req.query('next'))))
    .post('/sign-in', async (c) => {
      const form = await readOwnForm(c, cookie.formToken(c));
      if (form === undefined) return signInPage(c, DASHBOARD_PATH, FORGED);
      const [name, next] = [form.get('name')?.trim() ?? '', safeNext(form.get('next'))];
      const problem = await problemOf(ANSWERED, async () => {
        await open(c, await proofs.password(name, form.get('password') ?? '', clientAddressOf(c)), 'password');
      });
      if (problem !== undefined) return signInPage(c, next, problem, name);
      return c.redirect(`${DASHBOARD_PATH}/second-factor?next=${encodeURIComponent(next)}`, 303);
    })
    .post('/sign-in/passkey', async (c) => {
      const form = await readOwnForm(c, cookie.formToken(c));
      if (form === undefined) return signInPage(c, DASHBOARD_PATH, FORGED);
      const next = safeNext(form.get('next'));
      const problem = await problemOf(ANSWERED, async () => {
        await open(c, await proofs.passkey(undefined, form.get('credential') ?? '', clientAddressOf(c)), 'full');
      });
      return problem === undefined ? c.redirect(next, 303) : signInPage(c, next, problem);
    })
    .get('/second-factor', async (c) => {
      const signedIn = await at(c, 'password');
      return signedIn === undefined ? startAgain(c) : secondFactorPage(c, signedIn, safeNext(c.req.query('next')));
    })
    .on('POST', ['/second-factor', '/second-factor/passkey'], async (c) => {
      const signedIn = await at(c, 'password');
      if (signedIn === undefined) return startAgain(c);
      const { administrator, session } = signedIn;
      const form = await readOwnForm(c, session.formToken);
      if (form === undefined) return secondFactorPage(c, signedIn, DASHBOARD_PATH, FORGED);
      const next = safeNext(form.get('next'));
      const problem = await problemOf(ANSWERED, async () => {
        const credential = form.get('credential');
        if (credential === null) await proofs.code(administrator, form.get('code') ?? '', clientAddressOf(c));
        else await proofs.passkey(administrator, credential, clientAddressOf(c));
        await open(c, administrator, 'full', session);
      });
      return problem === undefined ? c.redirect(next, 303) : secondFactorPage(c, signedIn, next, problem);
    })
    .get('/invitation', async (c) => {
      const code = c.req.query('code') ?? '';
      return invitationPage(c, code, (await proofs.invited(code)).name);
    })
    .post('/invitation', async (c) => {
      const form = await readOwnForm(c, cookie.formToken(c));
      const code = form?.get('code') ?? '';
      const { name } = await proofs.invited(code);
      if (form === undefined) return invitationPage(c, code, name, FORGED);
      const password = form.get('password') ?? '';
      if (password !== form.get('again')) return invitationPage(c, code, name, 'The passwords do not match.');
      const problem = await problemOf(ANSWERED, async () => {
        await open(c, await proofs.accept(code, password), 'enrolling');
      });
      return problem === undefined ? c.redirect(`${DASHBOARD_PATH}/enrol`, 303) : invitationPage(c, code, name, problem);
    })
    .get('/enrol', async (c) => {
      const signedIn = await at(c, 'enrolling');
      return signedIn === undefined ? startAgain(c) : enrolPage(c, signedIn, newTotpSecret());
    })
    .on('POST', ['/enrol/totp', '/enrol/passkey'], async (c) => {
      const signedIn = await at(c, 'enrolling');
      if (signedIn === undefined) return startAgain(c);
      const { administrator, session } = signedIn;
      const form = await readOwnForm(c, session.formToken);
      if (form === undefined) return enrolPage(c, signedIn, newTotpSecret(), FORGED);
      const secret = form.get('secret') ?? '';
      const problem = await problemOf(ANSWERED, async () => {
        const credential = form.get('credential');
        if (credential === null) await proofs.setTotp(administrator, secret, form.get('code') ?? '', clientAddressOf(c));
        else await proofs.passkeys.add(administrator, form.get('passkey') ?? '', credential);
      });
      return problem === undefined ? enrolled(c, signedIn) : enrolPage(c, signedIn, secret === '' ? newTotpSecret() : secret, problem);
    });
}
