/** Who may search people at `/users`: whoever has a token of the tenant's that was made for it. */
import { z } from 'zod';

/** Signature and times are checked by whoever is given; what it is for is checked here. */
export type CheckBearer = (token: string) => Promise<{ claims: Record<string, unknown> } | { refused: string }>;

const claimsSchema = z.object({
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: z.number(),
  pid: z.undefined().optional(),
});

/**
 * The tenant signs with the same key what it asks over the socket, and the ID tokens of everybody who signs in anywhere. Neither may
 * open the directory: the first have a `pid`, the others an application as audience.
 *
 * @param audiences for whom a token may be that names one
 * @returns undefined where the token is good, else why it is not, for the log
 */
export async function bearerProblem(
  header: string | undefined,
  check: CheckBearer,
  audiences: readonly string[],
): Promise<string | undefined> {
  const token = /^Bearer +([A-Za-z0-9_.-]+)$/i.exec(header ?? '')?.[1];
  if (token === undefined) return 'there is no bearer token';
  const checked = await check(token);
  if ('refused' in checked) return checked.refused;
  const claims = claimsSchema.safeParse(checked.claims);
  if (!claims.success)
    return `its claim "${claims.error.issues[0]?.path.join('.') ?? ''}" does not fit: a token for this has exp and no pid`;
  const { aud } = claims.data;
  const given = aud === undefined ? [] : [aud].flat();
  return aud === undefined || given.some((name) => audiences.includes(name)) ? undefined : 'it is for another audience';
}
