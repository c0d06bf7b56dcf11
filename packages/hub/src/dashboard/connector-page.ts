/** The page of one connector: what is known about it, and its label. */
import { CLOCK_SKEW_TOLERANCE_MS } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { dot, field, type Html, milliseconds, time, tokenField } from '@landbridge/web';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import { type InstanceState, listInstances, newestVersion } from '../connectors/instances.ts';
import type { Connection } from '../store/connections.ts';
import type { DashboardContext, DashboardEnv } from './page-context.ts';

export const CONNECTOR_STATES: Record<InstanceState, readonly ['on' | 'off' | 'idle', string]> = {
  online: ['on', 'Online'],
  draining: ['idle', 'Draining'],
  offline: ['off', 'Offline'],
  pending: ['idle', 'Pending approval'],
  revoked: ['idle', 'Revoked'],
};

/** Whether its directory is down, as it reports. */
export function hasNoDirectory(context: DashboardContext, connection: Connection, id: string): boolean {
  const sockets = context.online.of(connection.id).filter(({ instance, open }) => instance === id && open);
  return sockets.length > 0 && sockets.every((socket) => socket.eligibility() === 'directory_unavailable');
}

/** Nothing if its clock agrees with the hub's. */
export function clockWarning(skewMs = 0): Html | '' {
  if (Math.abs(skewMs) <= CLOCK_SKEW_TOLERANCE_MS) return '';
  return html`<span class="sub warn">clock ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead' : 'behind'}</span>`;
}

/** Everything about one connector, or about a key that no connector has used yet. */
export async function connectorPage(
  context: DashboardContext,
  c: Context<DashboardEnv>,
  connection: Connection,
  id: string,
): Promise<Html> {
  const { name } = connection;
  const instance = (await listInstances(context, connection)).find((candidate) => candidate.id === id);
  const thumbprint = instance?.thumbprint ?? id;
  const certificate = (await context.store.certificates(connection.id)).find((candidate) => candidate.thumbprint === thumbprint);
  if (certificate === undefined) throw new CodedError('CONNECTOR_NOT_FOUND', `Connection "${name}" has no such connector`);
  const [kind, state] = hasNoDirectory(context, connection, id)
    ? (['warn', 'Directory down'] as const)
    : CONNECTOR_STATES[instance?.state ?? (certificate.state === 'revoked' ? 'revoked' : 'pending')];
  const facts: (readonly [string, Html | string])[] = [
    ['State', dot(kind, state)],
    ...(instance === undefined
      ? []
      : ([
          ['ID', html`<code>${id}</code>`],
          ['Host', instance.hostName ?? 'unknown'],
          ['Address', instance.remoteAddress],
          [
            'Version',
            html`${instance.version ?? 'unknown'}${instance.outdated ? html`<span class="sub warn">newest: ${newestVersion(context.offered)}</span>` : ''}`,
          ],
          ['First seen', time(instance.firstSeenAt)],
          ['Last seen', time(instance.lastSeenAt)],
          ['Online since', time(instance.onlineSince, '–')],
          ['Clock', clockWarning(instance.clockSkewMs) || 'agrees with the hub’s'],
          ['Requests', `${instance.requests}, ${instance.inFlight} in flight`],
          ['Errors', String(instance.errors)],
          ['Latency', `${milliseconds(instance.latency?.meanMs)}, p95 ${milliseconds(instance.latency?.p95Ms)}`],
        ] as const)),
    [
      'Key (SHA-1 of the certificate)',
      html`<code>${thumbprint}</code>${instance?.sharesKey ? html`<span class="sub">shared with other connectors</span>` : ''}`,
    ],
    ['Registered', time(certificate.registeredAt)],
    ['Sign-in address', certificate.signInEndpoint ?? 'none'],
  ];
  const title = instance?.label || instance?.hostName || certificate.hostName || 'Connector';
  const mayLabel = instance !== undefined && context.may(c, 'POST /connections/:name/connectors/:id/:action{label}');
  const audit = (filter: Record<string, string>, label: string) =>
    html`<a href="${DASHBOARD_PATH}/audit?${new URLSearchParams({ connection: name, ...filter })}">${label}</a>`;
  return html`<div class="title"><div><p class="crumb"><a href="${DASHBOARD_PATH}">Overview</a> <span aria-hidden="true">/</span> <a href="${DASHBOARD_PATH}/connections/${name}">${name}</a></p><h1>${title}</h1></div></div>
<section aria-label="Details"><dl class="facts">${facts.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
<p class="links">${audit({ instance: instance?.id ?? thumbprint }, 'Its sign-ins in the audit log')} ${audit({ subject: instance?.id ?? thumbprint }, 'Changes to it in the audit log')}</p></section>
${
  mayLabel
    ? html`<section aria-labelledby="label-heading"><h2 id="label-heading">Label</h2>
<form method="post" action="${DASHBOARD_PATH}/connections/${name}/connectors/${id}/label">${tokenField(context.tokenOf(c))}
${field('label', 'Label', { value: instance.label, required: false, maxlength: 60, hint: 'For lists, for example “Berlin, second rack”. Empty: the name of its host.' })}<button>Save</button></form></section>`
    : ''
}`;
}
