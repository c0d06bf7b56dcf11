/** The login pages as HTML: who are you, your password, a new password, and the ends where nothing can be entered. No script. */
import { FAILURES } from '@landbridge/protocol';
import { type Html, type Page, page } from '@landbridge/web';
import { html } from 'hono/html';
import type { Connection } from '../store/connections.ts';
import { TEXTS } from './texts.ts';

export const LOGIN_PATH = '/login';

/** What all forms of one sign-in share. */
export interface Sitting {
  /** Where its forms go; anything else lies below it. */
  path: string;
  formToken: string;
  application: string;
  /** Whether the person may belong to another connection. */
  severalConnections: boolean;
  /** Whether people here can sign in at a connector of it, without a password. */
  hasFrontChannel(connection: Connection): boolean;
}

/** @param problem what was wrong with what was entered before */
export function whoPage(sitting: Sitting, { name, problem }: { name: string; problem: string | undefined }): Page {
  return formPage(sitting, {
    heading: TEXTS.signIn,
    lead: TEXTS.whoAreYou,
    problem,
    isFirst: true,
    form: html`<form method="post" action="${sitting.path}/who">
${hidden({ token: sitting.formToken })}
<label for="username">${TEXTS.name}</label>
<input id="username" name="username" value="${name}" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus${described(problem)}>
<button type="submit">${TEXTS.continue}</button>
</form>`,
  });
}

/** For people whose connection cannot be found by a domain. */
export function choicePage(sitting: Sitting, { name, choice }: { name: string; choice: readonly Connection[] }): Page {
  return formPage(sitting, {
    heading: TEXTS.signIn,
    lead: TEXTS.whichOrganisation,
    problem: undefined,
    form: html`<form method="post" action="${sitting.path}/who">
${hidden({ token: sitting.formToken, username: name })}
${choice.map((connection) => html`<button type="submit" name="connection" value="${connection.name}" class="quiet">${displayNameOf(connection)}</button>`)}
</form>`,
  });
}

/** @param note something good to know, such as that the password was changed */
export function passwordPage(
  sitting: Sitting,
  {
    connection,
    username,
    problem,
    note,
  }: { connection: Connection; username: string; problem?: string | undefined; note?: string | undefined },
): Page {
  const knowsName = username !== '';
  return formPage(sitting, {
    heading: TEXTS.signIn,
    lead: TEXTS.account(displayNameOf(connection)),
    problem,
    note,
    links: sitting.hasFrontChannel(connection)
      ? html`<a href="${sitting.path}/direct?${new URLSearchParams({ connection: connection.name }).toString()}">${TEXTS.withoutPassword}</a>`
      : undefined,
    form: html`<form method="post" action="${sitting.path}">
${hidden({ token: sitting.formToken, connection: connection.name })}
<label for="username">${TEXTS.userName}</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" required${knowsName ? '' : focused(problem)}>
<label for="password">${TEXTS.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${knowsName ? focused(problem) : ''}>
<button type="submit">${TEXTS.signIn}</button>
</form>`,
  });
}

/**
 * Shown while the browser goes to a connector. Where that hangs, as it does in a network from which nobody gets there, the page stays, and
 * with it the way to the form.
 */
export function sendingOffPage(sitting: Sitting, connection: Connection, goTo: string): Page {
  return frame(
    TEXTS.sendingOff,
    html`<section aria-labelledby="title">
<header><h1 id="title">${TEXTS.sendingOff}</h1><p class="quiet">${TEXTS.to(sitting.application)}</p></header>
<p role="status">${TEXTS.sendingOffLead(displayNameOf(connection))}</p>
<p><a href="${sitting.path}?password">${TEXTS.usePassword}</a></p>
</section>`,
    goTo,
  );
}

export type ChangeReason = 'password_expired' | 'password_change_required';

export function newPasswordPage(
  sitting: Sitting,
  {
    connection,
    username,
    reason,
    problem,
  }: { connection: Connection; username: string; reason: ChangeReason; problem?: string | undefined },
): Page {
  return formPage(sitting, {
    heading: TEXTS.changePassword,
    lead: FAILURES[reason].userMessage,
    about: TEXTS.toSignIn(sitting.application),
    problem,
    form: html`<form method="post" action="${sitting.path}/password">
${hidden({ token: sitting.formToken, connection: connection.name, reason })}
<label for="username">${TEXTS.userName}</label>
<input id="username" name="username" value="${username}" autocomplete="username" readonly>
<label for="password">${TEXTS.currentPassword}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${focused(problem)}>
<label for="new">${TEXTS.newPassword}</label>
<input id="new" name="new" type="password" autocomplete="new-password" required>
<label for="again">${TEXTS.newPasswordAgain}</label>
<input id="again" name="again" type="password" autocomplete="new-password" required>
<button type="submit">${TEXTS.change}</button>
</form>`,
  });
}

export function cannotChangePage(sitting: Sitting, reason: ChangeReason): Page {
  const { title, expired, mustChange, text } = TEXTS.cannotChange;
  return frame(
    title,
    html`<section class="notice bad" aria-labelledby="title">
<h1 id="title">${title}</h1>
<p role="alert">${reason === 'password_expired' ? expired : mustChange} ${text}</p>
${cancelForm(sitting)}
</section>`,
  );
}

/** An end: there is nothing to enter. */
export function endPage({ title, text }: { title: string; text: string }): Page {
  return frame(
    title,
    html`<section class="notice bad" aria-labelledby="title"><h1 id="title">${title}</h1><p role="alert">${text}</p></section>`,
  );
}

function formPage(
  sitting: Sitting,
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
  const { heading, lead, problem, note, form, isFirst, about = TEXTS.to(sitting.application), links } = parts;
  return frame(
    problem === undefined ? heading : TEXTS.notSignedIn(heading),
    html`<section aria-labelledby="title">
<header><h1 id="title">${heading}</h1><p class="quiet">${about}</p></header>
<p>${lead}</p>
${problem === undefined ? '' : html`<p class="notice bad" role="alert" id="problem">${problem}</p>`}
${note === undefined ? '' : html`<p class="notice good" role="status">${note}</p>`}
${form}
${cancelForm(sitting, { isFirst, links })}
</section>`,
  );
}

function frame(title: string, main: Html, goTo?: string): Page {
  return page({ title, main: html`<div class="login">${main}</div>`, ...(goTo === undefined ? {} : { goTo }) });
}

/** A form of its own, so that the Enter key never means it. */
function cancelForm(sitting: Sitting, { isFirst = false, links }: { isFirst?: boolean | undefined; links?: Html | undefined } = {}): Html {
  const other = html`<a href="${sitting.path}?other">${TEXTS.otherAccount}</a>`;
  return html`<form method="post" action="${sitting.path}/cancel" class="actions">
${hidden({ token: sitting.formToken })}
${links ?? ''}
${sitting.severalConnections && !isFirst ? other : ''}
<button type="submit" class="link">${TEXTS.cancel}</button>
</form>`;
}

function hidden(fields: Record<string, string>): Html {
  return html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`;
}

/** The cursor waits where the person goes on, and what went wrong is read out with that field. */
function focused(problem: string | undefined): Html {
  return html` autofocus${described(problem)}`;
}

function described(problem: string | undefined): Html | '' {
  return problem === undefined ? '' : html` aria-describedby="problem"`;
}

function displayNameOf({ name, settings }: Connection): string {
  return settings.displayName ?? name;
}
