/** Checks the bearer tokens of `/users`: signed by the tenant, for this audience. */
import { z } from 'zod';

/** Checks signature and times. */
export type CheckBearer = (token: string) => Promise<{ claims: Record<string, unknown> } | { refused: string }>;

const claimsSchema = z.object({
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: z.number(),
  pid: z.undefined().optional(),
});

/**
 * The tenant signs its requests over the socket and the ID tokens of its users with the same key. Neither may search the directory: requests
 * have a `pid`, and ID tokens have an application as audience.
 *
 * @param audiences the token has to be for one of these
 * @returns why the token is rejected, for the log; undefined for a valid one
 */
export async function bearerProblem(
  header: string | undefined,
  check: CheckBearer,
  audiences: readonly string[],
): Promise<string | undefined> {
  const token = /^Bearer +([A-Za-z0-9_.-]+)$/i.exec(header ?? '')?.[1];
  if (token === undefined) return 'no bearer token';
  const checked = await check(token);
  if ('refused' in checked) return checked.refused;
  const claims = claimsSchema.safeParse(checked.claims);
  if (!claims.success)
    return `invalid claim "${claims.error.issues[0]?.path.join('.') ?? ''}": a token for this needs exp and must not have pid`;
  const { aud } = claims.data;
  const given = aud === undefined ? [] : [aud].flat();
  return aud === undefined || given.some((name) => audiences.includes(name)) ? undefined : 'wrong audience';
}
