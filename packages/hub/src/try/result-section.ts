/** The result of a sign-in that an operator tried, as HTML. All text from a directory or a user is escaped by `html`. */

import { FAILURES, type Step } from '@landbridge/protocol';
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { SignInResult } from '../sign-in/sign-in.ts';
import { traceChart } from './trace-chart.ts';

/** `problem`: the form was not valid, and no sign-in was tried. */
export type TryResult = SignInResult | { problem: string };

/** Addresses of pages that say more; none for operators who see only the trial page. */
export interface ResultLinks {
  connector: (id: string) => string;
  correlation: (id: string) => string;
}

/** Result, trace, groups and profile. */
export function resultSection(result: TryResult, links?: ResultLinks): Html {
  if ('problem' in result) return html`<p class="notice bad" role="alert" id="outcome">${result.problem}</p>`;
  if ('failure' in result) {
    const { code, wireName, retryAfterSeconds } = result.failure;
    const { message, advice } = FAILURES[code];
    return html`<section class="notice bad" role="alert" aria-labelledby="outcome">
<h2 id="outcome">${message}</h2>
<p>${advice}</p>
${facts(
  result,
  [
    ['Code', code],
    ...(wireName === undefined ? [] : [['Connector said', wireName] as const]),
    ...(retryAfterSeconds === undefined ? [] : [['Try again in', `${retryAfterSeconds} s`] as const]),
  ],
  links,
)}
</section>
${trace(result.steps)}`;
  }
  const { groups, ...fields } = result.profile;
  return html`<section class="notice good" role="status" aria-labelledby="outcome">
<h2 id="outcome" tabindex="-1" autofocus>Signed in${typeof fields.displayName === 'string' ? ` as ${fields.displayName}` : ''}</h2>
${facts(result, result.cachedAt === undefined ? [] : [['From the credential cache, as of', result.cachedAt.toISOString()]], links)}
</section>
${trace(result.steps)}
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

function facts({ ms, instance, correlationId }: SignInResult, more: (readonly [string, string])[], links: ResultLinks | undefined): Html {
  const linked = (text: string, href: string | undefined) => (href === undefined ? text : html`<a href="${href}">${text}</a>`);
  const rows: (readonly [string, string | Html])[] = [
    ...more,
    ['Time', `${ms.toFixed(1)} ms`],
    ['Connector', instance === undefined ? 'none was asked' : linked(instance, links?.connector(instance))],
    ['Correlation ID', linked(correlationId, links?.correlation(correlationId))],
  ];
  return html`<dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function groupList(groups: unknown): Html {
  if (!Array.isArray(groups)) return html`<p class="quiet">The profile has no groups.</p>`;
  if (groups.length === 0) return html`<p class="quiet">The user is in no group.</p>`;
  return html`<ul class="groups">${groups.map((group: unknown) => html`<li>${fieldValue(group)}</li>`)}</ul>`;
}

/** Lists and objects become nested lists; answers of connectors are never nested deeply. */
function fieldValue(value: unknown): Html | string {
  if (Array.isArray(value)) return html`<ul>${value.map((item: unknown) => html`<li>${fieldValue(item)}</li>`)}</ul>`;
  if (typeof value === 'object' && value !== null) {
    return html`<ul>${Object.entries(value).map(([name, item]) => html`<li><span class="quiet">${name}:</span> ${fieldValue(item)}</li>`)}</ul>`;
  }
  return String(value);
}

function trace(steps: readonly Step[]): Html | string {
  if (steps.length === 0) return '';
  return html`<section aria-labelledby="trace">
<h2 id="trace">Trace</h2>
${traceChart(steps)}
</section>`;
}
