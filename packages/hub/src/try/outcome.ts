/** What became of a sign-in that an operator tried, as HTML. Whatever a directory or a person may have put in is escaped by `html`. */

import type { Profile } from '@landbridge/protocol';
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import { FAILURES } from '../requests/failures.ts';
import type { Failure } from '../requests/requests.ts';
import type { Step } from '../sign-in/sign-in.ts';
import { wayChart } from './way.ts';

/** What became of a sign-in. */
export type Outcome = { ms: number; instance: string | undefined; correlationId: string | undefined; steps?: readonly Step[] } & (
  | { profile: Profile; cachedAt?: Date }
  | { failure: Failure; retryAfterSeconds?: number }
  | { problem: string }
);

/** Result, way, groups and profile, one below the other. */
export function outcomeSection(outcome: Outcome): Html {
  if ('problem' in outcome) return html`<p class="notice bad" role="alert" id="outcome">${outcome.problem}</p>`;
  if ('failure' in outcome) {
    const { code, connectorError } = outcome.failure;
    return html`<section class="notice bad" role="alert" aria-labelledby="outcome">
<h2 id="outcome">${FAILURES[code]}</h2>
<p>${ADVICE[code] ?? ''}</p>
${facts(outcome, [
  ['Code', code],
  ...(connectorError === undefined ? [] : [['Connector said', connectorError] as const]),
  ...(outcome.retryAfterSeconds === undefined ? [] : [['Try again in', `${outcome.retryAfterSeconds} s`] as const]),
])}
</section>
${way(outcome.steps)}`;
  }
  const { groups, ...fields } = outcome.profile;
  return html`<section class="notice good" role="status" aria-labelledby="outcome">
<h2 id="outcome" tabindex="-1" autofocus>Signed in${typeof fields.displayName === 'string' ? ` as ${fields.displayName}` : ''}</h2>
${facts(outcome, outcome.cachedAt === undefined ? [] : [['From the credential cache, as of', outcome.cachedAt.toISOString()]])}
</section>
${way(outcome.steps)}
<section aria-labelledby="groups">
<h2 id="groups">Groups${Array.isArray(groups) ? html` <span class="count">${groups.length}</span>` : ''}</h2>
${groupList(groups)}
</section>
<section aria-labelledby="profile">
<h2 id="profile">Profile</h2>
<div class="table" role="region" aria-label="Fields of the profile" tabindex="0">
<table>
<thead><tr><th scope="col">Field</th><th scope="col">Value</th></tr></thead>
<tbody>
${Object.entries(fields).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${fieldValue(value)}</td></tr>`)}
</tbody>
</table>
</div>
</section>`;
}

function facts(outcome: Outcome, more: (readonly [string, string])[]): Html {
  const rows: (readonly [string, string])[] = [
    ...more,
    ['Time', `${outcome.ms.toFixed(1)} ms`],
    ['Connector', outcome.instance ?? 'none was asked'],
    ...(outcome.correlationId === undefined ? [] : [['Correlation id', outcome.correlationId] as const]),
  ];
  return html`<dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function groupList(groups: unknown): Html {
  if (!Array.isArray(groups)) return html`<p class="quiet">The profile has no groups.</p>`;
  if (groups.length === 0) return html`<p class="quiet">This person is in no group.</p>`;
  return html`<ul class="groups">${groups.map((group: unknown) => html`<li>${fieldValue(group)}</li>`)}</ul>`;
}

/** Text as it stands, lists one below the other, objects with their keys; answers of connectors are never nested deeply. */
function fieldValue(value: unknown): Html | string {
  if (Array.isArray(value)) return html`<ul>${value.map((item: unknown) => html`<li>${fieldValue(item)}</li>`)}</ul>`;
  if (typeof value === 'object' && value !== null) {
    return html`<ul>${Object.entries(value).map(([name, item]) => html`<li><span class="quiet">${name}:</span> ${fieldValue(item)}</li>`)}</ul>`;
  }
  return String(value);
}

function way(steps: readonly Step[] = []): Html | string {
  if (steps.length === 0) return '';
  return html`<section aria-labelledby="way">
<h2 id="way">The way it took</h2>
${wayChart(steps)}
</section>`;
}

/** What the reader of this page, an operator, can do. */
const ADVICE: Partial<Record<Failure['code'], string>> = {
  invalid_credentials: 'For the person a wrong name and a wrong password are the same; what the connector found is below.',
  password_expired: 'The password was right. The person must set a new one before signing in.',
  password_change_required: 'The password was right. An administrator asked for a new one at the next sign-in.',
  account_disabled: 'An administrator has to enable the account in the directory.',
  account_expired: 'An administrator has to extend the account in the directory.',
  account_locked: 'Too many wrong passwords. It opens again after a while, or when an administrator unlocks it.',
  too_many_attempts: 'Many wrong passwords came for this name, or from this address. The directory was not asked.',
  connection_disabled: 'Switch the connection on to let people sign in.',
  directory_unavailable: 'The connector is there, and its directory is not. Look at the connector’s log.',
  connector_offline: 'Start a connector with this connection’s ticket, and look at its log.',
  connector_busy: 'Add a connector, or look at why the directory is slow.',
  connector_lost: 'The password may already have been tried, so it was not sent to another connector.',
  connector_timeout: 'The connector is connected but silent. Look at its log and at its directory.',
  connector_error: 'The directory did something unexpected. The correlation id finds it in the connector’s log.',
};
