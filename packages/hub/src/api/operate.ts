/** The API for operators: connections, tickets, connectors, signing keys. The changes themselves are functions of those folders. */

import { readJsonBody, readQuery } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Audit } from '../audit/audit.ts';
import { changeConnection, createConnection, deleteConnection, findConnection } from '../connections/connections.ts';
import { listInstances } from '../connectors/instances.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import { approveConnector, decideEndpoint, drainConnector, revokeInstance, revokeKey } from '../connectors/operator-actions.ts';
import type { Statistics } from '../connectors/statistics.ts';
import { listSigningKeys, retireSigningKey, rotateSigningKeys } from '../keys/rotation.ts';
import type { OfferedPackages } from '../offered-packages/offered-packages.ts';
import type { Operator } from '../operator.ts';
import type { ApiKey } from '../store/api-keys.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { installCommands, issueTicket, renewTicket, revokeTickets, ticketUrl, ticketWarning } from '../tickets/tickets.ts';
import { endpointDecision, newConnectionRequest, retireQuery, revocation, rotationRequest } from './requests.ts';
import { isForConnection } from './scopes.ts';
import { connectionView } from './views.ts';

const MAX_BODY_BYTES = 64 * 1024;

/** Set by the middleware in `api.ts`. */
export interface ApiVariables {
  Variables: { apiKey: ApiKey; remoteAddress: string | undefined };
}

export function operatorRoutes(parts: {
  store: Store;
  audit: Audit;
  online: OnlineConnectors;
  offered: Pick<OfferedPackages, 'newestConnector'>;
  statistics: Statistics;
  takeEffect: () => Promise<void>;
  publicUrl: () => string;
  enrolmentHours: number;
}): Hono<ApiVariables> {
  const { store, audit, online, takeEffect, publicUrl, enrolmentHours } = parts;

  const operatorOf = (c: Context<ApiVariables>): Operator => ({
    store,
    audit,
    actor: `api-key:${c.get('apiKey').id}`,
    remoteAddress: c.get('remoteAddress'),
    takeEffect,
  });
  const nameOf = (c: Context) => c.req.param('name') ?? '';
  const idOf = (c: Context) => c.req.param('id') ?? '';

  async function view(connection: Connection) {
    return {
      ...(await connectionView(store, enrolmentHours, connection)),
      connectors: online
        .of(connection.id)
        .map(({ instance, remoteAddress, agentVersion, connectedAt, clockSkewMs, capabilities, draining, inFlight, eligibility }) => ({
          instance,
          remoteAddress,
          agentVersion,
          connectedAt,
          clockSkewMs,
          capabilities,
          draining,
          inFlight,
          eligibility: eligibility(),
        })),
    };
  }

  function ticketAnswer(ticket: string) {
    const url = ticketUrl(publicUrl(), ticket);
    return { ticket: url, install: installCommands(url), warning: ticketWarning(url) };
  }

  async function decide(c: Context<ApiVariables>, confirmed: boolean): Promise<Response> {
    const { signInEndpoint: endpoint } = await readJsonBody(c, endpointDecision, MAX_BODY_BYTES);
    await decideEndpoint(operatorOf(c), nameOf(c), idOf(c), { endpoint, confirmed });
    return c.body(null, 204);
  }

  return new Hono<ApiVariables>()
    .post('/connections', async (c) => {
      const { name } = await readJsonBody(c, newConnectionRequest, MAX_BODY_BYTES);
      const connection = await createConnection(operatorOf(c), name);
      const ticket = await issueTicket(operatorOf(c), name);
      return c.json({ connection: await view(connection), ...ticketAnswer(ticket) }, 201);
    })
    .get('/connections', async (c) => {
      const connections = (await store.connections()).filter((connection) => isForConnection(c.get('apiKey'), connection));
      return c.json({ connections: await Promise.all(connections.map(view)) });
    })
    .get('/connections/:name', async (c) => c.json({ connection: await view(await findConnection(store, nameOf(c))) }))
    .patch('/connections/:name', async (c) => {
      const changes = await readJsonBody(c, z.unknown(), MAX_BODY_BYTES);
      return c.json({ connection: await view(await changeConnection(operatorOf(c), nameOf(c), changes)) });
    })
    .delete('/connections/:name', async (c) => {
      await deleteConnection(operatorOf(c), nameOf(c));
      return c.body(null, 204);
    })
    .post('/connections/:name/ticket', async (c) => c.json(ticketAnswer(await renewTicket(operatorOf(c), nameOf(c))), 201))
    .delete('/connections/:name/ticket', async (c) => {
      await revokeTickets(operatorOf(c), nameOf(c));
      return c.body(null, 204);
    })
    .post('/connections/:name/connectors', async (c) => c.json(ticketAnswer(await issueTicket(operatorOf(c), nameOf(c))), 201))
    .get('/connections/:name/connectors', async (c) =>
      c.json({ connectors: await listInstances(parts, await findConnection(store, nameOf(c))) }),
    )
    .post('/connections/:name/connectors/:id/approve', async (c) => {
      await approveConnector(operatorOf(c), nameOf(c), idOf(c));
      return c.body(null, 204);
    })
    .post('/connections/:name/connectors/:id/drain', async (c) => {
      await drainConnector(operatorOf(c), nameOf(c), idOf(c), 'drain');
      return c.body(null, 204);
    })
    .post('/connections/:name/connectors/:id/resume', async (c) => {
      await drainConnector(operatorOf(c), nameOf(c), idOf(c), 'resume');
      return c.body(null, 204);
    })
    .post('/connections/:name/connectors/:id/revoke', async (c) => {
      const { key = false } = await readJsonBody(c, revocation, MAX_BODY_BYTES);
      await (key ? revokeKey : revokeInstance)(operatorOf(c), nameOf(c), idOf(c));
      return c.body(null, 204);
    })
    .post('/connections/:name/connectors/:id/confirm-change', (c) => decide(c, true))
    .post('/connections/:name/connectors/:id/dismiss-change', (c) => decide(c, false))
    .get('/signing-keys', async (c) => c.json({ keys: await listSigningKeys(store) }))
    .post('/signing-keys/rotate', async (c) => {
      const { graceHours } = await readJsonBody(c, rotationRequest, MAX_BODY_BYTES);
      await rotateSigningKeys(operatorOf(c), graceHours);
      return c.json({ keys: await listSigningKeys(store) }, 201);
    })
    .delete('/signing-keys/:id', async (c) => {
      const { anyway } = readQuery(c, retireQuery);
      await retireSigningKey(operatorOf(c), idOf(c), { anyway: anyway === 'true' });
      return c.body(null, 204);
    });
}
