/** The provider's own pages: sign-out, redirect after a form, and errors. */
import { type Page, page } from '@landbridge/web';
import { html, raw } from 'hono/html';
import type { ErrorOut } from 'oidc-provider';
import { PROVIDER_TEXTS } from './texts.ts';

/**
 * @param form the provider's own form, with its token against forged requests; the page's buttons belong to it
 * @param application the one that sent the user here, if known; the user may sign out of it alone
 */
export function confirmSignOutPage(form: string, application: string | undefined): Page {
  const { title, question, yes, onlyOf } = PROVIDER_TEXTS.confirmSignOut;
  return page({
    title,
    main: html`<div class="login"><section aria-labelledby="title">
<h1 id="title">${title}</h1>
<p>${question}</p>
${raw(form)}
<p class="actions"><button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>${yes}</button>
${application === undefined ? '' : html`<button type="submit" form="op.logoutForm" class="quiet">${onlyOf(application)}</button>`}</p>
</section></div>`,
  });
}

/** @param application the one that the user signed out of; undefined: all */
export function providerSignedOutPage(application: string | undefined): Page {
  const { text } = PROVIDER_TEXTS.signedOut;
  const title = PROVIDER_TEXTS.signedOut.title(application);
  return page({
    title,
    main: html`<div class="login"><section aria-labelledby="title"><h1 id="title">${title}</h1><p>${text}</p></section></div>`,
  });
}

/**
 * The provider's forms have no labels, and their script is blocked: only their address and token against forged requests are used.
 */
function tokenOfForm(form: string): { action: string; xsrf: string } {
  const inForm = (pattern: RegExp) => pattern.exec(form)?.[1] ?? '';
  return { action: inForm(/ action="([^"]*)"/), xsrf: inForm(/name="xsrf" value="([^"]*)"/) };
}

/** @param failed the entered code is wrong, used or expired. The page does not reveal which, because an attacker may be guessing. */
export function userCodePage(form: string, failed: boolean): Page {
  const { title, label, wrong, advice, next } = PROVIDER_TEXTS.device;
  const { action, xsrf } = tokenOfForm(form);
  return page({
    title,
    main: html`<div class="login"><section aria-labelledby="title">
<h1 id="title">${title}</h1>
<p>${advice}</p>
${failed ? html`<p class="notice bad" role="alert" id="problem">${wrong}</p>` : ''}
<form method="post" action="${action}"><input type="hidden" name="xsrf" value="${xsrf}">
<label for="user_code">${label}</label>
<input id="user_code" name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus maxlength="20"${failed ? html` aria-describedby="problem"` : ''}>
<button type="submit">${next}</button></form>
</section></div>`,
  });
}

export function confirmDevicePage(form: string, { application, userCode }: { application: string | undefined; userCode: string }): Page {
  const { confirm, question, sameCode, yes, no } = PROVIDER_TEXTS.device;
  const { action, xsrf } = tokenOfForm(form);
  return page({
    title: confirm,
    main: html`<div class="login"><section aria-labelledby="title">
<h1 id="title">${confirm}</h1>
<p>${question(application)}</p>
<p><strong><code>${userCode}</code></strong></p>
<p class="notice bad">${sameCode}</p>
<form method="post" action="${action}" class="actions"><input type="hidden" name="xsrf" value="${xsrf}"><input type="hidden" name="user_code" value="${userCode}">
<button type="submit" name="confirm" value="yes">${yes}</button>
<button type="submit" name="abort" value="yes" class="quiet">${no}</button></form>
</section></div>`,
  });
}

export function deviceDonePage(application: string | undefined): Page {
  const { done, doneText } = PROVIDER_TEXTS.device;
  return page({
    title: done,
    main: html`<div class="login"><section aria-labelledby="title"><h1 id="title">${done}</h1><p>${doneText(application)}</p></section></div>`,
  });
}

/** Redirects the browser after a form; `page()` says why this is not an HTTP redirect. */
export function onwardPage(location: string): Page {
  const { title, link } = PROVIDER_TEXTS.onward;
  return page({
    title,
    goTo: location,
    main: html`<div class="login"><section aria-labelledby="title"><h1 id="title">${title}</h1><p><a href="${location}">${link}</a></p></section></div>`,
  });
}

/** @param out the standard's code and description, for the application's developer; may contain text from the request */
export function errorPage(out: ErrorOut): Page {
  const { title, text, forDevelopers } = PROVIDER_TEXTS.failed;
  return page({
    title,
    main: html`<div class="login"><section class="notice bad" aria-labelledby="title">
<h1 id="title">${title}</h1>
<p role="alert">${text}</p>
<p class="quiet">${forDevelopers} <code>${out.error}</code>${out.error_description === undefined ? '' : html` · ${out.error_description}`}</p>
</section></div>`,
  });
}
