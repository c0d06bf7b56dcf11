/** The Try page as HTML. All text from a directory or a user is escaped by the `html` template. */
import { type Html, type Page, page } from '@landbridge/web';
import { html } from 'hono/html';
import { resultSection, type TryResult } from './result-section.ts';

export type Content =
  | { kind: 'ask-for-key'; problem: string | undefined }
  | { kind: 'sign-in'; formToken: string; connectorsOnline: number; username: string; result: TryResult | undefined };

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
  if (content.result === undefined) return 'Sign in';
  return 'profile' in content.result ? 'Signed in' : 'Not signed in';
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
  const { formToken, connectorsOnline, username, result } = content;
  const failed = result !== undefined && !('profile' in result);
  // After a failure the name stays and the password is typed again; after a success the result is read first.
  const focusName = result === undefined ? html` autofocus` : '';
  const focusPassword = failed ? html` autofocus aria-describedby="outcome"` : '';
  return html`${result === undefined ? '' : resultSection(result)}
<section aria-labelledby="sign-in">
<h2 id="sign-in">${result === undefined ? 'Sign in' : 'Sign in again'}</h2>
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
