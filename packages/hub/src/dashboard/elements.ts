/** Forms of the dashboard: a button, and a confirmation. */

import { type Confirmation, checkBox, confirmation, type Html, tokenField } from '@landbridge/web';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';

/** A form that is a single button. */
export function buttonForm(formToken: string, action: string, label: string, { kind = 'plain', about = '' } = {}): Html {
  return html`<form class="inline" method="post" action="${DASHBOARD_PATH}${action}">${tokenField(formToken)}
<button class="${kind}">${label}${about === '' ? '' : html`<span class="hidden"> ${about}</span>`}</button></form>`;
}

/** One of several check boxes with the same name. */
export function choiceBox(group: string, value: string, { chosen, hint = '' }: { chosen: readonly string[]; hint?: string }): Html {
  const id = `${group}-${value}`;
  return html`<div class="check"><input type="checkbox" id="${id}" name="${group}" value="${value}"${chosen.includes(value) ? html` checked` : ''}${hint === '' ? '' : html` aria-describedby="${id}-hint"`}>
<div><label for="${id}">${value}</label>${hint === '' ? '' : html`<p class="hint" id="${id}-hint">${hint}</p>`}</div></div>`;
}

/** Which connections something is for. "All" is a choice of its own, so that a list whose connections were deleted does not become all. */
export function connectionChoice(connections: readonly { name: string }[], chosen: readonly string[] | null): Html {
  return html`<fieldset><legend>Connections</legend>
${checkBox('all-connections', 'All connections', chosen === null, connections.length === 0 ? 'There is none yet.' : 'Including later ones. Has no effect if some are selected here.')}
${connections.map(({ name }) => choiceBox('connection', name, { chosen: chosen ?? [] }))}</fieldset>`;
}

/** @returns null: all. Of two contradictory choices the narrower one counts. */
export function chosenConnections(form: URLSearchParams): string[] | null {
  const chosen = form.getAll('connection');
  return chosen.length === 0 && form.has('all-connections') ? null : chosen;
}

/** @param action,back paths within the dashboard */
export function dashboardConfirmation(formToken: string, { action, back, ...others }: Confirmation): Html {
  return confirmation(formToken, { ...others, action: `${DASHBOARD_PATH}${action}`, back: `${DASHBOARD_PATH}${back}` });
}

/** A link to the outside provider; nothing if there is none. @param label what the visit is for, before the provider's host */
export function providerLink(provider: { host: string } | undefined, query: Record<string, string>, label: string): Html | string {
  if (provider === undefined) return '';
  const address = `${DASHBOARD_PATH}/provider?${new URLSearchParams(query)}`;
  return html`<p><a class="button plain" href="${address}">${label} ${provider.host}</a></p>`;
}

/** In place of a password, if the provider is required. */
export const PROVIDER_ONLY = html`<p class="quiet">Administrators of this hub sign in with the provider. If it is down, <code>landbridge-hub admin allow-passwords</code> permits passwords for some hours.</p>`;
