/** The connectors of a connection: the list, and approving, draining or revoking one after a confirmation. */
import { CodedError } from '@landbridge/runtime';
import { dot, type Html, milliseconds, table, time } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { findConnection } from '../../connections/connections.ts';
import { type InstanceView, listInstances, newestVersion } from '../../connectors/instances.ts';
import {
  approveConnector,
  decideEndpoint,
  drainConnector,
  labelConnector,
  revokeInstance,
  revokeKey,
} from '../../connectors/operator-actions.ts';
import type { RegisteredCertificate } from '../../store/certificates.ts';
import type { Connection } from '../../store/connections.ts';
import { CONNECTOR_STATES, clockWarning, connectorPage, hasNoDirectory } from '../connector-page.ts';
import { dashboardConfirmation } from '../elements.ts';
import { listOf } from '../lists.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

interface OperatorAction {
  heading: (who: string) => string;
  text: string;
  button: string;
  done: string;
  danger: boolean;
  /** @param endpoint the sign-in address shown on the page */
  run: (...args: [...Parameters<typeof approveConnector>, endpoint: string]) => Promise<void>;
}

const ACTIONS: Record<string, OperatorAction> = {
  approve: {
    heading: (who) => `Approve ${who}?`,
    text: 'This accepts its key, and with it every connector that uses the same key. First compare the thumbprint with the one that the connector shows.',
    button: 'Approve',
    done: 'Connector approved. It connects again within a minute.',
    danger: false,
    run: approveConnector,
  },
  'confirm-change': {
    heading: (who) => `Confirm the new sign-in address of ${who}?`,
    text: 'Users with Kerberos or a client certificate are redirected to this address, and its answer signs them in. It was registered without proof of the connector’s key, so anyone with the ticket could have registered it. First make sure that an administrator changed the SERVER_URL of the connector.',
    button: 'Confirm',
    done: 'New sign-in address confirmed.',
    danger: true,
    run: (operator, connection, id, endpoint) => decideEndpoint(operator, connection, id, { endpoint, confirmed: true }),
  },
  'dismiss-change': {
    heading: (who) => `Dismiss the new sign-in address of ${who}?`,
    text: 'Browsers are still redirected to the old address.',
    button: 'Dismiss',
    done: 'New sign-in address dismissed.',
    danger: false,
    run: (operator, connection, id, endpoint) => decideEndpoint(operator, connection, id, { endpoint, confirmed: false }),
  },
  drain: {
    heading: (who) => `Drain ${who}?`,
    text: 'It finishes its requests in flight and gets no new ones until you resume it.',
    button: 'Drain',
    done: 'Connector draining: it gets no new requests.',
    danger: false,
    run: (operator, connection, id) => drainConnector(operator, connection, id, 'drain'),
  },
  resume: {
    heading: (who) => `Resume ${who}?`,
    text: 'It gets new requests again.',
    button: 'Resume',
    done: 'Connector resumed.',
    danger: false,
    run: (operator, connection, id) => drainConnector(operator, connection, id, 'resume'),
  },
  revoke: {
    heading: (who) => `Revoke ${who}?`,
    text: 'The hub closes its sockets and rejects it from now on. A compromised connector can reconnect under a new ID as long as its key is accepted: revoke its key instead.',
    button: 'Revoke connector',
    done: 'Connector revoked.',
    danger: true,
    run: revokeInstance,
  },
  'revoke-key': {
    heading: (who) => `Revoke the key of ${who}?`,
    text: 'The hub rejects the key permanently and disconnects every connector that uses it. Anyone who has the key may also have the ticket, so issue a new ticket afterwards.',
    button: 'Revoke key',
    done: 'Key revoked. Issue a new ticket too: anyone who has the key may also have the ticket.',
    danger: true,
    run: revokeKey,
  },
};

/** Three routes, because they need different permissions. */
const ROUTES = [
  '/connections/:name/connectors/:id/:action{drain|resume}',
  '/connections/:name/connectors/:id/:action{approve|revoke|revoke-key}',
  '/connections/:name/connectors/:id/:action{confirm-change|dismiss-change}',
];

export function connectorRoutes(context: DashboardContext): Hono<DashboardEnv> {
  function read(c: Context<DashboardEnv>) {
    const [name = '', id = '', key = ''] = [c.req.param('name'), c.req.param('id'), c.req.param('action')];
    const action = Object.hasOwn(ACTIONS, key) ? ACTIONS[key] : undefined;
    if (action === undefined) throw new CodedError('INVALID_REQUEST', 'Connectors have no such action');
    return { name, id, key, action };
  }

  return new Hono<DashboardEnv>()
    .get('/connections/:name/connectors/:id', async (c) => {
      const [name, id] = [c.req.param('name'), c.req.param('id')];
      const connection = await findConnection(context.store, name);
      const main = await connectorPage(context, c, connection, id);
      return context.show(c, { title: `Connector of ${name}`, current: '', main });
    })
    .post('/connections/:name/connectors/:id/:action{label}', async (c) => {
      const [name, id] = [c.req.param('name'), c.req.param('id')];
      await labelConnector(context.operatorOf(c), name, id, c.get('form').get('label') ?? '');
      return context.redirect(c, `/connections/${name}/connectors/${id}`, { tone: 'good', text: 'Label saved.' });
    })
    .on('GET', ROUTES, async (c) => {
      const { name, id, key, action } = read(c);
      const connection = await findConnection(context.store, name);
      const instance = (await listInstances(context, connection)).find((candidate) => candidate.id === id);
      const certificate = (await context.store.certificates(connection.id)).find(
        ({ thumbprint }) => thumbprint === (instance?.thumbprint ?? id),
      );
      if (certificate === undefined) throw new CodedError('CONNECTOR_NOT_FOUND', `Connection "${name}" has no such connector`);
      const who = instance?.hostName ?? certificate.hostName ?? id;
      const main = dashboardConfirmation(context.tokenOf(c), {
        heading: action.heading(who),
        text: action.text,
        action: `/connections/${name}/connectors/${id}/${key}`,
        button: action.button,
        back: `/connections/${name}`,
        danger: action.danger,
        more: html`<dl>${instance === undefined ? '' : html`<div><dt>Connector</dt><dd>${id}</dd></div>`}<div><dt>Key (SHA-1 of the certificate)</dt><dd><code>${certificate.thumbprint}</code></dd></div>${key.endsWith('-change') ? endpointRows(certificate) : ''}</dl>`,
      });
      return context.show(c, { title: action.heading(who), current: '', main });
    })
    .on('POST', ROUTES, async (c) => {
      const { name, id, action } = read(c);
      await action.run(context.operatorOf(c), name, id, c.get('form').get('endpoint') ?? '');
      return context.redirect(c, `/connections/${name}`, { tone: 'good', text: action.done });
    });
}

/** @returns the old and the new address. The hidden field records what the operator saw. */
function endpointRows({ signInEndpoint, requestedEndpoint = '' }: RegisteredCertificate): Html {
  return html`<div><dt>Sign-in address now</dt><dd>${signInEndpoint ?? 'none'}</dd></div>
<div><dt>New sign-in address</dt><dd>${requestedEndpoint}<input type="hidden" name="endpoint" value="${requestedEndpoint}"></dd></div>`;
}

/** Instances that have connected, and pending keys that have not. */
export async function connectorList(
  context: DashboardContext,
  c: Context<DashboardEnv>,
  connection: Connection,
  mayAct: boolean,
): Promise<{ controls: Html | ''; table: Html }> {
  const instances = await listInstances(context, connection);
  const list = listOf(c, instances, {
    path: `/connections/${connection.name}`,
    noun: 'connectors',
    idOf: ({ id }) => id,
    textsOf: ({ id, label, hostName, version, remoteAddress, thumbprint }) => [id, label, hostName, version, remoteAddress, thumbprint],
    sorts: {
      first: { label: 'Since', of: ({ firstSeenAt }) => firstSeenAt.getTime(), newestFirst: true },
      name: { label: 'Connector', of: ({ label, hostName, id }) => label || hostName || id },
      state: { label: 'State', of: ({ state }) => state },
      version: { label: 'Version', of: ({ version }) => version ?? '' },
      requests: { label: 'Requests', of: ({ requests }) => requests },
      errors: { label: 'Errors', of: ({ errors }) => errors },
      latency: { label: 'Latency', of: ({ latency }) => latency?.meanMs ?? 0 },
    },
    filters: {
      state: {
        label: 'State',
        choices: Object.entries(CONNECTOR_STATES).map(([state, [, label]]) => [state, label] as const),
        matches: ({ state }, wanted) => state === wanted,
      },
    },
  });
  const certificates = await context.store.certificates(connection.id);
  const waiting = certificates.filter(
    ({ state, thumbprint }) => state === 'pending' && !instances.some((instance) => instance.thumbprint === thumbprint),
  );
  const link = (id: string, action: string, label: string, who: string) =>
    !mayAct
      ? ''
      : html`<a href="${DASHBOARD_PATH}/connections/${connection.name}/connectors/${id}/${action}">${label}<span class="hidden"> ${who}</span></a>`;
  const row = (instance: InstanceView) => {
    const { id, hostName, version, outdated, remoteAddress, sharesKey, state, drained, firstSeenAt, lastSeenAt, onlineSince, sockets } =
      instance;
    const isWithoutDirectory = hasNoDirectory(context, connection, id);
    const [kind, label] = isWithoutDirectory ? (['warn', 'Directory down'] as const) : CONNECTOR_STATES[state];
    const who = instance.label || hostName || id;
    return [
      html`<a href="${DASHBOARD_PATH}/connections/${connection.name}/connectors/${id}">${who}</a><span class="sub">${instance.label === '' || hostName === undefined ? '' : `${hostName}, `}${remoteAddress}${sharesKey ? ', shares its key' : ''}</span><span class="sub"><code>${id}</code></span>`,
      html`${dot(kind, label)}${drained && state !== 'revoked' ? html`<span class="sub">by an administrator</span>` : ''}${sockets > 1 ? html`<span class="sub">${sockets} sockets</span>` : ''}`,
      html`${version ?? '–'}${outdated ? html`<span class="sub warn">newest: ${newestVersion(context.offered)}</span>` : ''}`,
      html`${onlineSince === undefined ? html`seen ${time(lastSeenAt)}` : html`online since ${time(onlineSince)}`}<span class="sub">first ${time(firstSeenAt)}</span>${clockWarning(instance.clockSkewMs)}`,
      html`${instance.requests}<span class="sub">${instance.inFlight} in flight</span>`,
      String(instance.errors),
      html`${milliseconds(instance.latency?.meanMs)}<span class="sub">p95 ${milliseconds(instance.latency?.p95Ms)}</span>`,
      state === 'revoked'
        ? link(id, 'revoke-key', 'Revoke key', who)
        : html`<span class="links">${state === 'pending' ? link(id, 'approve', 'Approve', who) : link(id, drained ? 'resume' : 'drain', drained ? 'Resume' : 'Drain', who)}
${link(id, 'revoke', 'Revoke', who)} ${link(id, 'revoke-key', 'Revoke key', who)}</span>`,
    ];
  };
  const rows = [
    ...list.rows.map(row),
    ...waiting.map(({ thumbprint, hostName, agentVersion, registeredAt }) => [
      html`${hostName ?? 'Connector'}<span class="sub"><code>${thumbprint.slice(0, 12)}…</code></span>`,
      dot('idle', 'Pending approval'),
      agentVersion ?? '–',
      html`registered ${time(registeredAt)}`,
      '–',
      '–',
      '–',
      html`<span class="links">${link(thumbprint, 'approve', 'Approve', hostName ?? thumbprint)} ${link(thumbprint, 'revoke-key', 'Revoke key', hostName ?? thumbprint)}</span>`,
    ]),
  ];
  const { column } = list;
  const columns = [
    ...(['name', 'state', 'version', 'first', 'requests', 'errors', 'latency'] as const).map((sort) => column(sort)),
    'Actions',
  ];
  const requests = certificates.map(({ thumbprint, hostName, requestedEndpoint, signInEndpoint }) =>
    requestedEndpoint === undefined
      ? ''
      : html`<p class="notice bad" role="alert"><span>${hostName ?? html`The connector with the key <code>${thumbprint.slice(0, 12)}…</code>`} registered a new sign-in address, <strong>${requestedEndpoint}</strong>, without proof of its key. Until you decide, ${signInEndpoint === undefined ? 'it has no sign-in address' : html`browsers are redirected to <strong>${signInEndpoint}</strong>`}.</span>
<span class="links">${link(thumbprint, 'confirm-change', 'Confirm', 'the new sign-in address')} ${link(thumbprint, 'dismiss-change', 'Dismiss', 'the new sign-in address')}</span></p>`,
  );
  const empty = list.emptyText('No connectors yet. Add one, and set it up beside the directory.');
  return { controls: list.controls, table: html`${requests}${table('Connectors', columns, rows, empty)}${list.pager}` };
}
