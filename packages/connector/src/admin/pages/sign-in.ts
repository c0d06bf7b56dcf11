/** Signing in to the console: by its password; and by a one-time link, which leads to choosing one. */

import { CodedError } from '@landbridge/runtime';
import { field, type Html, MIN_PASSWORD_LENGTH, type SessionCookie, sameText, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { html } from 'hono/html';
import { type Desk, type Env, textOf } from '../desk.ts';
import { alertOf } from '../elements.ts';
import { frame } from '../frame.ts';
import type { ConsolePassword } from '../password.ts';
import type { ConsoleSessions } from '../sessions.ts';
import { isSignInLink, useUpSignInLink } from '../sign-in-link.ts';

const MAX_FORM_BYTES = 16 * 1024;
const FORGED = 'The form did not come from this page. Try again.';
/** What is answered to the person, with the form again. */
const ANSWERED = ['TOO_MANY_ATTEMPTS', 'ADMINISTRATORS_BUSY', 'PASSWORD_INVALID'];

interface SignInParts {
  desk: Desk;
  password: ConsolePassword;
  sessions: ConsoleSessions;
  cookie: SessionCookie;
}

export function consoleSignInRoutes({ desk, password, sessions, cookie }: SignInParts): Hono<Env> {
  function show(c: Context, title: string, main: Html, status: 200 | 400 = 200): Response | Promise<Response> {
    const page = frame({
      title,
      main: html`<div class="login"><header><p class="product">Landbridge connector</p><h1>${title}</h1></header>${main}</div>`,
    });
    return c.html(page.html, status, page.headers);
  }

  function signInPage(c: Context, problem?: string): Response | Promise<Response> {
    if (!password.isSet()) {
      return show(
        c,
        'Console',
        html`<section>${alertOf(problem)}<p>No password was chosen yet. Open the link that stands in the connector's log and on its terminal; or get another one on this machine with</p>
<pre tabindex="0" role="region" aria-label="Command">landbridge-connector console link --home ${desk.home}</pre></section>`,
        problem === undefined ? 200 : 400,
      );
    }
    return show(
      c,
      'Console',
      html`<section>${alertOf(problem)}
<form method="post" action="/sign-in">${tokenField(cookie.formToken(c))}
${field('password', 'Password', { type: 'password', autocomplete: 'current-password', autofocus: true })}
<button>Sign in</button></form>
<p class="hint">Lost it? <code>landbridge-connector console link</code> on this machine makes a link with which to choose another.</p></section>`,
      problem === undefined ? 200 : 400,
    );
  }

  function linkPage(c: Context, code: string, problem?: string): Response | Promise<Response> {
    if (!isSignInLink(desk.home, code)) {
      return show(
        c,
        'This link is no longer good',
        html`<section><p role="alert">It was used, another one was made, or it is too old.</p><p><a href="/sign-in">Sign in</a>, or get another one with <code>landbridge-connector console link</code>.</p></section>`,
        400,
      );
    }
    return show(
      c,
      'Choose a password',
      html`<section>${alertOf(problem)}<p>For this console. ${password.isSet() ? 'It takes the place of the present one, and ends all sessions.' : ''}</p>
<form method="post" action="/link">${tokenField(cookie.formToken(c))}<input type="hidden" name="code" value="${code}">
${newPasswordFields()}<button>Continue</button></form></section>`,
      problem === undefined ? 200 : 400,
    );
  }

  async function readForm(c: Context): Promise<FormData | undefined> {
    const form = await c.req.formData().catch(() => undefined);
    return form !== undefined && sameText(textOf(form, 'token'), cookie.formToken(c)) ? form : undefined;
  }

  function signIn(c: Context): Response {
    sessions.close(cookie.read(c));
    cookie.write(c, sessions.open());
    return c.redirect('/', 303);
  }

  /** @returns what to say where it was not accepted */
  async function choose(form: FormData): Promise<string | undefined> {
    if (textOf(form, 'password') !== textOf(form, 'again')) return 'The two passwords are not the same.';
    return await problemOf(() => password.set(textOf(form, 'password')));
  }

  return new Hono<Env>()
    .use('/sign-in', bodyLimit({ maxSize: MAX_FORM_BYTES }))
    .use('/link', bodyLimit({ maxSize: MAX_FORM_BYTES }))
    .use('/password', bodyLimit({ maxSize: MAX_FORM_BYTES }))
    .get('/sign-in', (c) => signInPage(c))
    .post('/sign-in', async (c) => {
      const form = await readForm(c);
      if (form === undefined) return signInPage(c, FORGED);
      let isRight = false;
      const problem = await problemOf(async () => {
        isRight = await password.matches(textOf(form, 'password'));
      });
      if (isRight) return signIn(c);
      if (problem === undefined) desk.log.warn('A wrong password for the console');
      return signInPage(c, problem ?? 'The password is wrong.');
    })
    .get('/link', (c) => linkPage(c, c.req.query('code') ?? ''))
    .post('/link', async (c) => {
      const form = await readForm(c);
      const code = form === undefined ? '' : textOf(form, 'code');
      if (form === undefined || !isSignInLink(desk.home, code)) return linkPage(c, code, FORGED);
      const problem = await choose(form);
      if (problem !== undefined) return linkPage(c, code, problem);
      useUpSignInLink(desk.home);
      sessions.closeAll();
      desk.log.info('The password of the console was chosen by a one-time link');
      return signIn(c);
    })
    .get('/password', (c) => {
      const session = sessions.find(cookie.read(c), true);
      if (session === undefined) return c.redirect('/sign-in', 303);
      c.set('session', session);
      return passwordPage(c);
    })
    .post('/password', async (c) => {
      const session = sessions.find(cookie.read(c), true);
      if (session === undefined) return c.redirect('/sign-in', 303);
      c.set('session', session);
      const form = await c.req.formData().catch(() => undefined);
      if (form === undefined || !sameText(textOf(form, 'token'), session.formToken)) return passwordPage(c, FORGED);
      let isRight = false;
      const wait = await problemOf(async () => {
        isRight = await password.matches(textOf(form, 'current'));
      });
      const problem = wait ?? (isRight ? await choose(form) : 'The present password is wrong.');
      if (problem !== undefined) return passwordPage(c, problem);
      sessions.closeAll();
      return signIn(c);
    })
    .post('/sign-out', async (c) => {
      // Being signed out by somebody else's form harms nobody, and no form of another site comes this far.
      sessions.close(cookie.read(c));
      cookie.clear(c);
      return c.redirect('/sign-in', 303);
    });

  function passwordPage(c: Context<Env>, problem?: string): Response | Promise<Response> {
    const main = html`<section class="narrow"><h1>Password of the console</h1>${alertOf(problem)}
<form method="post" action="/password">${tokenField(c.get('session').formToken)}
${field('current', 'Present password', { type: 'password', autocomplete: 'current-password', autofocus: true })}
${newPasswordFields()}<div class="actions"><button>Change</button><a href="/">Cancel</a></div></form>
<p class="hint">All other sessions end.</p></section>`;
    return desk.show(c, { title: 'Password', current: '/password', main, status: problem === undefined ? 200 : 400 });
  }
}

function newPasswordFields(): Html {
  return html`${field('password', 'New password', { type: 'password', autocomplete: 'new-password', hint: `At least ${MIN_PASSWORD_LENGTH} characters. A few words in a row are fine.` })}
${field('again', 'New password again', { type: 'password', autocomplete: 'new-password' })}`;
}

/** @returns what to say where it was refused */
async function problemOf(attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    if (error instanceof CodedError && ANSWERED.includes(error.code)) return `${error.message}.`;
    throw error;
  }
}
