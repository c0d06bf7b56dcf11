/** Values that a browser or hub sends: from a query, a form or JSON, and the hub's request as carried in our own form. */
import type { HttpBindings } from '@hono/node-server';
import type { SignInRequest } from '@landbridge/wsfed';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';

export type FrontEnv = { Bindings: HttpBindings };
export type FrontContext = Context<FrontEnv>;

const carriedSchema = z.object({
  wa: z.string(),
  wtrealm: z.string().optional(),
  wctx: z.string().optional(),
  wreply: z.string().optional(),
  wfresh: z.string().optional(),
});
const jsonSchema = z.record(z.string(), z.unknown());

const typeOf = (c: FrontContext) => c.req.header('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase();

/** @throws HTTPException 415 */
export async function formValues(c: FrontContext): Promise<URLSearchParams> {
  if (typeOf(c) !== 'application/x-www-form-urlencoded') {
    throw new HTTPException(415, { message: 'Expected application/x-www-form-urlencoded\n' });
  }
  return new URLSearchParams(await c.req.text());
}

/** @returns the members of a form or of a JSON object. @throws HTTPException 400, 415 */
export async function bodyValues(c: FrontContext): Promise<Record<string, unknown>> {
  if (typeOf(c) !== 'application/json') return Object.fromEntries(await formValues(c));
  const parsed = jsonSchema.safeParse(await c.req.json().catch(() => undefined));
  if (!parsed.success) throw new HTTPException(400, { message: 'Expected a JSON object\n' });
  return parsed.data;
}

/** @returns the values of the query and the form. The form takes precedence, and user name and password are read only from the form. */
export function merged(c: FrontContext, values: URLSearchParams): URLSearchParams {
  const all = new URL(c.req.url).searchParams;
  for (const name of ['username', 'password']) all.delete(name);
  for (const name of values.keys()) all.delete(name);
  for (const [name, value] of values) all.append(name, value);
  return all;
}

/** @returns the hub's request as carried in our form. It can be forged, so it is validated again. */
export function carriedRequest(values: URLSearchParams): SignInRequest | undefined {
  const carried = values.get('request');
  if (carried === null) return undefined;
  try {
    const { wa, wtrealm, wctx, wreply, wfresh } = carriedSchema.parse(JSON.parse(Buffer.from(carried, 'base64url').toString()));
    return { wa, wtrealm, wctx, wreply, wfresh };
  } catch {
    return undefined;
  }
}

/** @param wfresh in minutes. 0 means that every session is too old. */
export function isFresh(at: Date, wfresh: string | undefined): boolean {
  if (wfresh === undefined || !/^\d{1,9}$/.test(wfresh)) return true;
  return Date.now() - at.getTime() < Number(wfresh) * 60_000;
}

/** A name or password that is not text is treated as empty. */
export function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
