/** The login pages as HTML, without scripts: e-mail address, password, new password, and pages that end a sign-in. */
import { FAILURES } from '@landbridge/protocol';
import { type Html, type Page, page } from '@landbridge/web';
import { html } from 'hono/html';
import type { Connection } from '../store/connections.ts';
import { LOGIN_TEXTS } from './texts.ts';

export const LOGIN_PATH = '/login';

/** Shared by all pages of one sign-in. */
export interface LoginContext {
  /** The path that its forms post to; all other paths are below it. */
  path: string;
  formToken: string;
  application: string;
  /** Whether the user may belong to another connection. */
  severalConnections: boolean;
  /** Whether users at this address can sign in at a connector of the connection, without a password. */
  hasFrontChannel(connection: Connection): boolean;
}

/** @param problem with the last input */
export function whoPage(login: LoginContext, { name, problem }: { name: string; problem: string | undefined }): Page {
  return formPage(login, {
    heading: LOGIN_TEXTS.signIn,
    lead: LOGIN_TEXTS.whoAreYou,
    problem,
    isFirst: true,
    form: html`<form method="post" action="${login.path}/who">
${hidden({ token: login.formToken })}
<label for="username">${LOGIN_TEXTS.name}</label>
<input id="username" name="username" value="${name}" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus${described(problem)}>
<button type="submit">${LOGIN_TEXTS.continue}</button>
</form>`,
  });
}

/** For users who are signed in, if the application wants to let them choose. */
export function accountPage(login: LoginContext, username: string): Page {
  return frame(
    LOGIN_TEXTS.chooseAccount,
    html`<section aria-labelledby="title">
<header><h1 id="title">${LOGIN_TEXTS.chooseAccount}</h1><p class="quiet">${LOGIN_TEXTS.to(login.application)}</p></header>
<form method="post" action="${login.path}/continue">
${hidden({ token: login.formToken })}
<button type="submit" autofocus>${LOGIN_TEXTS.continueAs(username)}</button>
</form>
<p><a href="${login.path}?other">${LOGIN_TEXTS.otherAccount}</a></p>
${cancelForm(login, { isFirst: true })}
</section>`,
  );
}

/** For users whose e-mail domain does not select a connection. */
export function choicePage(login: LoginContext, { name, choice }: { name: string; choice: readonly Connection[] }): Page {
  return formPage(login, {
    heading: LOGIN_TEXTS.signIn,
    lead: LOGIN_TEXTS.whichOrganisation,
    problem: undefined,
    form: html`<form method="post" action="${login.path}/who">
${hidden({ token: login.formToken, username: name })}
${choice.map((connection) => html`<button type="submit" name="connection" value="${connection.name}" class="quiet">${displayNameOf(connection)}</button>`)}
</form>`,
  });
}

/** @param note good news, such as that the password was changed */
export function passwordPage(
  login: LoginContext,
  {
    connection,
    username,
    problem,
    note,
  }: { connection: Connection; username: string; problem?: string | undefined; note?: string | undefined },
): Page {
  const knowsName = username !== '';
  return formPage(login, {
    heading: LOGIN_TEXTS.signIn,
    lead: LOGIN_TEXTS.account(displayNameOf(connection)),
    problem,
    note,
    links: login.hasFrontChannel(connection)
      ? html`<a href="${login.path}/direct?${new URLSearchParams({ connection: connection.name }).toString()}">${LOGIN_TEXTS.withoutPassword}</a>`
      : undefined,
    form: html`<form method="post" action="${login.path}">
${hidden({ token: login.formToken, connection: connection.name })}
<label for="username">${LOGIN_TEXTS.userName}</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" required${knowsName ? '' : focused(problem)}>
<label for="password">${LOGIN_TEXTS.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${knowsName ? focused(problem) : ''}>
<button type="submit">${LOGIN_TEXTS.signIn}</button>
</form>`,
  });
}

/** Shown while the browser is redirected to a connector. If it cannot reach the connector, this page and its link to the form stay visible. */
export function redirectPage(login: LoginContext, connection: Connection, goTo: string): Page {
  return frame(
    LOGIN_TEXTS.redirect,
    html`<section aria-labelledby="title">
<header><h1 id="title">${LOGIN_TEXTS.redirect}</h1><p class="quiet">${LOGIN_TEXTS.to(login.application)}</p></header>
<p role="status">${LOGIN_TEXTS.redirectLead(displayNameOf(connection))}</p>
<p><a href="${login.path}?password">${LOGIN_TEXTS.usePassword}</a></p>
</section>`,
    goTo,
  );
}

type ChangeReason = 'password_expired' | 'password_change_required';

export function newPasswordPage(
  login: LoginContext,
  {
    connection,
    username,
    reason,
    problem,
  }: { connection: Connection; username: string; reason: ChangeReason; problem?: string | undefined },
): Page {
  return formPage(login, {
    heading: LOGIN_TEXTS.changePassword,
    lead: FAILURES[reason].userMessage,
    about: LOGIN_TEXTS.toSignIn(login.application),
    problem,
    form: html`<form method="post" action="${login.path}/password">
${hidden({ token: login.formToken, connection: connection.name, reason })}
<label for="username">${LOGIN_TEXTS.userName}</label>
<input id="username" name="username" value="${username}" autocomplete="username" readonly>
<label for="password">${LOGIN_TEXTS.currentPassword}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${focused(problem)}>
<label for="new">${LOGIN_TEXTS.newPassword}</label>
<input id="new" name="new" type="password" autocomplete="new-password" required>
<label for="again">${LOGIN_TEXTS.newPasswordAgain}</label>
<input id="again" name="again" type="password" autocomplete="new-password" required>
<button type="submit">${LOGIN_TEXTS.change}</button>
</form>`,
  });
}

export function cannotChangePage(login: LoginContext, reason: ChangeReason): Page {
  const { title, expired, mustChange, text } = LOGIN_TEXTS.cannotChange;
  return frame(
    title,
    html`<section class="notice bad" aria-labelledby="title">
<h1 id="title">${title}</h1>
<p role="alert">${reason === 'password_expired' ? expired : mustChange} ${text}</p>
${cancelForm(login)}
</section>`,
  );
}

/** Ends the sign-in. */
export function endPage({ title, text }: { title: string; text: string }): Page {
  return frame(
    title,
    html`<section class="notice bad" aria-labelledby="title"><h1 id="title">${title}</h1><p role="alert">${text}</p></section>`,
  );
}

function formPage(
  login: LoginContext,
  parts: {
    heading: string;
    lead: string;
    problem: string | undefined;
    note?: string | undefined;
    form: Html;
    isFirst?: true;
    about?: string;
    links?: Html | undefined;
  },
): Page {
  const { heading, lead, problem, note, form, isFirst, about = LOGIN_TEXTS.to(login.application), links } = parts;
  return frame(
    problem === undefined ? heading : LOGIN_TEXTS.notSignedIn(heading),
    html`<section aria-labelledby="title">
<header><h1 id="title">${heading}</h1><p class="quiet">${about}</p></header>
<p>${lead}</p>
${problem === undefined ? '' : html`<p class="notice bad" role="alert" id="problem">${problem}</p>`}
${note === undefined ? '' : html`<p class="notice good" role="status">${note}</p>`}
${form}
${cancelForm(login, { isFirst, links })}
</section>`,
  );
}

function frame(title: string, main: Html, goTo?: string): Page {
  return page({ title, main: html`<div class="login">${main}</div>`, ...(goTo === undefined ? {} : { goTo }) });
}

/** A separate form, so that the Enter key does not cancel. */
function cancelForm(
  login: LoginContext,
  { isFirst = false, links }: { isFirst?: boolean | undefined; links?: Html | undefined } = {},
): Html {
  const other = html`<a href="${login.path}?other">${LOGIN_TEXTS.otherAccount}</a>`;
  return html`<form method="post" action="${login.path}/cancel" class="actions">
${hidden({ token: login.formToken })}
${links ?? ''}
${login.severalConnections && !isFirst ? other : ''}
<button type="submit" class="link">${LOGIN_TEXTS.cancel}</button>
</form>`;
}

function hidden(fields: Record<string, string>): Html {
  return html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`;
}

/** Focuses the field that the user continues with; screen readers read the problem with it. */
function focused(problem: string | undefined): Html {
  return html` autofocus${described(problem)}`;
}

function described(problem: string | undefined): Html | '' {
  return problem === undefined ? '' : html` aria-describedby="problem"`;
}

function displayNameOf({ name, settings }: Connection): string {
  return settings.displayName ?? name;
}
