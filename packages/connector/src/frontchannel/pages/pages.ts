/** The pages of the front channel: the form, the page that posts the token to the hub, and notices. */
import { printableLines } from '@landbridge/runtime';
import type { Html } from '@landbridge/web';
import { html, raw } from 'hono/html';
import { type FormProblem, LANGUAGES, type Language } from './languages.ts';
import { type FrontChannelPage, frontChannelPage } from './page.ts';

/**
 * @param options.siteName SITE_NAME
 * @param options.carried the hub's request, which returns with the form; encoded, because browsers change line ends
 */
export function formPage(options: {
  language: Language;
  siteName: string;
  carried: string;
  name?: string;
  problem?: FormProblem;
  status?: FrontChannelPage['status'];
}): FrontChannelPage {
  const { language, siteName, carried, name = '', problem, status } = options;
  const texts = LANGUAGES[language];
  // Focuses the field that the user continues with; screen readers read the problem with it.
  const here = html` autofocus${problem === undefined ? '' : html` aria-describedby="problem"`}`;
  return frontChannelPage({
    language,
    title: problem === undefined ? siteName : `${texts.problem}: ${siteName}`,
    formAction: "'self'",
    ...(status === undefined ? {} : { status }),
    main: html`<h1>${siteName}</h1>
<section>
${problem === undefined ? '' : html`<p class="notice bad" role="alert" id="problem">${texts.problems[problem]}</p>`}
<form method="post" action="wsfed">
<input type="hidden" name="request" value="${carried}">
<label for="username">${texts.name}</label>
<input id="username" name="username" value="${name}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" required${name === '' ? here : ''}>
<label for="password">${texts.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${name === '' ? '' : here}>
<button type="submit">${texts.signIn}</button>
</form>
</section>`,
  });
}

/** Allowed by its hash in the Content-Security-Policy. */
const SEND = 'document.forms[0].submit()';

/**
 * Posts the token to the reply address by script, or by its button if scripts are off.
 *
 * Without a form-action: Chromium also applies it to redirects after the post, and the hub's are unknown here. The only form goes to an
 * address from the list.
 */
export function replyPage(options: {
  language: Language;
  siteName: string;
  replyTo: string;
  wctx: string | undefined;
  wresult: string;
}): FrontChannelPage {
  const { language, siteName, replyTo, wctx, wresult } = options;
  const texts = LANGUAGES[language];
  const title = printableLines(siteName);
  return frontChannelPage({
    language,
    title,
    script: SEND,
    verbatim: true,
    main: html`<h1>${title}</h1>
<section>
<p>${texts.signedIn}</p>
${replyForm({ replyTo, wctx, wresult }, html`<button type="submit">${texts.continue}</button>`)}
</section>`,
  });
}

/** The bare form, for a page of the hub: `/wsfed/direct`. */
export function replyForm(options: { replyTo: string; wctx: string | undefined; wresult: string }, button: Html | '' = ''): Html {
  const { replyTo, wctx, wresult } = options;
  const fields = { wa: 'wsignin1.0', wresult, ...(wctx === undefined ? {} : { wctx }) };
  return html`<form method="post" name="hiddenform" action="${replyTo}">
${Object.entries(fields).map(([name, value]) => hidden(name, value))}
${button}</form>`;
}

/** Repeats nothing of the request, which may be an attempt to deceive. */
export function invalidPage(language: Language, siteName: string): FrontChannelPage {
  const texts = LANGUAGES[language];
  return notice(language, siteName, texts.invalidTitle, texts.invalid, 400);
}

export function signedOutPage(language: Language, siteName: string): FrontChannelPage {
  return notice(language, siteName, siteName, LANGUAGES[language].signedOut, 200);
}

function notice(language: Language, siteName: string, heading: string, text: string, status: FrontChannelPage['status']): FrontChannelPage {
  return frontChannelPage({
    language,
    title: siteName,
    formAction: "'none'",
    status,
    main: html`<h1>${heading}</h1><section><p>${text}</p></section>`,
  });
}

/** HTML parsers normalise line ends unless they are written as references. */
function hidden(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${raw(attributeText(value))}">`;
}

function attributeText(text: string): string {
  return text.replace(/[&<>"'\r\n]/g, (c) => `&#${c.charCodeAt(0)};`);
}
