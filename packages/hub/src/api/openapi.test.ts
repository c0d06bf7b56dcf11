import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { z } from 'zod';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { API_CALLS, apiCallOf } from './calls.ts';
import { openApiDocument } from './openapi.ts';

test('the hub serves the OpenAPI document without a key, and it is valid', async (t) => {
  const { hub } = await startHubForTest(t);
  const response = await fetch(`${hub.url}/api/openapi.json`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('Content-Type') ?? '', /^application\/json/);
  const document = await response.json();
  assert.deepEqual(document, JSON.parse(JSON.stringify(openApiDocument())));
  const { valid, errors } = await new Validator().validate(document);
  assert.deepEqual(errors, undefined);
  assert.equal(valid, true);
});

test('the document has an operation of its own for each call', () => {
  const text = JSON.stringify(openApiDocument());
  const ids = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
  assert.equal(ids.length, Object.keys(API_CALLS).length);
  assert.equal(new Set(ids).size, ids.length);
});

test('a path with values belongs to the call with their names', () => {
  assert.equal(apiCallOf('GET', '/connections/corp/groups?limit=1')?.scope, 'search');
  assert.equal(apiCallOf('POST', '/connections/corp/connectors/x/drain')?.status, 204);
  assert.equal(apiCallOf('PUT', '/connections/corp'), undefined);
  assert.equal(apiCallOf('GET', '/connections/corp/x/y'), undefined);
});

test('an error is a problem that names each wrong field in plain words', async (t) => {
  const { hub, apiKey, createConnection } = await startHubForTest(t);
  await createConnection();
  const post = (path: string, body: string) =>
    fetch(`${hub.url}/api${path}`, { method: 'POST', headers: { Authorization: `Bearer ${apiKey}` }, body });
  const response = await post('/connections/corp/login', '{"username": 7, "remoteAddress": "here"}');
  assert.equal(response.status, 400);
  assert.equal(response.headers.get('Content-Type'), 'application/problem+json');
  assert.deepEqual(await response.json(), {
    type: '/docs/hub-api#invalid_request',
    title: '"username" must be a text',
    status: 400,
    error: {
      code: 'invalid_request',
      message: '"username" must be a text',
      fields: { username: 'must be a text', password: 'is required', remoteAddress: 'must be an IP address' },
    },
  });
  for (const [method, path, body, message] of [
    ['POST', '/connections/corp/search', '{"limit": 5000000}', '"limit" must be at most 1000000'],
    ['POST', '/connections/corp/search', '{"limit": 1.5}', '"limit" must be a whole number'],
    ['GET', '/connections/corp/groups?limit=many', undefined, '"limit" must be a number'],
    ['GET', '/audit?limit=5000', undefined, '"limit" must be at most 1000'],
    ['GET', '/audit?usr=anna', undefined, '"usr" is not known here'],
    ['POST', '/api-keys', '{"name": "x", "scope": []}', '"scope" is not known here'],
    ['POST', '/connections', '[]', 'The body must be an object'],
    ['POST', '/connections', '{', 'The body is not JSON'],
  ] as const) {
    await t.test(`${method} ${path} ${body ?? ''}: ${message}`, async () => {
      const refused = await fetch(`${hub.url}/api${path}`, {
        method,
        headers: { Authorization: `Bearer ${apiKey}` },
        ...(body === undefined ? {} : { body }),
      });
      assert.equal(refused.status, 400);
      assert.equal(z.object({ error: z.object({ message: z.string() }) }).parse(await refused.json()).error.message, message);
    });
  }
});
