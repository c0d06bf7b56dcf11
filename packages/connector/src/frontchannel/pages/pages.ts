/** The pages of the front channel: the form, the page that posts the token to the hub, and notices. */
import { printableLines } from '@landbridge/runtime';
import { type Html, LOGIN_SCRIPT, type PlainKey, type Speech, scriptTexts, waitText } from '@landbridge/web';
import { html, raw } from 'hono/html';
import { type FrontChannelPage, frontChannelPage } from './page.ts';

/** Why a sign-in with the form failed, and what the user reads. */
const PROBLEMS = {
  wrong: 'invalid_credentials',
  empty: 'missing',
  passwordExpired: 'expiredElsewhere',
  passwordChangeRequired: 'changeElsewhere',
  accountLocked: 'account_locked',
  accountDisabled: 'account_disabled',
  accountExpired: 'account_expired',
  tooMany: 'too_many_attempts',
  unavailable: 'directory_unavailable',
  foreignForm: 'foreignForm',
} as const satisfies Record<string, PlainKey>;
export type FormProblem = keyof typeof PROBLEMS;

/**
 * @param options.siteName SITE_NAME
 * @param options.waitSeconds until the next attempt is admitted
 * @param options.carried the hub's request, which returns with the form; encoded, because browsers change line ends
 */
export function formPage(options: {
  speech: Speech;
  siteName: string;
  carried: string;
  name?: string;
  problem?: FormProblem;
  waitSeconds?: number | undefined;
  status?: FrontChannelPage['status'];
}): FrontChannelPage {
  const { speech, siteName, carried, name = '', problem, waitSeconds, status } = options;
  const { say } = speech;
  // Focuses the field that the user continues with; screen readers read the problem with it.
  const here = html` autofocus${problem === undefined ? '' : html` aria-invalid="true" aria-describedby="problem"`}`;
  return frontChannelPage({
    speech,
    title: problem === undefined ? `${say('signIn')} · ${siteName}` : `${say('problem')} · ${siteName}`,
    scriptPath: `.${LOGIN_SCRIPT.path}`,
    formAction: "'self'",
    ...(status === undefined ? {} : { status }),
    main: html`<h1>${siteName}</h1>
<section>
${problem === undefined ? '' : html`<p class="notice bad" role="alert" id="problem">${say(PROBLEMS[problem])}${waitSeconds === undefined ? '' : html` ${waitText(speech, waitSeconds)}`}</p>`}
<form method="post" action="wsfed"${scriptTexts(speech)}>
<input type="hidden" name="request" value="${carried}">
<label for="username">${say('userName')}</label>
<input id="username" name="username" value="${name}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" required${name === '' ? here : ''}>
<label for="password">${say('password')}</label>
<div class="with-button"><input id="password" name="password" type="password" autocomplete="current-password" required${name === '' ? '' : here}></div>
<button type="submit">${say('signIn')}</button>
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
  speech: Speech;
  siteName: string;
  replyTo: string;
  wctx: string | undefined;
  wresult: string;
}): FrontChannelPage {
  const { speech, siteName, replyTo, wctx, wresult } = options;
  const { say } = speech;
  const title = printableLines(siteName);
  return frontChannelPage({
    speech,
    title,
    script: SEND,
    verbatim: true,
    main: html`<h1>${title}</h1>
<section>
<p>${say('arrived')}</p>
${replyForm({ replyTo, wctx, wresult }, html`<button type="submit">${say('continue')}</button>`)}
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
export function invalidPage(speech: Speech, siteName: string): FrontChannelPage {
  return notice(speech, siteName, speech.say('invalidLinkTitle'), speech.say('invalidLink'), 400);
}

export function signedOutPage(speech: Speech, siteName: string): FrontChannelPage {
  return notice(speech, siteName, siteName, speech.say('signedOutHere'), 200);
}

function notice(speech: Speech, siteName: string, heading: string, text: string, status: FrontChannelPage['status']): FrontChannelPage {
  return frontChannelPage({
    speech,
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
