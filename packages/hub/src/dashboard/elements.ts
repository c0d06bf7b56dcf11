/** Forms of the dashboard: a button, a confirmation, choices, and what is wrong with the input. */

import type { CodedError } from '@landbridge/runtime';
import { type Confirmation, checkBox, confirmation, ended, fieldProblem, type Html, tokenField } from '@landbridge/web';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';

/** A form that is a single button. */
export function buttonForm(formToken: string, action: string, label: string, { kind = 'plain', about = '' } = {}): Html {
  return html`<form class="inline" method="post" action="${DASHBOARD_PATH}${action}">${tokenField(formToken)}
<button class="${kind}">${label}${about === '' ? '' : html`<span class="hidden"> ${about}</span>`}</button></form>`;
}

/** One of several checkboxes with the same name. */
export function choiceBox(group: string, value: string, { chosen, hint = '' }: { chosen: readonly string[]; hint?: string }): Html {
  const id = `${group}-${value}`;
  return html`<div class="check"><input type="checkbox" id="${id}" name="${group}" value="${value}"${chosen.includes(value) ? html` checked` : ''}${hint === '' ? '' : html` aria-describedby="${id}-hint"`}>
<div><label for="${id}">${value}</label>${hint === '' ? '' : html`<p class="hint" id="${id}-hint">${hint}</p>`}</div></div>`;
}

/** Why input was rejected. */
export interface RejectedInput {
  text: string;
  /** By field: what is wrong with it. */
  fields: Readonly<Record<string, string>>;
}

export const NOT_REJECTED: RejectedInput = { text: '', fields: {} };

export function rejectedBy({ message, action, fields }: CodedError): RejectedInput {
  return {
    text: [message, action ?? '']
      .filter((part) => part !== '')
      .map(ended)
      .join(' '),
    fields,
  };
}

/** Above the form. @param labels of the fields */
export function rejectionNotice({ text, fields }: RejectedInput, labels: Readonly<Record<string, string>>): Html | string {
  if (text === '') return '';
  const names = Object.keys(fields).filter((name) => labels[name] !== undefined);
  if (names.length === 0) return html`<p class="notice bad" role="alert">${text}</p>`;
  return html`<section class="notice bad" role="alert"><p>Not saved. Please correct:</p>
<ul class="problems">${names.map((name) => html`<li><a href="#${name}">${labels[name]}</a></li>`)}</ul></section>`;
}

/** Selects connections. "All" is a separate choice, so that a list whose connections were deleted does not turn into all. */
export function connectionChoice(connections: readonly { name: string }[], chosen: readonly string[] | null, problem = ''): Html {
  return html`<fieldset id="connections"><legend>Connections</legend>${fieldProblem('connections', problem)}
${checkBox('all-connections', 'All connections', chosen === null, connections.length === 0 ? 'There are no connections yet.' : 'Including later ones. Ignored if you select connections below.')}
<div class="choices">${connections.map(({ name }) => choiceBox('connection', name, { chosen: chosen ?? [] }))}</div></fieldset>`;
}

/** @returns null for all. If both are chosen, the narrower choice counts. */
export function chosenConnections(form: URLSearchParams): string[] | null {
  const chosen = form.getAll('connection');
  return chosen.length === 0 && form.has('all-connections') ? null : chosen;
}

/** @param action,back paths within the dashboard */
export function dashboardConfirmation(formToken: string, { action, back, ...others }: Confirmation): Html {
  return confirmation(formToken, { ...others, action: `${DASHBOARD_PATH}${action}`, back: `${DASHBOARD_PATH}${back}` });
}

/** A link to the OpenID provider; nothing if there is none. @param label the purpose, before the provider's host */
export function providerLink(provider: { host: string } | undefined, query: Record<string, string>, label: string): Html | string {
  if (provider === undefined) return '';
  const address = `${DASHBOARD_PATH}/provider?${new URLSearchParams(query)}`;
  return html`<p><a class="button plain" href="${address}">${label} ${provider.host}</a></p>`;
}

/** Replaces password fields if the provider is required. */
export const PROVIDER_ONLY = html`<p class="quiet">Administrators of this hub sign in with the OpenID provider. If it is down, <code>landbridge-hub admin allow-passwords</code> allows passwords for a few hours.</p>`;
