/** What a directory requires of a new password, as far as it tells (capability `passwordRules`). Zero and missing values mean no rule. */
import { z } from 'zod';

const MAX_COUNT = 100_000;
const count = z.number().int().min(0).max(MAX_COUNT).optional().catch(undefined);

export const passwordRules = z.object({
  minLength: count,
  maxLength: count,
  /** Active Directory's complexity: three of four classes of characters, and no part of the user's name. */
  complexity: z.boolean().optional().catch(undefined),
  /** How many former passwords are refused. */
  history: count,
  minAgeSeconds: z.number().min(0).max(Number.MAX_SAFE_INTEGER).optional().catch(undefined),
});
export type PasswordRules = z.infer<typeof passwordRules>;
