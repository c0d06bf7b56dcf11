/**
 * The outcome of a request, and its form on the wire: a connector encodes with `encodeAnswer`, a hub reads with `parseAnswer`, each
 * once. A hub trusts no answer: it may come from any version of any connector. Clear answers are kept, anything else is an unexpected error,
 * and nothing raw (`inner`, password hashes) gets past this file.
 */
import { z } from 'zod';
import type { Capability } from './capabilities.ts';
import {
  ERROR_REASONS,
  type ErrorReason,
  type FailureCode,
  isWireErrorName,
  UNEXPECTED_ERROR,
  WIRE_ERRORS,
  type WireErrorName,
} from './failures.ts';
import { type PasswordRules, passwordRules } from './password-rules.ts';
import type { RequestName } from './requests.ts';
import { type Step, stepsSchema } from './steps.ts';

/** A mapped profile: any JSON object the mapper made. */
export type Profile = Record<string, unknown>;
export const profileSchema: z.ZodType<Profile> = z.record(z.string(), z.unknown());

/** A user's immutable id, or whatever text an Auth0 connector's mapper makes of `id`. */
const subjectText = z.string().regex(/\S/).max(1024);

export interface Failure {
  code: FailureCode;
  /** The connector's own name for it: for operators, never for the user. */
  wireName?: WireErrorName | undefined;
  /** The mapper's profile of the user's entry; `{username}` for an unknown user. */
  profile?: Profile | undefined;
  /** The user's immutable id, if the user was found. */
  subject?: string | undefined;
  /** A rule of the connector denied the user. Hubs are only told that the password is wrong. */
  denied?: true | undefined;
  /** Several users have the name, so it counts as unknown. The hub's operators see this, but users do not. */
  isAmbiguous?: true | undefined;
  /** The password cannot have reached the directory, so that another connector may be asked. */
  tried?: false | undefined;
  /** The error behind an unnamed failure, for the hub's operators; nothing from the user's entry. */
  inner?: { code?: string; message: string } | undefined;
  /** When the next attempt is admitted. */
  retryAfterSeconds?: number | undefined;
  /** What the directory requires of a new password, if the user must choose one. */
  rules?: PasswordRules | undefined;
}

/**
 * A user's profile, and the immutable id that tells users apart: no mapper, and no user or administrator of the directory, can set it. For
 * hubs, a connector without the capability `subject` has only the profile's `id`.
 */
export interface KnownUser {
  profile: Profile;
  subject?: string | undefined;
  /** From the directory, for our hub: Auth0's default profile has it only for Active Directory. On the wire it is the profile's `username`. */
  accountName?: string | undefined;
}

/** Signed in, or not. `cachedAt`: no directory answered, and the profile is from the credential cache. */
export type SignInOutcome = (KnownUser & { cachedAt?: Date | undefined }) | { failure: Failure };

/** The result of each request if it succeeds. */
interface Successes {
  authenticate_user: KnownUser;
  search_users: { users: Profile[] };
  list_groups: { groups: unknown[] };
  change_password: KnownUser;
  /** By subject, in milliseconds since 1970. Users who may not sign in are omitted. */
  password_times: { times: Readonly<Record<string, number>> };
}
export type RequestOutcome<N extends RequestName> = Successes[N] | { failure: Failure };

/** @returns the profile for our hub: with `username`, as in Auth0's normalised user profile, unless the mapper set it */
export function withAccountName({ profile, accountName }: Pick<KnownUser, 'profile' | 'accountName'>): Profile {
  return accountName === undefined || profile.username !== undefined ? profile : { ...profile, username: accountName };
}

/** @returns the failure for one of the contract's named errors */
export function namedFailure(wireName: WireErrorName, profile: Profile): Failure {
  return { code: WIRE_ERRORS[wireName].code, wireName, profile };
}

/** @param knows what the hub understands @returns the payload of the answer, to the letter of the contract */
export function encodeAnswer(
  name: RequestName,
  outcome: RequestOutcome<RequestName>,
  knows: (capability: Capability) => boolean,
  steps: readonly Step[],
): object {
  const { subject, ...plain } =
    'failure' in outcome
      ? { subject: outcome.failure.subject, ...encodeFailure(outcome.failure, knows) }
      : { subject: undefined, ...('profile' in outcome ? encodeUser(outcome, knows('subject')) : outcome) };
  const answer = subject === undefined || !knows('subject') ? plain : { ...plain, subject };
  return name === 'authenticate_user' && knows('steps') ? { ...answer, steps } : answer;
}

function encodeUser(user: KnownUser, isOurHub: boolean): object {
  const { accountName: _, ...plain } = user;
  return isOurHub ? { ...plain, profile: withAccountName(user) } : plain;
}

function encodeFailure(failure: Failure, knows: (capability: Capability) => boolean): object {
  const { code, wireName, profile = {}, isAmbiguous, tried, inner, retryAfterSeconds, rules } = failure;
  const withReason = knows('reasons');
  if (wireName === undefined) {
    const reason = reasonOf(code);
    const added = { ...(reason === undefined ? {} : { reason }), ...(tried === undefined ? {} : { tried }) };
    return { err: { message: UNEXPECTED_ERROR, inner, ...(withReason ? added : {}) } };
  }
  const { message } = WIRE_ERRORS[wireName];
  if (wireName === 'WrongUsername') {
    const added = withReason && isAmbiguous ? { ambiguous: true } : {};
    return { err: { message, username: profile.username, name: wireName, ...added }, profile };
  }
  // By its name it is a wrong password, which is all that Auth0 knows.
  const added = withReason && code === 'too_many_attempts' ? { reason: code, retryAfterSeconds } : {};
  return {
    err: { message, profile, name: wireName, ...added, ...(knows('passwordRules') && rules !== undefined ? { rules } : {}) },
    profile,
  };
}

function reasonOf(code: FailureCode): ErrorReason | undefined {
  return REASONS.find((reason) => ERROR_REASONS[reason] === code);
}
const REASONS = ['directory_unavailable', 'busy', 'too_many_attempts'] as const satisfies ErrorReason[];

/** A directory may keep a wrong password in its count for weeks. */
const MAX_RETRY_AFTER_SECONDS = 366 * 86_400;

const wireError = z.object({
  name: z.string().optional().catch(undefined),
  reason: z.enum(REASONS).optional().catch(undefined),
  ambiguous: z.literal(true).optional().catch(undefined),
  tried: z.literal(false).optional().catch(undefined),
  rules: passwordRules.optional().catch(undefined),
  retryAfterSeconds: z.number().int().positive().max(MAX_RETRY_AFTER_SECONDS).optional().catch(undefined),
});

const anyAnswer = z.object({
  err: z
    .union([z.string().transform((name) => ({ name })), wireError])
    .nullish()
    .catch({}),
  profile: z.unknown().transform(cleanProfile).optional(),
  users: z.array(z.unknown()).optional().catch(undefined),
  groups: z.array(z.unknown()).optional().catch(undefined),
  times: z.record(z.string(), z.number()).optional().catch(undefined),
  subject: subjectText.optional().catch(undefined),
  steps: stepsSchema.catch([]),
});
type AnyAnswer = z.infer<typeof anyAnswer>;

const UNEXPECTED: { failure: Failure } = { failure: { code: 'connector_error' } };

/** Only an answer without any `err` is a success. Entries that are not profiles are left out of a list. */
const readers: { [N in RequestName]: (answer: AnyAnswer) => RequestOutcome<N> } = {
  authenticate_user: ({ profile, subject }) => (profile === undefined ? UNEXPECTED : { profile, subject }),
  change_password: ({ profile, subject }) => (profile === undefined ? UNEXPECTED : { profile, subject }),
  search_users: ({ users }) =>
    users === undefined ? UNEXPECTED : { users: users.map(cleanProfile).filter((profile) => profile !== undefined) },
  list_groups: ({ groups }) =>
    groups === undefined ? UNEXPECTED : { groups: groups.map((group) => withoutSecrets(group)).filter((group) => group !== undefined) },
  password_times: ({ times }) => (times === undefined ? UNEXPECTED : { times }),
};

/** @param knows the capabilities negotiated with the connector @returns the outcome of the request, and the connector's own steps */
export function parseAnswer<N extends RequestName>(
  name: N,
  payload: unknown,
  knows: (capability: Capability) => boolean,
): { outcome: RequestOutcome<N>; steps: Step[] } {
  const { success, data } = anyAnswer.safeParse(payload);
  if (!success) return { outcome: UNEXPECTED, steps: [] };
  const { err, profile } = data;
  const subject = knows('subject') ? data.subject : subjectText.safeParse(profile?.id).data;
  const steps = knows('steps') ? data.steps : [];
  if (err === undefined || err === null) return { outcome: readers[name]({ ...data, subject }), steps };
  if (knows('reasons') && 'reason' in err && err.reason === 'too_many_attempts') {
    const { retryAfterSeconds } = err;
    return { outcome: { failure: { code: 'too_many_attempts', profile, subject, retryAfterSeconds } }, steps };
  }
  if (isWireErrorName(err.name)) {
    const added = knows('reasons') && 'ambiguous' in err && err.ambiguous ? { isAmbiguous: err.ambiguous } : {};
    const rules = knows('passwordRules') && 'rules' in err && err.rules ? { rules: err.rules } : {};
    return { outcome: { failure: { code: WIRE_ERRORS[err.name].code, wireName: err.name, profile, subject, ...added, ...rules } }, steps };
  }
  if (!knows('reasons') || !('reason' in err) || err.reason === undefined) return { outcome: UNEXPECTED, steps };
  return { outcome: { failure: { code: ERROR_REASONS[err.reason], tried: err.tried } }, steps };
}

/** No profile is nested deeper, and deeper values would overflow the stack when they are written as JSON. */
const MAX_DEPTH = 20;

/** Attributes that hold passwords or their hashes, in lower case. Auth0 connectors let some of them through. */
const SECRET_ATTRIBUTES = new Set([
  'userpassword',
  'unicodepwd',
  'ntpwdhistory',
  'lmpwdhistory',
  'dbcspwd',
  'supplementalcredentials',
  'sambantpassword',
  'sambalmpassword',
  'sambapasswordhistory',
  'krbprincipalkey',
  'ms-mcs-admpwd',
  'mslaps-password',
  'msds-managedpassword',
]);

/** @returns a copy without secret attributes and deeply nested values; undefined if it is not a profile */
export function cleanProfile(value: unknown): Profile | undefined {
  return profileSchema.safeParse(withoutSecrets(value)).data;
}

/** @returns a copy without secret attributes; undefined in place of a value that is nested too deeply */
function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return undefined;
  if (Array.isArray(value)) return value.map((item: unknown) => withoutSecrets(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !SECRET_ATTRIBUTES.has(key.toLowerCase()))
      .map(([key, item]: [string, unknown]) => [key, withoutSecrets(item, depth + 1)]),
  );
}
