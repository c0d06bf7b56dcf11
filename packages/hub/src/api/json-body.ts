/** JSON bodies from outside: bounded in size, checked once with a schema, and a fault names the field. */
import { CodedError } from '@landbridge/runtime';
import type { Context } from 'hono';
import type { z } from 'zod';

/**
 * @throws CodedError INVALID_REQUEST (names the field, never its value), BODY_TOO_LARGE
 */
export async function readJsonBody<T>(c: Context, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  const text = await readBody(c, maxBytes);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new CodedError('INVALID_REQUEST', 'The body is not JSON');
  }
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new CodedError('INVALID_REQUEST', `${field === '' ? 'The body' : `The field "${field}"`}: ${issue?.message ?? 'is wrong'}`);
}

/** @returns the body as text. @throws CodedError BODY_TOO_LARGE as soon as more than `maxBytes` are there */
export async function readBody(c: Context, maxBytes: number): Promise<string> {
  const tooLarge = () => new CodedError('BODY_TOO_LARGE', `The body is larger than ${maxBytes} bytes`);
  // Node ends a body at its Content-Length, so a body that says it fits does fit, and needs no counting.
  const length = c.req.header('Content-Length');
  if (length !== undefined) {
    if (Number(length) > maxBytes) throw tooLarge();
    return c.req.text();
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
