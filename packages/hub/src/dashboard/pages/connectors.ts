/** The connectors of a connection: the list, and deciding about one, after a page that asks once more. */

import { CodedError } from '@landbridge/runtime';
import { dot, type Html, milliseconds, table, time } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { findConnection } from '../../connections/connections.ts';
import { type InstanceState, type InstanceView, listInstances } from '../../connectors/instances.ts';
import { approveConnector, drainConnector, revokeInstance, revokeKey } from '../../connectors/operator-actions.ts';
import type { Connection } from '../../store/connections.ts';
import { HUB_VERSION } from '../../version.ts';
import { dashboardConfirmation } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

const STATES: Record<InstanceState, readonly ['on' | 'off' | 'idle', string]> = {
  online: ['on', 'Online'],
  draining: ['idle', 'Draining'],
  offline: ['off', 'Offline'],
  pending: ['idle', 'Waits for approval'],
  revoked: ['idle', 'Revoked'],
};

interface Decision {
  heading: (who: string) => string;
  text: string;
  button: string;
  done: string;
  danger: boolean;
  decide: (...args: Parameters<typeof approveConnector>) => Promise<void>;
}

const DECISIONS: Record<string, Decision> = {
  approve: {
    heading: (who) => `Approve ${who}?`,
    text: 'Its key is accepted, and with it every connector that has the same key. Compare the thumbprint first with what the connector shows.',
    button: 'Approve',
    done: 'Approved. The connector is accepted when it comes again: within a minute.',
    danger: false,
    decide: approveConnector,
  },
  drain: {
    heading: (who) => `Drain ${who}?`,
    text: 'It finishes what it has and is sent nothing new, until you resume it.',
    button: 'Drain',
    done: 'The connector is sent nothing new.',
    danger: false,
    decide: (operator, connection, id) => drainConnector(operator, connection, id, 'drain'),
  },
  resume: {
    heading: (who) => `Resume ${who}?`,
    text: 'It is sent requests again.',
    button: 'Resume',
    done: 'The connector is sent requests again.',
    danger: false,
    decide: (operator, connection, id) => drainConnector(operator, connection, id, 'resume'),
  },
  revoke: {
    heading: (who) => `Revoke ${who}?`,
    text: 'It is refused from now on, and its sockets end at once. One that may be in strange hands can come under another name as long as its key is accepted: then revoke the key.',
    button: 'Revoke the connector',
    done: 'The connector is revoked.',
    danger: true,
    decide: revokeInstance,
  },
  'revoke-key': {
    heading: (who) => `Revoke the key of ${who}?`,
    text: 'The key is refused for ever, and every connector that has it is dropped. Who had the key had the ticket too: issue a new one afterwards.',
    button: 'Revoke the key',
    done: 'The key is revoked. Issue a new ticket: who had the key had the ticket too.',
    danger: true,
    decide: revokeKey,
  },
};

export function connectorRoutes(context: DashboardContext): Hono<DashboardEnv> {
  function read(c: Context<DashboardEnv>) {
    const [name = '', id = '', key = ''] = [c.req.param('name'), c.req.param('id'), c.req.param('decision')];
    const decision = Object.hasOwn(DECISIONS, key) ? DECISIONS[key] : undefined;
    if (decision === undefined) throw new CodedError('INVALID_REQUEST', 'There is no such decision about a connector');
    return { name, id, key, decision };
  }

  return new Hono<DashboardEnv>()
    .get('/connections/:name/connectors/:id/:decision', async (c) => {
      const { name, id, key, decision } = read(c);
      const connection = await findConnection(context.store, name);
      const instance = (await listInstances(context, connection)).find((candidate) => candidate.id === id);
      const certificate = (await context.store.certificates(connection.id)).find(
        ({ thumbprint }) => thumbprint === (instance?.thumbprint ?? id),
      );
      if (certificate === undefined) throw new CodedError('CONNECTOR_NOT_FOUND', `The connection "${name}" has no such connector`);
      const who = instance?.hostName ?? certificate.hostName ?? id;
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: decision.heading(who),
        text: decision.text,
        action: `/connections/${name}/connectors/${id}/${key}`,
        button: decision.button,
        back: `/connections/${name}`,
        danger: decision.danger,
        more: html`<dl><div><dt>Connector</dt><dd>${id}</dd></div><div><dt>Key (SHA-1 of the certificate)</dt><dd><code>${certificate.thumbprint}</code></dd></div></dl>`,
      });
      return context.show(c, { title: decision.heading(who), current: '', main });
    })
    .post('/connections/:name/connectors/:id/:decision', async (c) => {
      const { name, id, decision } = read(c);
      await decision.decide(context.operatorOf(c), name, id);
      return context.redirect(c, `/connections/${name}`, { tone: 'good', text: decision.done });
    });
}

/** Instances that have come, and keys that wait for approval and have not. */
export async function connectorTable(context: DashboardContext, connection: Connection): Promise<Html> {
  const instances = await listInstances(context, connection);
  const waiting = (await context.store.certificates(connection.id)).filter(
    ({ state, thumbprint }) => state === 'pending' && !instances.some((instance) => instance.thumbprint === thumbprint),
  );
  const link = (id: string, decision: string, label: string, who: string) =>
    html`<a href="${DASHBOARD_PATH}/connections/${connection.name}/connectors/${id}/${decision}">${label}<span class="hidden"> ${who}</span></a>`;
  const row = (instance: InstanceView) => {
    const { id, hostName, version, outdated, remoteAddress, sharesKey, state, drained, firstSeenAt, lastSeenAt, onlineSince, sockets } =
      instance;
    const [kind, label] = STATES[state];
    const who = hostName ?? id;
    return [
      html`${who}<span class="sub">${remoteAddress}${sharesKey ? ', shares its key' : ''}</span>`,
      html`${dot(kind, label)}${drained && state !== 'revoked' ? html`<span class="sub">by an administrator</span>` : ''}${sockets > 1 ? html`<span class="sub">${sockets} sockets</span>` : ''}`,
      html`${version ?? '–'}${outdated ? html`<span class="sub warn">older than this hub (${HUB_VERSION})</span>` : ''}`,
      html`${onlineSince === undefined ? html`seen ${time(lastSeenAt)}` : html`online since ${time(onlineSince)}`}<span class="sub">first ${time(firstSeenAt)}</span>`,
      html`${instance.requests}<span class="sub">${instance.inFlight} under way</span>`,
      String(instance.errors),
      html`${milliseconds(instance.latency?.meanMs)}<span class="sub">p95 ${milliseconds(instance.latency?.p95Ms)}</span>`,
      state === 'revoked'
        ? link(id, 'revoke-key', 'Revoke key', who)
        : html`<span class="links">${state === 'pending' ? link(id, 'approve', 'Approve', who) : link(id, drained ? 'resume' : 'drain', drained ? 'Resume' : 'Drain', who)}
${link(id, 'revoke', 'Revoke', who)} ${link(id, 'revoke-key', 'Revoke key', who)}</span>`,
    ];
  };
  const rows = [
    ...instances.map(row),
    ...waiting.map(({ thumbprint, hostName, agentVersion, registeredAt }) => [
      html`${hostName ?? 'A connector'}<span class="sub"><code>${thumbprint.slice(0, 12)}…</code></span>`,
      dot('idle', 'Waits for approval'),
      agentVersion ?? '–',
      html`registered ${time(registeredAt)}`,
      '–',
      '–',
      '–',
      html`<span class="links">${link(thumbprint, 'approve', 'Approve', hostName ?? thumbprint)} ${link(thumbprint, 'revoke-key', 'Revoke key', hostName ?? thumbprint)}</span>`,
    ]),
  ];
  const columns = ['Host', 'State', 'Version', 'Since', 'Requests', 'Errors', 'Latency', 'Actions'];
  return table('Connectors', columns, rows, 'No connector has come yet. Issue a ticket, and set one up beside the directory.');
}
