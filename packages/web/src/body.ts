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

/** The schema should refuse unknown names: a misspelt filter would find everything. @throws CodedError INVALID_REQUEST */
export function readQuery<T>(c: Context, schema: z.ZodType<T>): T {
  const result = schema.safeParse(c.req.query());
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

/** What a schema found: the message names the first field, and `fields` all of them. */
export function invalidRequest({ issues }: z.ZodError): CodedError {
  // The first problem of each field.
  const fields = Object.fromEntries(issues.map((issue) => [fieldOf(issue), predicateOf(issue)] as const).reverse());
  const [issue] = issues;
  const field = issue === undefined ? '' : fieldOf(issue);
  const what = field === '' ? 'The body' : `"${field}"`;
  return new CodedError('INVALID_REQUEST', `${what} ${issue === undefined ? 'is invalid' : predicateOf(issue)}`, { fields });
}

function fieldOf(issue: z.core.$ZodIssue): string {
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1).map((key) => key.slice(0, 64)) : [];
  return [...issue.path, ...unknown].join('.');
}

const NUMBERS: readonly string[] = ['number', 'int', 'bigint'];
const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** In words that follow the name of a field. */
function predicateOf(issue: z.core.$ZodIssue): string {
  if (/^(must|is|has|needs|cannot) /.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'is not known here';
    case 'invalid_type':
      // Zod says "Invalid input: expected string, received undefined".
      return /received undefined$/.test(issue.message) ? 'is required' : `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `must ${NUMBERS.includes(issue.origin) ? 'be' : 'have'} at least ${issue.minimum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'too_big':
      return `must ${NUMBERS.includes(issue.origin) ? 'be' : 'have'} at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    default:
      return 'is invalid';
  }
}
