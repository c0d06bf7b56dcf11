/** Forms of the dashboard: one that is a button, and one that asks once more. */

import { type Html, tokenField } from '@landbridge/pages';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';

/** A form that is one button. */
export function buttonForm(formToken: string, action: string, label: string, { kind = 'plain', about = '' } = {}): Html {
  return html`<form class="inline" method="post" action="${DASHBOARD_PATH}${action}">${tokenField(formToken)}
<button class="${kind}">${label}${about === '' ? '' : html`<span class="hidden"> ${about}</span>`}</button></form>`;
}

/** Asks once more before something that cannot be taken back. */
export function confirmation(
  formToken: string,
  {
    heading,
    text,
    action,
    button,
    back,
    danger = true,
    more = '',
  }: {
    heading: string;
    text: string;
    action: string;
    button: string;
    back: string;
    danger?: boolean;
    more?: Html | string;
  },
): Html {
  return html`<section class="narrow"><h1>${heading}</h1><p>${text}</p>
<form method="post" action="${DASHBOARD_PATH}${action}">${tokenField(formToken)}${more}
<div class="actions"><button class="${danger ? 'danger' : ''}">${button}</button><a href="${DASHBOARD_PATH}${back}">Cancel</a></div></form></section>`;
}
