/**
 * A connector's answer, read without trust: it may come from any version of any connector. What is clear is taken, everything
 * else is an unexpected error, and nothing raw (`inner`, password hashes) goes further.
 */
import {
  type ErrorReason,
  isWireErrorName,
  type Profile,
  profileSchema,
  type Step,
  stepsOf,
  type WireErrorName,
  wireError,
} from '@landbridge/protocol';
import { z } from 'zod';

/** `error` is the connector's own name for it; undefined where it gave none that is known. */
export type Refusal = { error: WireErrorName | undefined; profile: Profile | undefined };

/** Deeper values are no profile, and would overflow the stack when they are written as JSON. */
const MAX_DEPTH = 20;

/** Attributes that hold passwords or their hashes, in lower case. Installed connectors let some of them through. */
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

const answer = z.object({ err: z.unknown(), profile: z.unknown(), users: z.unknown(), groups: z.unknown() }).partial();
const named = z.object({ name: z.string() });

/** Reads the answer to `authenticate_user` and `change_password`. Only a profile without any `err` is a success. */
export function readProfileAnswer(payload: unknown): { profile: Profile } | Refusal {
  const { err, profile } = answer.safeParse(payload).data ?? {};
  const clean = profileSchema.safeParse(withoutSecrets(profile)).data;
  if (err === undefined || err === null) return clean === undefined ? UNEXPECTED : { profile: clean };
  return refusal(err, clean);
}

/** Reads the answer to `search_users`; entries that are no profiles are left out. */
export function readUsersAnswer(payload: unknown, limit: number | undefined): { users: Profile[] } | Refusal {
  const { err, users } = answer.safeParse(payload).data ?? {};
  if (err !== undefined && err !== null) return refusal(err, undefined);
  if (!Array.isArray(users)) return UNEXPECTED;
  const profiles: Profile[] = [];
  for (const user of users.slice(0, limit)) {
    const profile = profileSchema.safeParse(withoutSecrets(user));
    if (profile.success) profiles.push(profile.data);
  }
  return { users: profiles };
}

/** Reads the answer to `list_groups`: names, or objects where the connector is set up so. */
export function readGroupsAnswer(payload: unknown, limit: number | undefined): { groups: unknown[] } | Refusal {
  const { err, groups } = answer.safeParse(payload).data ?? {};
  if (err !== undefined && err !== null) return refusal(err, undefined);
  if (!Array.isArray(groups)) return UNEXPECTED;
  return {
    groups: groups
      .slice(0, limit)
      .map((group: unknown) => withoutSecrets(group))
      .filter((group) => group !== undefined),
  };
}

/** @returns why the connector did not find out, and whether the password may have been tried all the same; no reason where it did */
export function whyUnanswered(payload: unknown): { reason: ErrorReason | undefined; tried: boolean } {
  const { name, reason, tried } = wireError.safeParse(answer.safeParse(payload).data?.err).data ?? {};
  return { reason: isWireErrorName(name) ? undefined : reason, tried: tried !== false };
}

/** @returns the connector's own steps; none where it tells none */
export function readSteps(payload: unknown): Step[] {
  return stepsOf(payload).map((step) => ({ ...step, name: `connector: ${step.name}` }));
}

const UNEXPECTED: Refusal = { error: undefined, profile: undefined };

function refusal(err: unknown, profile: Profile | undefined): Refusal {
  const name = typeof err === 'string' ? err : named.safeParse(err).data?.name;
  return isWireErrorName(name) ? { error: name, profile } : UNEXPECTED;
}

/** @returns a copy without secret attributes; undefined in place of what is nested too deeply */
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
