/** Signing in to the console: with its password, or with a one-time link to set one. */
import { alertOf, field, type Html, MIN_PASSWORD_LENGTH, problemOf, type SessionCookie, sameText, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { html } from 'hono/html';
import { type ConsoleContext, type ConsoleEnv, formText } from '../page-context.ts';
import type { ConsolePassword } from '../password.ts';
import type { ConsoleSessions } from '../sessions.ts';
import { isSignInLink, useUpSignInLink } from '../sign-in-link.ts';

const MAX_FORM_BYTES = 16 * 1024;
const FORGED = 'The form did not come from this page. Try again.';
/** Shown with the form again. */
const ANSWERED = ['TOO_MANY_ATTEMPTS', 'ADMINISTRATORS_BUSY', 'PASSWORD_INVALID'];

interface SignInParts {
  context: ConsoleContext;
  password: ConsolePassword;
  sessions: ConsoleSessions;
  cookie: SessionCookie;
}

export function consoleSignInRoutes({ context, password, sessions, cookie }: SignInParts): Hono<ConsoleEnv> {
  const show = (c: Context, title: string, main: Html, problem: string | undefined) =>
    context.showNarrow(c, title, main, problem === undefined ? 200 : 400);

  function signInPage(c: Context, problem?: string): Promise<Response> {
    const main = password.isSet()
      ? html`<section>${alertOf(problem)}
<form method="post" action="/sign-in">${tokenField(cookie.formToken(c))}
${field('password', 'Password', { type: 'password', autocomplete: 'current-password', autofocus: true })}
<button>Sign in</button></form>
<p class="hint">Lost it? Run <code>landbridge-connector console link</code> on this machine for a link to set a new one.</p></section>`
      : html`<section>${alertOf(problem)}<p>No password is set yet. Open the link in the connector's log or terminal, or run this on this machine for a new link:</p>
<pre tabindex="0" role="region" aria-label="Command">landbridge-connector console link --home ${context.home}</pre></section>`;
    return show(c, 'Console', main, problem);
  }

  function linkPage(c: Context, code: string, problem?: string): Promise<Response> {
    if (!isSignInLink(context.home, code)) {
      const main = html`<section><p role="alert">It was used, replaced by a newer one, or has expired.</p><p><a href="/sign-in">Sign in</a>, or get a new link with <code>landbridge-connector console link</code>.</p></section>`;
      return context.showNarrow(c, 'This link is no longer valid', main, 400);
    }
    const main = html`<section>${alertOf(problem)}<p>For this console. ${password.isSet() ? 'It replaces the current password and ends all sessions.' : ''}</p>
<form method="post" action="/link">${tokenField(cookie.formToken(c))}<input type="hidden" name="code" value="${code}">
${newPasswordFields()}<button>Continue</button></form></section>`;
    return show(c, 'Choose a password', main, problem);
  }

  async function readForm(c: Context): Promise<FormData | undefined> {
    const form = await c.req.formData().catch(() => undefined);
    return form !== undefined && sameText(formText(form, 'token'), cookie.formToken(c)) ? form : undefined;
  }

  function signIn(c: Context): Response {
    sessions.close(cookie.read(c));
    cookie.write(c, sessions.open());
    return c.redirect('/', 303);
  }

  /** @returns `problem`: why the password was not verified */
  async function check(text: string): Promise<{ isRight: boolean; problem: string | undefined }> {
    let isRight = false;
    const problem = await problemOf(ANSWERED, async () => {
      isRight = await password.matches(text);
    });
    return { isRight, problem };
  }

  /** @returns why the new password was rejected */
  async function choose(form: FormData): Promise<string | undefined> {
    if (formText(form, 'password') !== formText(form, 'again')) return 'The passwords do not match.';
    return await problemOf(ANSWERED, () => password.set(formText(form, 'password')));
  }

  return new Hono<ConsoleEnv>()
    .use('/sign-in', bodyLimit({ maxSize: MAX_FORM_BYTES }))
    .use('/link', bodyLimit({ maxSize: MAX_FORM_BYTES }))
    .use('/password', bodyLimit({ maxSize: MAX_FORM_BYTES }))
    .get('/sign-in', (c) => signInPage(c))
    .post('/sign-in', async (c) => {
      const form = await readForm(c);
      if (form === undefined) return signInPage(c, FORGED);
      const { isRight, problem } = await check(formText(form, 'password'));
      if (isRight) return signIn(c);
      if (problem === undefined) context.log.warn('Console sign-in failed: wrong password');
      return signInPage(c, problem ?? 'Wrong password.');
    })
    .get('/link', (c) => linkPage(c, c.req.query('code') ?? ''))
    .post('/link', async (c) => {
      const form = await readForm(c);
      const code = form === undefined ? '' : formText(form, 'code');
      if (form === undefined || !isSignInLink(context.home, code)) return linkPage(c, code, FORGED);
      const problem = await choose(form);
      if (problem !== undefined) return linkPage(c, code, problem);
      useUpSignInLink(context.home);
      sessions.closeAll();
      context.log.info('Console password set with a one-time link');
      return signIn(c);
    })
    .use('/password', async (c, next) => {
      const session = sessions.find(cookie.read(c), true);
      if (session === undefined) return c.redirect('/sign-in', 303);
      c.set('session', session);
      return next();
    })
    .get('/password', (c) => passwordPage(c))
    .post('/password', async (c) => {
      const form = await c.req.formData().catch(() => undefined);
      if (form === undefined || !sameText(formText(form, 'token'), context.tokenOf(c))) return passwordPage(c, FORGED);
      const { isRight, problem: wait } = await check(formText(form, 'current'));
      const problem = wait ?? (isRight ? await choose(form) : 'The current password is wrong.');
      if (problem !== undefined) return passwordPage(c, problem);
      sessions.closeAll();
      return signIn(c);
    })
    .post('/sign-out', async (c) => {
      // Needs no token: a forged sign-out is harmless, and forms of other sites do not get this far.
      sessions.close(cookie.read(c));
      cookie.clear(c);
      return c.redirect('/sign-in', 303);
    });

  function passwordPage(c: Context<ConsoleEnv>, problem?: string): Promise<Response> {
    const main = html`<section class="narrow"><h1>Console password</h1>${alertOf(problem)}
<form method="post" action="/password">${tokenField(context.tokenOf(c))}
${field('current', 'Current password', { type: 'password', autocomplete: 'current-password', autofocus: true })}
${newPasswordFields()}<div class="actions"><button>Change</button><a href="/">Cancel</a></div></form>
<p class="hint">This ends all other sessions.</p></section>`;
    return context.show(c, { title: 'Password', current: '/password', main, status: problem === undefined ? 200 : 400 });
  }
}

function newPasswordFields(): Html {
  return html`${field('password', 'New password', { type: 'password', autocomplete: 'new-password', hint: `At least ${MIN_PASSWORD_LENGTH} characters. Several words are fine.` })}
${field('again', 'Repeat the new password', { type: 'password', autocomplete: 'new-password' })}`;
}
