/** Forms of the dashboard: a button, and a confirmation. */

import { type Confirmation, confirmation, type Html, tokenField } from '@landbridge/web';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';

/** A form that is a single button. */
export function buttonForm(formToken: string, action: string, label: string, { kind = 'plain', about = '' } = {}): Html {
  return html`<form class="inline" method="post" action="${DASHBOARD_PATH}${action}">${tokenField(formToken)}
<button class="${kind}">${label}${about === '' ? '' : html`<span class="hidden"> ${about}</span>`}</button></form>`;
}

/** @param action,back paths within the dashboard */
export function dashboardConfirmation(formToken: string, { action, back, ...others }: Confirmation): Html {
  return confirmation(formToken, { ...others, action: `${DASHBOARD_PATH}${action}`, back: `${DASHBOARD_PATH}${back}` });
}
