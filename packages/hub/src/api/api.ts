/** The HTTP API below `/api`: authentication, and the requests of applications; `operate.ts` has those of operators. */

import type { Failure } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { clientAddressOf, readJsonBody, readQuery } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { auditPage, auditRequest } from '../audit/query.ts';
import { connectionNotFound, findConnection } from '../connections/connections.ts';
import { noteCorrelation } from '../operations/request-log.ts';
import type { Requests, Traced } from '../requests/requests.ts';
import type { SignIn, SignInResult } from '../sign-in/sign-in.ts';
import { findApiKey } from './api-keys.ts';
import { clientApi } from './clients.ts';
import { failureAnswer } from './error-answers.ts';
import { apiKeyApi } from './keys.ts';
import { openApiDocument } from './openapi.ts';
import { type ApiVariables, operatorRoutes } from './operate.ts';
import { changePasswordRequest, groupsQuery, loginRequest, userSearchRequest } from './requests.ts';
import { isForConnection, requireScope, requireScopeOfCall } from './scopes.ts';

/** A user name may have 64 KB, each of its characters up to six as a JSON escape. */
const MAX_BODY_BYTES = 1024 * 1024;
export function apiRoutes(parts: { requests: Requests; signIn: SignIn } & Parameters<typeof operatorRoutes>[0]): Hono<ApiVariables> {
  const { store, requests, signIn } = parts;
  const connectionOf = (c: Context) => findConnection(store, c.req.param('name') ?? '');

  return (
    new Hono<ApiVariables>()
      // The same for every hub, so without a key.
      .get('/openapi.json', (c) => c.json(openApiDocument()))
      .use(async (c, next) => {
        c.header('Cache-Control', 'no-store');
        const [, secret] = /^Bearer ([\w-]+)$/i.exec(c.req.header('Authorization') ?? '') ?? [];
        const remoteAddress = clientAddressOf(c);
        const apiKey = secret === undefined ? undefined : await findApiKey(store, secret, remoteAddress);
        if (apiKey === undefined) {
          c.header('WWW-Authenticate', 'Bearer');
          throw new CodedError('API_KEY_INVALID', 'The Authorization header has no valid API key', {
            action: 'Send "Authorization: Bearer KEY" with a key from "landbridge-hub key create".',
          });
        }
        c.set('apiKey', apiKey);
        c.set('remoteAddress', remoteAddress);
        requireScopeOfCall(c, apiKey);
        await next();
      })
      .use('/connections/:name/*', async (c, next) => {
        const connection = await store.connectionByName(c.req.param('name'));
        // A connection outside the key's permissions looks like a missing one.
        if (connection !== undefined && !isForConnection(c.get('apiKey'), connection)) throw connectionNotFound(connection.name);
        await next();
      })
      .post('/connections/:name/login', async (c) => {
        const { username, password, remoteAddress, profileOnFailure } = await readJsonBody(c, loginRequest, MAX_BODY_BYTES);
        const attempt = { connection: await connectionOf(c), username, password, remoteAddress, via: 'api' } as const;
        return signInAnswer(c, await signIn.login(attempt), profileOnFailure);
      })
      .post('/connections/:name/search', async (c) => {
        const body = await readJsonBody(c, userSearchRequest, MAX_BODY_BYTES);
        const result = await requests.search(await connectionOf(c), body.search, body.limit);
        return answer(c, result, ({ users }) => ({ users }));
      })
      .get('/connections/:name/groups', async (c) => {
        const { limit } = readQuery(c, groupsQuery);
        const result = await requests.groups(await connectionOf(c), limit);
        return answer(c, result, ({ groups }) => ({ groups }));
      })
      .post('/connections/:name/change-password', async (c) => {
        const { username, password, oldPassword, remoteAddress, profileOnFailure } = await readJsonBody(
          c,
          changePasswordRequest,
          MAX_BODY_BYTES,
        );
        const connection = await connectionOf(c);
        requireScope(c.get('apiKey'), oldPassword === undefined ? 'reset-password' : 'sign-in');
        if (oldPassword !== undefined) {
          const attempt = { connection, username, password: oldPassword, remoteAddress, via: 'api' } as const;
          return signInAnswer(c, await signIn.changePassword({ ...attempt, newPassword: password }), profileOnFailure);
        }
        const by = { actor: `api-key:${c.get('apiKey').id}`, remoteAddress: c.get('remoteAddress') };
        const result = await signIn.resetPassword({ ...by, connection, username, newPassword: password });
        return answer(c, result, ({ subject, profile }) => ({ subject, profile }), profileOnFailure);
      })
      .route('/', operatorRoutes(parts))
      .route('/', clientApi(parts))
      .route('/', apiKeyApi(parts))
      .get('/audit', async (c) => {
        readQuery(c, auditRequest.strict());
        return c.json(await auditPage(store, c.req.query()));
      })
  );
}

function signInAnswer(c: Context, result: SignInResult, profileOnFailure: boolean | undefined): Response {
  const body = ({ subject, profile, cachedAt }: Exclude<SignInResult, { failure: Failure }>) => ({
    ...{ subject, profile, cachedAt },
    from: cachedAt === undefined ? 'directory' : 'cache',
  });
  return answer(c, result, body, profileOnFailure);
}

function answer<T extends object>(
  c: Context,
  result: Traced<T | { failure: Failure }>,
  body: (result: T) => object,
  profileOnFailure = false,
): Response {
  // Sign-ins have noted it already; resets, searches and lists of groups have not.
  noteCorrelation(result.correlationId);
  return 'failure' in result ? failureAnswer(c, result, profileOnFailure) : c.json(body(result));
}
