/** Request bodies: bounded in size and checked once with a schema. A problem names the field, never its value. */
import { CodedError } from '@landbridge/runtime';
import type { Context } from 'hono';
import type { z } from 'zod';

/** @throws CodedError INVALID_REQUEST, BODY_TOO_LARGE */
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
  throw invalidRequest(result.error);
}

/** For a form without files. @throws CodedError BODY_TOO_LARGE */
export async function readForm(c: Context, maxBytes: number): Promise<URLSearchParams> {
  return new URLSearchParams(await readBody(c, maxBytes));
}

/** @returns the body as text. @throws CodedError BODY_TOO_LARGE as soon as more than `maxBytes` have arrived */
async function readBody(c: Context, maxBytes: number): Promise<string> {
  const tooLarge = () => new CodedError('BODY_TOO_LARGE', `The body is larger than ${maxBytes} bytes`);
  // Node ends a body at its Content-Length, so a body that claims to fit does fit and needs no counting.
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

/** The first problem that a schema found, with the name of the field. */
export function invalidRequest({ issues: [issue] }: z.ZodError): CodedError {
  const field = issue?.path.join('.') ?? '';
  const message = issue?.message ?? 'is invalid';
  if (field === '') return new CodedError('INVALID_REQUEST', `Invalid body: ${message}`);
  // Zod says "Invalid input: expected string, received undefined".
  if (/received undefined$/.test(message)) return new CodedError('INVALID_REQUEST', `"${field}" is required`);
  const isPredicate = /^(must|is|has|cannot) /.test(message);
  return new CodedError('INVALID_REQUEST', `"${field}"${isPredicate ? '' : ':'} ${message}`);
}
