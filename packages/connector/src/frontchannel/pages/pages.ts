/** The pages that a person may see: the form, the one that leads back by itself, and those that say that something ended. */
import type { Html } from '@landbridge/web';
import { html, raw } from 'hono/html';
import { type FormProblem, LANGUAGES, type Language } from './languages.ts';
import { type FrontChannelPage, frontChannelPage } from './page.ts';

/**
 * @param siteName SITE_NAME
 * @param carried what the hub asked, to be given back with the form; browsers would change line ends in it, so it is encoded
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
  // The cursor waits where the person goes on, and what went wrong is read out with that field.
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

/** Takes no input but what is in the page, and is allowed by its hash. */
const SEND = 'document.forms[0].submit()';

/**
 * Posts the token to the reply address by itself, or by its button where scripts are off.
 *
 * There is no form-action: Chromium applies it to redirects after the post as well, and where a hub sends people on to is not ours to
 * know. The page has one form, whose address is from the list.
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
  const fields = { wa: 'wsignin1.0', wresult, ...(wctx === undefined ? {} : { wctx }) };
  return frontChannelPage({
    language,
    title: siteName,
    script: SEND,
    main: html`<h1>${siteName}</h1>
<section>
<p>${texts.signedIn}</p>
<form method="post" action="${replyTo}">
${Object.entries(fields).map(([name, value]) => hidden(name, value))}
<button type="submit">${texts.goOn}</button>
</form>
</section>`,
  });
}

/** Nothing of the request is repeated: it may have been made to deceive. */
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

/** A parser of HTML makes one line end of every kind of them, unless they are written as references. */
function hidden(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${raw(attributeText(value))}">`;
}

function attributeText(text: string): string {
  return text.replace(/[&<>"'\r\n]/g, (c) => `&#${c.charCodeAt(0)};`);
}
