/** An answer of the connector as it is on the wire; `answers.ts` is to take its place. */
import { z } from 'zod';
import { type Profile, profileSchema } from './answers.ts';
import type { ErrorReason } from './failures.ts';

export const wireError = z.object({
  name: z.string().optional(),
  message: z.string(),
  username: z.string().optional(),
  profile: profileSchema.optional(),
  inner: z.unknown().optional(),
  reason: z
    .enum(['directory_unavailable', 'busy'] satisfies ErrorReason[])
    .optional()
    .catch(undefined),
  tried: z.literal(false).optional().catch(undefined),
});
export type WireError = z.infer<typeof wireError>;

/** The answer to `authenticate_user` and `change_password`. */
export type AuthenticateAnswer = { profile: Profile } | { err: WireError; profile?: Profile };
