/** The login pages as HTML: who signs in, the choice of an organisation or account, and pages that end a sign-in. */
import { type Html, type Page, type PageFrame, type PlainKey, page, type Speech, waitText } from '@landbridge/web';
import { html } from 'hono/html';
import type { Connection } from '../store/connections.ts';

export const LOGIN_PATH = '/login';

/** Shared by all pages of one sign-in. */
export interface LoginContext {
  /** The path of its first page; all other paths are below it. */
  path: string;
  formToken: string;
  application: string;
  /** Whether the user may belong to another connection. */
  severalConnections: boolean;
  /** Whether users at this address can sign in at a connector of the connection, without a password. */
  hasFrontChannel(connection: Connection): boolean;
  speech: Speech;
  /** Language and branding; a connection may have its own. */
  frame(connection?: Connection): PageFrame;
}

/** A problem with the last input: a text of the catalogue, and the time to wait. */
export interface Problem {
  key: PlainKey;
  waitSeconds?: number | undefined;
}

export function whoPage(login: LoginContext, { name, problem }: { name: string; problem: Problem | undefined }): Page {
  const { say } = login.speech;
  return loginFormPage(login, {
    heading: say('signIn'),
    lead: say('whoAreYou'),
    problem,
    isFirst: true,
    form: html`<form method="post" action="${login.path}/who">
${hidden({ token: login.formToken })}
<label for="username">${say('name')}</label>
<input id="username" name="username" value="${name}" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus${described(problem)}>
<button type="submit">${say('continue')}</button>
</form>`,
  });
}

/** For users who are signed in, if the application wants to let them choose. */
export function accountPage(login: LoginContext, user: string): Page {
  const { say } = login.speech;
  return loginFrame(login, {
    title: say('chooseAccount'),
    main: html`<section aria-labelledby="title">
<header><h1 id="title">${say('chooseAccount')}</h1><p class="quiet">${say('toApplication', login)}</p></header>
<form method="post" action="${login.path}/continue">
${hidden({ token: login.formToken })}
<button type="submit" autofocus>${say('continueAs', { user })}</button>
</form>
<p><a href="${login.path}?other">${say('otherAccount')}</a></p>
${cancelForm(login, { isFirst: true })}
</section>`,
  });
}

/** For users whose name selects no connection. */
export function choicePage(login: LoginContext, { name, choice }: { name: string; choice: readonly Connection[] }): Page {
  const { say } = login.speech;
  return loginFormPage(login, {
    heading: say('signIn'),
    lead: /[@\\]/.test(name) ? say('unknownDomain', { name }) : say('whichOrganisation'),
    problem: undefined,
    form: html`<form method="post" action="${login.path}/who">
${hidden({ token: login.formToken, username: name })}
${choice.map((connection) => html`<button type="submit" name="connection" value="${connection.name}" class="quiet">${displayNameOf(connection)}</button>`)}
</form>`,
  });
}

/** Shown while the browser is redirected to a connector. If it cannot reach the connector, this page and its link to the form stay visible. */
export function redirectPage(login: LoginContext, connection: Connection, goTo: string): Page {
  const { say } = login.speech;
  return loginFrame(login, {
    title: say('redirect'),
    connection,
    goTo,
    main: html`<section aria-labelledby="title">
<header><h1 id="title">${say('redirect')}</h1><p class="quiet">${say('toApplication', login)}</p></header>
<p role="status">${say('redirectLead', { organisation: displayNameOf(connection) })}</p>
<p><a href="${login.path}?password">${say('usePassword')}</a></p>
</section>`,
  });
}

export type ChangeReason = 'password_expired' | 'password_change_required';

export function cannotChangePage(login: LoginContext, connection: Connection, reason: ChangeReason): Page {
  const { say } = login.speech;
  return loginFrame(login, {
    title: say('cannotChangeTitle'),
    connection,
    main: html`<section class="notice bad" aria-labelledby="title">
<h1 id="title">${say('cannotChangeTitle')}</h1>
<p role="alert">${say(reason === 'password_expired' ? 'cannotChangeExpired' : 'cannotChangeRequired')} ${say('insufficient_access_rights')}</p>
${cancelForm(login)}
</section>`,
  });
}

/** Ends the sign-in. @param application where the user can go on */
export function endPage(
  { speech, frame }: { speech: Speech; frame: PageFrame },
  { title, text, application }: { title: PlainKey; text: PlainKey; application?: { name: string; address: string } | undefined },
): Page {
  const heading = speech.say(title);
  return page({
    title: heading,
    frame,
    main: html`<div class="login"><section class="notice bad" aria-labelledby="title"><h1 id="title">${heading}</h1><p role="alert">${speech.say(text)}</p>
${application === undefined ? '' : html`<p><a href="${application.address}">${speech.say('goToApplication', { application: application.name })}</a></p>`}</section></div>`,
  });
}

interface FormParts {
  heading: string;
  lead: string;
  problem: Problem | undefined;
  connection?: Connection | undefined;
  note?: string | undefined;
  form: Html;
  isFirst?: true;
  about?: string;
  links?: Html | undefined;
}

export function loginFormPage(login: LoginContext, parts: FormParts): Page {
  const { say } = login.speech;
  const { heading, lead, problem, connection, note, form, isFirst, about = say('toApplication', login), links } = parts;
  return loginFrame(login, {
    // Screen readers read the title first.
    title: problem === undefined ? heading : `${say('problem')} · ${heading}`,
    connection,
    main: html`<section aria-labelledby="title">
<header><h1 id="title">${heading}</h1><p class="quiet">${about}</p></header>
<p>${lead}</p>
${problem === undefined ? '' : html`<p class="notice bad" role="alert" id="problem">${fieldProblem(login.speech, problem)}</p>`}
${note === undefined ? '' : html`<p class="notice good" role="status">${note}</p>`}
${form}
${cancelForm(login, { isFirst, links })}
</section>`,
  });
}

function fieldProblem(speech: Speech, { key, waitSeconds }: Problem): Html {
  return html`${speech.say(key)}${waitSeconds === undefined ? '' : html` ${waitText(speech, waitSeconds)}`}`;
}

function loginFrame(
  login: LoginContext,
  { title, main, connection, goTo }: { title: string; main: Html; connection?: Connection | undefined; goTo?: string },
): Page {
  return page({
    title: `${title} · ${login.application}`,
    main: html`<div class="login">${main}</div>`,
    frame: login.frame(connection),
    ...(goTo === undefined ? {} : { goTo }),
  });
}

/** A separate form, so that the Enter key does not cancel. */
function cancelForm(
  login: LoginContext,
  { isFirst = false, links }: { isFirst?: boolean | undefined; links?: Html | undefined } = {},
): Html {
  const { say } = login.speech;
  return html`<form method="post" action="${login.path}/cancel" class="actions">
${hidden({ token: login.formToken })}
${links ?? ''}
${login.severalConnections && !isFirst ? html`<a href="${login.path}?other">${say('otherAccount')}</a>` : ''}
<button type="submit" class="link">${say('cancel')}</button>
</form>`;
}

export function hidden(fields: Record<string, string>): Html {
  return html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`;
}

/** Screen readers read the problem with the field that the user continues with. */
export function described(problem: Problem | undefined): Html | '' {
  return problem === undefined ? '' : html` aria-invalid="true" aria-describedby="problem"`;
}

export function displayNameOf({ name, settings }: Connection): string {
  return settings.displayName ?? name;
}
