/** The login pages with a password, as HTML: the form to sign in, and the form to choose a new password. */
import type { PasswordRules } from '@landbridge/protocol';
import { type Html, type Page, type Speech, scriptTexts } from '@landbridge/web';
import { html } from 'hono/html';
import type { Connection } from '../store/connections.ts';
import { type ChangeReason, described, displayNameOf, hidden, type LoginContext, loginFormPage, type Problem } from './pages.ts';

/** @param isChanged the password was changed just now */
export function passwordPage(
  login: LoginContext,
  {
    connection,
    username,
    problem,
    isChanged = false,
  }: { connection: Connection; username: string; problem?: Problem | undefined; isChanged?: boolean },
): Page {
  const { say } = login.speech;
  const knowsName = username !== '';
  return loginFormPage(login, {
    heading: say('signIn'),
    lead: say('account', { organisation: displayNameOf(connection) }),
    connection,
    problem,
    note: isChanged ? say('changed') : undefined,
    links: links(login, connection),
    form: html`<form method="post" action="${login.path}"${scriptTexts(login.speech)}>
${hidden({ token: login.formToken, connection: connection.name })}
<label for="username">${say('userName')}</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" required${knowsName ? '' : focused(problem)}>
<label for="password">${say('password')}</label>
<div class="with-button"><input id="password" name="password" type="password" autocomplete="current-password" required${knowsName ? focused(problem) : ''}></div>
<button type="submit">${say('signIn')}</button>
</form>`,
  });
}

function links(login: LoginContext, connection: Connection): Html {
  const { say } = login.speech;
  return html`${
    login.hasFrontChannel(connection)
      ? html`<a href="${login.path}/direct?${new URLSearchParams({ connection: connection.name }).toString()}">${say('withoutPassword')}</a>`
      : ''
  }${
    connection.settings.forgotPasswordUrl === undefined
      ? ''
      : html`<a href="${connection.settings.forgotPasswordUrl}" rel="noreferrer">${say('forgotPassword')}</a>`
  }`;
}

/** @param asksCurrent whether the current password has to be typed: not if the user has just proven it */
export function newPasswordPage(
  login: LoginContext,
  {
    connection,
    username,
    reason,
    problem,
    asksCurrent,
    rules,
  }: {
    connection: Connection;
    username: string;
    reason: ChangeReason;
    problem?: Problem | undefined;
    asksCurrent: boolean;
    rules?: PasswordRules | undefined;
  },
): Page {
  const { say } = login.speech;
  const shown = ruleTexts(login.speech, rules);
  return loginFormPage(login, {
    heading: say('changePassword'),
    lead: say(reason),
    connection,
    about: say('toSignInTo', login),
    problem,
    form: html`<form method="post" action="${login.path}/password"${scriptTexts(login.speech)}>
${hidden({ token: login.formToken, connection: connection.name, reason })}
<label for="username">${say('userName')}</label>
<input id="username" name="username" value="${username}" autocomplete="username" readonly>
${
  asksCurrent
    ? html`<label for="password">${say('currentPassword')}</label>
<div class="with-button"><input id="password" name="password" type="password" autocomplete="current-password" required${focused(problem)}></div>`
    : ''
}
${shown.length === 0 ? '' : html`<div class="rules" id="rules"><p>${say('rules')}</p><ul>${shown.map((rule) => html`<li>${rule}</li>`)}</ul></div>`}
<label for="new">${say('newPassword')}</label>
<div class="with-button"><input id="new" name="new" type="password" autocomplete="new-password" required${asksCurrent ? '' : html` autofocus`}${newDescribed(problem, { asksCurrent, hasRules: shown.length > 0 })}></div>
<label for="again">${say('newPasswordAgain')}</label>
<div class="with-button"><input id="again" name="again" type="password" autocomplete="new-password" required></div>
<button type="submit">${say('change')}</button>
</form>`,
  });
}

/** Focuses the field that the user continues with. */
function focused(problem: Problem | undefined): Html {
  return html` autofocus${described(problem)}`;
}

function newDescribed(problem: Problem | undefined, { asksCurrent, hasRules }: { asksCurrent: boolean; hasRules: boolean }): Html {
  const hasProblem = problem !== undefined && !asksCurrent;
  const ids = [...(hasProblem ? ['problem'] : []), ...(hasRules ? ['rules'] : [])];
  return html`${hasProblem ? html` aria-invalid="true"` : ''}${ids.length === 0 ? '' : html` aria-describedby="${ids.join(' ')}"`}`;
}

function ruleTexts({ say, duration }: Speech, rules: PasswordRules = {}): string[] {
  const { minLength = 0, maxLength = 0, complexity = false, history = 0, minAgeSeconds = 0 } = rules;
  return [
    ...(minLength > 1 ? [say('ruleMinLength', { count: String(minLength) })] : []),
    ...(maxLength > 0 ? [say('ruleMaxLength', { count: String(maxLength) })] : []),
    ...(complexity ? [say('ruleComplexity'), say('ruleNoName')] : []),
    ...(history > 0 ? [say('ruleHistory', { count: String(history) })] : []),
    ...(minAgeSeconds > 0 ? [say('ruleMinAge', { time: duration(minAgeSeconds) })] : []),
  ];
}
