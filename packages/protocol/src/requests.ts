/**
 * Requests of a hub to a connector as the claims of a signed `jwt`, and the frame names of their answers (docs/protocol.md, section 2.3).
 *
 * Auth0's hub sends them too, so they are read leniently. A missing name or password, or one of another type, is read as an empty one, which no
 * user has. So user input never causes a program error.
 */
import { z } from 'zod';

export const REQUEST_NAMES = ['authenticate_user', 'search_users', 'list_groups', 'change_password', 'password_times'] as const;
export type RequestName = (typeof REQUEST_NAMES)[number];

/** Part of a frame's name and of log lines. Hubs use a tenth of this length. */
const pid = z.union([z.string().min(1).max(256), z.number().transform(String)]);
const absentAsEmpty = z
  .string()
  .nullish()
  .transform((text) => text ?? '');
const escaped = z
  .unknown()
  .optional()
  .transform((value) => value === true);
/** Zero and negative limits make no sense, and mean no limit, as an absent one does. */
const limit = z
  .union([z.number(), z.string().transform(Number)])
  .nullish()
  .transform((value) => (value !== undefined && value !== null && Number.isFinite(value) && value >= 1 ? Math.floor(value) : undefined));

/** Numbers are accepted as names, because applications may send them. Numeric passwords are not: they have lost leading zeros. */
const userName = z.unknown().transform((value) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''));
const password = z.unknown().transform((value) => (typeof value === 'string' ? value : ''));

const loginClaims = z.object({ pid, username: userName.default(''), password: password.default(''), escaped });
// Only a missing old password makes it a reset. Any other value must be the right one.
const changePasswordClaims = loginClaims.extend({
  oldPassword: z
    .unknown()
    .transform((value) => (value === undefined ? undefined : typeof value === 'string' ? value : ''))
    .optional(),
});
const searchUsersClaims = z.object({ pid, search: absentAsEmpty, limit, escaped });
const listGroupsClaims = z.object({ pid, limit });
const passwordTimesClaims = z.object({ pid, subjects: z.array(z.string().min(1).max(1024)).max(1000) });

/** `authenticate_user`. `escaped`: the hub has already escaped the name for a filter (RFC 4515). */
export type LoginClaims = z.infer<typeof loginClaims>;
/** `change_password`. Without `oldPassword` it is an administrator's reset; with it, the user's own change (capability `changeOwnPassword`). */
export type ChangePasswordClaims = z.infer<typeof changePasswordClaims>;
/** `search_users`. An empty `search` finds all users. */
export type SearchUsersClaims = z.infer<typeof searchUsersClaims>;
export type ListGroupsClaims = z.infer<typeof listGroupsClaims>;
/** `password_times`, only between our programs (capability `passwordTimes`). */
export type PasswordTimesClaims = z.infer<typeof passwordTimesClaims>;

export interface RequestClaims {
  authenticate_user: LoginClaims;
  search_users: SearchUsersClaims;
  list_groups: ListGroupsClaims;
  change_password: ChangePasswordClaims;
  password_times: PasswordTimesClaims;
}

const schemas: { [N in RequestName]: z.ZodType<RequestClaims[N]> } = {
  authenticate_user: loginClaims,
  search_users: searchUsersClaims,
  list_groups: listGroupsClaims,
  change_password: changePasswordClaims,
  password_times: passwordTimesClaims,
};

/** @returns the claims, or a sentence with the name of the invalid claim, never its value: it may be the password */
export function claimsOf<N extends RequestName>(name: N, claims: unknown): { claims: RequestClaims[N] } | { problem: string } {
  const result = schemas[name].safeParse(claims);
  if (result.success) return { claims: result.data };
  const issue = result.error.issues[0];
  return { problem: `the claim "${issue?.path.join('.') ?? ''}" of ${name} has the wrong type` };
}

const onlyPid = z.object({ pid });

/** @returns the pid, even if other claims are invalid: the answer needs it */
export function pidOf(claims: unknown): string | undefined {
  return onlyPid.safeParse(claims).data?.pid;
}

/** @returns the frame name of the answer to a request with this pid */
export function answerName(name: RequestName, pid: string): string {
  switch (name) {
    case 'authenticate_user':
      return `${pid}_result`;
    case 'search_users':
      return `${pid}_search_users_result`;
    case 'list_groups':
      return `${pid}_list_groups_result`;
    case 'change_password':
      return `${pid}_change_password_result`;
    case 'password_times':
      return `${pid}_password_times_result`;
  }
}
