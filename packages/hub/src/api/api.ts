/** The HTTP API of applications and operators, below `/api`: connections, tickets, and what is asked of connectors. */
import { CodedError } from '@landbridge/runtime';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { createConnection, deleteConnection, findConnection, realmOf } from '../connections/connections.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Requests, Result } from '../requests/requests.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { renewTicket, ticketUrl } from '../tickets/tickets.ts';
import { findApiKey } from './api-keys.ts';
import { failureAnswer } from './error-answers.ts';
import { readJsonBody } from './json-body.ts';

/** A user name may have 64 KB, each of its characters up to six as a JSON escape. */
const MAX_BODY_BYTES = 1024 * 1024;
const MAX_LIMIT = 1_000_000;

const newConnection = z.object({ name: z.string() });
// An empty name is asked of nobody: installed connectors end at it.
const credentials = z.object({ username: z.string().min(1, 'must not be empty'), password: z.string() });
const newCredentials = credentials.extend({ password: z.string().min(1, 'must not be empty') });
const limit = z.coerce.number('must be a number').int().min(1).max(MAX_LIMIT).optional();
const userSearch = z.object({ search: z.string().optional(), limit: z.number().int().min(1).max(MAX_LIMIT).optional() });

export function apiRoutes(parts: { store: Store; online: OnlineConnectors; requests: Requests; publicUrl: () => string }): Hono {
  const { store, online, requests, publicUrl } = parts;

  async function view(connection: Connection) {
    const certificates = await store.certificates(connection.id);
    return {
      name: connection.name,
      realm: realmOf(connection),
      createdAt: connection.createdAt,
      certificates: certificates.map(({ thumbprint, agentVersion, registeredAt }) => ({ thumbprint, agentVersion, registeredAt })),
      connectors: online
        .of(connection.id)
        .map(({ instance, remoteAddress, agentVersion, connectedAt, capabilities, draining, inFlight }) => ({
          instance,
          remoteAddress,
          agentVersion,
          connectedAt,
          capabilities,
          draining,
          inFlight,
        })),
    };
  }
  const connectionOf = (c: Context) => findConnection(store, c.req.param('name') ?? '');

  return new Hono()
    .use(async (c, next) => {
      c.header('Cache-Control', 'no-store');
      const [, secret] = /^Bearer ([\w-]+)$/i.exec(c.req.header('Authorization') ?? '') ?? [];
      if (secret === undefined || (await findApiKey(store, secret)) === undefined) {
        c.header('WWW-Authenticate', 'Bearer');
        throw new CodedError('API_KEY_INVALID', 'The Authorization header holds no valid API key', {
          action: 'Send "Authorization: Bearer KEY" with a key from "landbridge-hub key create".',
        });
      }
      await next();
    })
    .post('/connections', async (c) => {
      const { name } = await readJsonBody(c, newConnection, MAX_BODY_BYTES);
      const { connection, ticket } = await createConnection(store, name);
      return c.json({ connection: await view(connection), ticket: ticketUrl(publicUrl(), ticket) }, 201);
    })
    .get('/connections', async (c) => c.json({ connections: await Promise.all((await store.connections()).map(view)) }))
    .get('/connections/:name', async (c) => c.json({ connection: await view(await connectionOf(c)) }))
    .delete('/connections/:name', async (c) => {
      const connection = await connectionOf(c);
      await deleteConnection(store, connection.name);
      for (const connector of online.of(connection.id)) connector.close(1008, 'the connection was deleted');
      return c.body(null, 204);
    })
    .post('/connections/:name/ticket', async (c) => {
      const ticket = await renewTicket(store, c.req.param('name'));
      return c.json({ ticket: ticketUrl(publicUrl(), ticket) }, 201);
    })
    .post('/connections/:name/login', async (c) => {
      const { username, password } = await readJsonBody(c, credentials, MAX_BODY_BYTES);
      const result = await requests.login(await connectionOf(c), username, password);
      return answer(c, result, ({ profile }) => ({ profile }));
    })
    .post('/connections/:name/search', async (c) => {
      const body = await readJsonBody(c, userSearch, MAX_BODY_BYTES);
      const result = await requests.search(await connectionOf(c), body.search, body.limit);
      return answer(c, result, ({ users }) => ({ users }));
    })
    .get('/connections/:name/groups', async (c) => {
      const parsed = limit.safeParse(c.req.query('limit'));
      if (!parsed.success) throw new CodedError('INVALID_REQUEST', `The field "limit": ${parsed.error.issues[0]?.message}`);
      const result = await requests.groups(await connectionOf(c), parsed.data);
      return answer(c, result, ({ groups }) => ({ groups }));
    })
    .post('/connections/:name/change-password', async (c) => {
      const { username, password } = await readJsonBody(c, newCredentials, MAX_BODY_BYTES);
      const result = await requests.changePassword(await connectionOf(c), username, password);
      return answer(c, result, ({ profile }) => ({ profile }));
    });
}

function answer<T extends object>(c: Context, result: Result<T>, body: (result: T) => object): Response {
  if ('failure' in result) return failureAnswer(c, result.failure, result.pid);
  return c.json(body(result));
}
