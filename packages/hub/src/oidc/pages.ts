/** The provider's own pages: sign-out, sign-in on a device, redirect after a form, and errors. */
import { type Html, type Page, type PageFrame, page, type Speech } from '@landbridge/web';
import { html, raw } from 'hono/html';
import type { ErrorOut } from 'oidc-provider';

/** Language and branding of a page. */
export interface PageContext {
  speech: Speech;
  frame: PageFrame;
}

/**
 * @param form the provider's own form, with its token against forged requests; the page's buttons belong to it
 * @param about.application the one that sent the user here, if known; the user may sign out of it alone
 * @param about.isConfirmed the application has proven which user it signs out: the script confirms at once
 */
export function confirmSignOutPage(
  context: PageContext,
  form: string,
  { application, isConfirmed }: { application: string | undefined; isConfirmed: boolean },
): Page {
  const { say } = context.speech;
  return sectionPage(
    context,
    say('signOutTitle'),
    html`<p>${say('signOutQuestion')}</p>
${raw(form)}
<p class="actions"><button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus${isConfirmed ? html` data-press` : ''}>${say('signOut')}</button>
${application === undefined ? '' : html`<button type="submit" form="op.logoutForm" class="quiet">${say('signOutOnly', { application })}</button>`}</p>`,
  );
}

/** @param application the one that the user signed out of; undefined: all */
export function providerSignedOutPage(context: PageContext, application: string | undefined): Page {
  const { say } = context.speech;
  const title = application === undefined ? say('signedOut') : say('signedOutOf', { application });
  return sectionPage(context, title, html`<p>${say('closeWindow')}</p>`);
}

/**
 * The provider's forms have no labels, and their script is blocked: only their address and token against forged requests are used.
 */
function tokenOfForm(form: string): { action: string; xsrf: string } {
  const inForm = (pattern: RegExp) => pattern.exec(form)?.[1] ?? '';
  return { action: inForm(/ action="([^"]*)"/), xsrf: inForm(/name="xsrf" value="([^"]*)"/) };
}

/** @param failed the entered code is wrong, used or expired. The page does not reveal which, because an attacker may be guessing. */
export function userCodePage(context: PageContext, form: string, failed: boolean): Page {
  const { say } = context.speech;
  const { action, xsrf } = tokenOfForm(form);
  return sectionPage(
    context,
    say('deviceTitle'),
    html`<p>${say('deviceAdvice')}</p>
${failed ? html`<p class="notice bad" role="alert" id="problem">${say('deviceWrong')}</p>` : ''}
<form method="post" action="${action}"><input type="hidden" name="xsrf" value="${xsrf}">
<label for="user_code">${say('deviceCode')}</label>
<input id="user_code" name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus maxlength="20"${failed ? html` aria-invalid="true" aria-describedby="problem"` : ''}>
<button type="submit">${say('continue')}</button></form>`,
  );
}

export function confirmDevicePage(
  context: PageContext,
  form: string,
  { application, userCode }: { application: string; userCode: string },
): Page {
  const { say } = context.speech;
  const { action, xsrf } = tokenOfForm(form);
  return sectionPage(
    context,
    say('deviceConfirm'),
    html`<p>${say('deviceQuestion', { application })}</p>
<p><strong><code>${userCode}</code></strong></p>
<p class="notice bad">${say('deviceSameCode')}</p>
<form method="post" action="${action}" class="actions"><input type="hidden" name="xsrf" value="${xsrf}"><input type="hidden" name="user_code" value="${userCode}">
<button type="submit" name="confirm" value="yes">${say('continue')}</button>
<button type="submit" name="abort" value="yes" class="quiet">${say('cancel')}</button></form>`,
  );
}

export function deviceDonePage(context: PageContext, application: string): Page {
  const { say } = context.speech;
  return sectionPage(context, say('deviceDone'), html`<p>${say('deviceDoneText', { application })}</p>`);
}

export function deviceRefusedPage(context: PageContext): Page {
  const { say } = context.speech;
  return sectionPage(context, say('deviceRefused'), html`<p>${say('closeWindow')}</p>`);
}

/** Continues to an address that may be another site's; see `onward.ts`. */
export function onwardPage(context: PageContext, location: string): Page {
  const { say } = context.speech;
  return sectionPage(context, say('onward'), html`<p><a href="${location}">${say('continue')}</a></p>`, location);
}

/** @param out the standard's code and description, for the application's developer; may contain text from the request */
export function errorPage({ speech, frame }: PageContext, out: ErrorOut): Page {
  const { say } = speech;
  const title = say('failedTitle');
  return page({
    title,
    frame,
    main: html`<div class="login"><section class="notice bad" aria-labelledby="title">
<h1 id="title">${title}</h1>
<p role="alert">${say('failed')}</p>
<p class="quiet">${say('forDevelopers')} <code lang="en">${out.error}</code>${out.error_description === undefined ? '' : html` · <span lang="en">${out.error_description}</span>`}</p>
</section></div>`,
  });
}

function sectionPage({ frame }: PageContext, title: string, content: Html, goTo?: string): Page {
  return page({
    title,
    frame,
    main: html`<div class="login"><section aria-labelledby="title"><h1 id="title">${title}</h1>
${content}
</section></div>`,
    ...(goTo === undefined ? {} : { goTo }),
  });
}
