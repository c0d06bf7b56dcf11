/** The Try page as HTML. Whatever a directory or a person may have put in is escaped by the `html` template. */
import type { Profile } from '@landbridge/protocol';
import { html } from 'hono/html';
import { type Html, type Page, page } from '../pages/page.ts';
import { FAILURES } from '../requests/failures.ts';
import type { Failure } from '../requests/requests.ts';

export type Content =
  | { kind: 'ask-for-key'; problem: string | undefined }
  | { kind: 'sign-in'; formToken: string; connectorsOnline: number; username: string; outcome: Outcome | undefined };

/** What became of a sign-in. */
export type Outcome = { ms: number; instance: string | undefined; correlationId: string | undefined } & (
  | { profile: Profile; cachedAt?: Date }
  | { failure: Failure; retryAfterSeconds?: number }
  | { problem: string }
);

export function tryPage(connection: string, content: Content): Page {
  return page({
    title: `${titleOf(content)} · ${connection}`,
    main: html`<header>
<p class="product">Landbridge</p>
<h1>Try <span class="connection">${connection}</span></h1>
</header>
${content.kind === 'ask-for-key' ? keyForm(connection, content.problem) : signIn(connection, content)}`,
  });
}

function titleOf(content: Content): string {
  if (content.kind === 'ask-for-key') return 'Access';
  if (content.outcome === undefined) return 'Sign in';
  return 'profile' in content.outcome ? 'Signed in' : 'Not signed in';
}

function keyForm(connection: string, problem: string | undefined): Html {
  return html`<section aria-labelledby="access">
<h2 id="access">Access</h2>
<p>This page is for operators. Enter an API key of this hub, or open the one-time link that <code>landbridge-hub try ${connection}</code> prints.</p>
${problem === undefined ? '' : html`<p class="notice bad" role="alert">${problem}</p>`}
<form method="post" action="/try/${connection}/access">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="off" spellcheck="false" required autofocus>
<button type="submit">Continue</button>
</form>
</section>`;
}

function signIn(connection: string, content: Extract<Content, { kind: 'sign-in' }>): Html {
  const { formToken, connectorsOnline, username, outcome } = content;
  const failed = outcome !== undefined && !('profile' in outcome);
  // The cursor waits where the person goes on: after a failure the name stays, after a success the result is read first.
  const focusName = outcome === undefined ? html` autofocus` : '';
  const focusPassword = failed ? html` autofocus aria-describedby="outcome"` : '';
  return html`${outcome === undefined ? '' : outcomeSection(outcome)}
<section aria-labelledby="sign-in">
<h2 id="sign-in">${outcome === undefined ? 'Sign in' : 'Sign in again'}</h2>
<p class="quiet">${onlineText(connectorsOnline)}</p>
<form method="post" action="/try/${connection}">
<input type="hidden" name="token" value="${formToken}">
<label for="username">User name</label>
<input id="username" name="username" value="${failed ? username : ''}" autocomplete="off" autocapitalize="none" spellcheck="false" required${focusName}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="off" required${focusPassword}>
<button type="submit">Sign in</button>
</form>
</section>`;
}

function onlineText(connectors: number): Html | string {
  if (connectors === 0) return html`<span class="dot off"></span>No connector is online.`;
  return html`<span class="dot on"></span>${connectors === 1 ? 'One connector is' : `${connectors} connectors are`} online.`;
}

function outcomeSection(outcome: Outcome): Html {
  if ('problem' in outcome) return html`<p class="notice bad" role="alert" id="outcome">${outcome.problem}</p>`;
  if ('failure' in outcome) {
    const { code, connectorError } = outcome.failure;
    return html`<section class="notice bad" role="alert" aria-labelledby="outcome">
<h2 id="outcome">${FAILURES[code]}</h2>
<p>${ADVICE[code] ?? ''}</p>
${facts(outcome, [
  ['Code', code],
  ...(connectorError === undefined ? [] : [['Connector said', connectorError] as const]),
  ...(outcome.retryAfterSeconds === undefined ? [] : [['Try again in', `${outcome.retryAfterSeconds} s`] as const]),
])}
</section>`;
  }
  const { groups, ...fields } = outcome.profile;
  return html`<section class="notice good" role="status" aria-labelledby="outcome">
<h2 id="outcome" tabindex="-1" autofocus>Signed in${typeof fields.displayName === 'string' ? ` as ${fields.displayName}` : ''}</h2>
${facts(outcome, outcome.cachedAt === undefined ? [] : [['From the credential cache, as of', outcome.cachedAt.toISOString()]])}
</section>
<section aria-labelledby="groups">
<h2 id="groups">Groups${Array.isArray(groups) ? html` <span class="count">${groups.length}</span>` : ''}</h2>
${groupList(groups)}
</section>
<section aria-labelledby="profile">
<h2 id="profile">Profile</h2>
<div class="table" role="region" aria-labelledby="profile" tabindex="0">
<table>
<thead><tr><th scope="col">Field</th><th scope="col">Value</th></tr></thead>
<tbody>
${Object.entries(fields).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${fieldValue(value)}</td></tr>`)}
</tbody>
</table>
</div>
</section>`;
}

function facts(outcome: Outcome, more: (readonly [string, string])[]): Html {
  const rows: (readonly [string, string])[] = [
    ...more,
    ['Time', `${outcome.ms.toFixed(1)} ms`],
    ['Connector', outcome.instance ?? 'none was asked'],
    ...(outcome.correlationId === undefined ? [] : [['Correlation id', outcome.correlationId] as const]),
  ];
  return html`<dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function groupList(groups: unknown): Html {
  if (!Array.isArray(groups)) return html`<p class="quiet">The profile has no groups.</p>`;
  if (groups.length === 0) return html`<p class="quiet">This person is in no group.</p>`;
  return html`<ul class="groups">${groups.map((group: unknown) => html`<li>${fieldValue(group)}</li>`)}</ul>`;
}

/** Text as it stands, lists one below the other, objects with their keys; answers of connectors are never nested deeply. */
function fieldValue(value: unknown): Html | string {
  if (Array.isArray(value)) return html`<ul>${value.map((item: unknown) => html`<li>${fieldValue(item)}</li>`)}</ul>`;
  if (typeof value === 'object' && value !== null) {
    return html`<ul>${Object.entries(value).map(([name, item]) => html`<li><span class="quiet">${name}:</span> ${fieldValue(item)}</li>`)}</ul>`;
  }
  return String(value);
}

/** What the reader of this page, an operator, can do. */
const ADVICE: Partial<Record<Failure['code'], string>> = {
  invalid_credentials: 'For the person a wrong name and a wrong password are the same; what the connector found is below.',
  password_expired: 'The password was right. The person must set a new one before signing in.',
  password_change_required: 'The password was right. An administrator asked for a new one at the next sign-in.',
  account_disabled: 'An administrator has to enable the account in the directory.',
  account_expired: 'An administrator has to extend the account in the directory.',
  account_locked: 'Too many wrong passwords. It opens again after a while, or when an administrator unlocks it.',
  too_many_attempts: 'Many wrong passwords came for this name, or from this address. The directory was not asked.',
  connection_disabled: 'Switch the connection on to let people sign in.',
  directory_unavailable: 'The connector is there, and its directory is not. Look at the connector’s log.',
  connector_offline: 'Start a connector with this connection’s ticket, and look at its log.',
  connector_busy: 'Add a connector, or look at why the directory is slow.',
  connector_lost: 'The password may already have been tried, so it was not sent to another connector.',
  connector_timeout: 'The connector is connected but silent. Look at its log and at its directory.',
  connector_error: 'The directory did something unexpected. The correlation id finds it in the connector’s log.',
};
