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
