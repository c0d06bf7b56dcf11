/** The named errors of a connector's answers, and the `ldapStatus` of each (docs/protocol.md, sections 2.4 and 3.2). */
import { z } from 'zod';

/** A mapped profile: whatever the mapper made, as JSON. */
export type Profile = Record<string, unknown>;
export const profileSchema: z.ZodType<Profile> = z.record(z.string(), z.unknown());

export const LDAP_STATUS = [
  'active',
  'password_expired',
  'account_disabled',
  'account_expired',
  'password_change_required',
  'account_locked',
  'wrong_password',
  'insufficient_access_rights',
  'password_complexity_error',
] as const;
type LdapStatus = (typeof LDAP_STATUS)[number];

export const WIRE_ERRORS = {
  WrongUsername: { message: 'Wrong username', ldapStatus: undefined },
  WrongPassword: { message: 'Wrong password', ldapStatus: 'wrong_password' },
  PasswordExpired: { message: 'Password expired', ldapStatus: 'password_expired' },
  AccountDisabled: { message: 'Account disabled', ldapStatus: 'account_disabled' },
  AccountExpired: { message: 'Account expired', ldapStatus: 'account_expired' },
  PasswordChangeRequired: { message: 'Password change required', ldapStatus: 'password_change_required' },
  AccountLocked: { message: 'Account locked', ldapStatus: 'account_locked' },
  InsufficientAccessRightsError: { message: 'Service Account has Insufficient Access Rights', ldapStatus: 'insufficient_access_rights' },
  // The apostrophe is U+2019, as installed connectors send it.
  PasswordComplexityError: { message: 'Password doesn’t meet minimum requirements', ldapStatus: 'password_complexity_error' },
} as const satisfies Record<string, { message: string; ldapStatus: LdapStatus | undefined }>;

export type WireErrorName = keyof typeof WIRE_ERRORS;
/** The message of anything that has no name. */
export const UNEXPECTED_ERROR = 'Unexpected Error';

/**
 * Why an error without a name came, for hubs that know `reasons`: the directory does not answer, or the connector has too much to do.
 */
export const ERROR_REASONS = ['directory_unavailable', 'busy'] as const;
export type ErrorReason = (typeof ERROR_REASONS)[number];

/**
 * `{name, message, profile}` for a named error, `{message, inner}` for any other. `reason` and `tried` are our additions; `tried:
 * false` says that the password of this request cannot have reached the directory, so that another connector may be asked.
 */
export type WireError = z.infer<typeof wireError>;
export const wireError = z.object({
  name: z.string().optional(),
  message: z.string(),
  username: z.string().optional(),
  profile: profileSchema.optional(),
  inner: z.unknown().optional(),
  reason: z.enum(ERROR_REASONS).optional().catch(undefined),
  tried: z.literal(false).optional().catch(undefined),
});

export function isWireErrorName(name: string | undefined): name is WireErrorName {
  return name !== undefined && Object.hasOwn(WIRE_ERRORS, name);
}
