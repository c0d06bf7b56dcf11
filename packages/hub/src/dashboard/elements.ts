/** Forms of the dashboard: one that is a button, and one that asks once more. */

import { type Confirmation, confirmation as confirm, type Html, tokenField } from '@landbridge/web';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';

/** A form that is one button. */
export function buttonForm(formToken: string, action: string, label: string, { kind = 'plain', about = '' } = {}): Html {
  return html`<form class="inline" method="post" action="${DASHBOARD_PATH}${action}">${tokenField(formToken)}
<button class="${kind}">${label}${about === '' ? '' : html`<span class="hidden"> ${about}</span>`}</button></form>`;
}

/** Asks once more; its addresses are those within the dashboard. */
export function confirmation(formToken: string, { action, back, ...others }: Confirmation): Html {
  return confirm(formToken, { ...others, action: `${DASHBOARD_PATH}${action}`, back: `${DASHBOARD_PATH}${back}` });
}
