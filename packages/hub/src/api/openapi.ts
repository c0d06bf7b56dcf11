/** The OpenAPI 3.1 document of the API, from the table of calls. */
import { z } from 'zod';
import { HUB_VERSION } from '../version.ts';
import { API_CALLS, type ApiCall } from './calls.ts';
import { problemResponse } from './responses.ts';

const PARAMETERS: Readonly<Record<string, string>> = { name: 'The name of the connection.', id: 'The id, as lists show it.' };

export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [call, description] of Object.entries(API_CALLS)) {
    const [method = '', path = ''] = call.split(' ');
    const address = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[address] = { ...paths[address], [method.toLowerCase()]: operation(call, description) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Landbridge hub',
      version: HUB_VERSION,
      description: 'Signs users in, and operates the hub. See /docs/hub-api.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api' }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: landbridge-hub key create' } },
      responses: {
        problem: { description: 'An error (RFC 9457)', content: { 'application/problem+json': { schema: outputSchema(problemResponse) } } },
      },
    },
  };
}

function operation(call: string, { summary, scope, body, query, status, response }: ApiCall): object {
  const names = [...call.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, description: PARAMETERS[name], schema: { type: 'string' } })),
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) => ({ name, in: 'query', required: false, schema: inputSchema(schema) })),
  ];
  const content = response && { content: { 'application/json': { schema: outputSchema(response) } } };
  return {
    operationId: call.replaceAll(/[^\w]+(\w)?/g, (_, letter?: string) => letter?.toUpperCase() ?? ''),
    summary,
    description: `Needs the scope \`${scope}\`.`,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: inputSchema(body) } } } }),
    responses: {
      [status]: { description: status === 204 ? 'Done' : 'Success', ...content },
      default: { $ref: '#/components/responses/problem' },
    },
  };
}

function inputSchema(schema: z.core.$ZodType): object {
  return jsonSchema(schema, 'input');
}

function outputSchema(schema: z.core.$ZodType): object {
  return jsonSchema(schema, 'output');
}

/** OpenAPI 3.1 schemas are JSON Schema 2020-12. Checks that JSON Schema cannot express are left out. */
function jsonSchema(schema: z.core.$ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
