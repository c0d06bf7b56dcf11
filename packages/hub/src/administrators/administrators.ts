/**
 * The hub's administrators. This folder owns inviting, removing and authenticating them, and their roles. A one-time link lets a new
 * administrator set a password and a second factor, and expires once both are set.
 */

import { randomUUID } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { newSecretToken } from '@landbridge/web';
import { type Operator, recordChange } from '../operator.ts';
import { ADMINISTRATOR_ROLES, type Administrator, type AdministratorRole, type ProviderIdentity } from '../store/administrators.ts';
import type { Store } from '../store/store.ts';

export const DASHBOARD_PATH = '/dashboard';
export const INVITATION_LIFETIME_HOURS = 24;
const FIRST_NAME = 'admin';
/** Shown in the audit log and in lists. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u;

export const NEW_ADMINISTRATOR = {
  passwordHash: undefined,
  totpSecret: undefined,
  issuer: undefined,
  subject: undefined,
  roleFromClaims: false,
  lastSignInAt: undefined,
} as const;

/** Whether the administrator can sign in, with or without the OpenID provider. */
export async function isReady(store: Store, administrator: Administrator): Promise<boolean> {
  return administrator.issuer !== undefined || (await hasLocalSignIn(store, administrator));
}

/** Whether the administrator has a password and a second factor in this hub. */
export async function hasLocalSignIn(store: Store, { id, passwordHash, totpSecret }: Administrator): Promise<boolean> {
  return passwordHash !== undefined && (totpSecret !== undefined || (await store.passkeys(id)).length > 0);
}

/** @throws CodedError ROLE_INVALID */
export function roleOf(text: string): AdministratorRole {
  const role = ADMINISTRATOR_ROLES.find((known) => known === text);
  if (role !== undefined) return role;
  throw new CodedError('ROLE_INVALID', `A role must be one of ${ADMINISTRATOR_ROLES.join(', ')}`);
}

/** @returns the link for a new administrator. @throws CodedError ADMINISTRATOR_NAME_INVALID, ADMINISTRATOR_EXISTS */
export async function inviteAdministrator(
  operator: Operator,
  publicUrl: string,
  name: string,
  role: AdministratorRole = 'owner',
): Promise<string> {
  return newLink(operator.store, publicUrl, await addAdministrator(operator, name, role));
}

/**
 * Adds an administrator who signs in with the OpenID provider and needs no link.
 * @throws CodedError ADMINISTRATOR_NAME_INVALID, ADMINISTRATOR_EXISTS, SUBJECT_INVALID
 */
export async function addProviderAdministrator(
  operator: Operator,
  name: string,
  role: AdministratorRole,
  identity: ProviderIdentity,
): Promise<void> {
  if (!/^[\x21-\x7e]{1,255}$/.test(identity.subject)) {
    throw new CodedError('SUBJECT_INVALID', 'A subject has 1 to 255 printable ASCII characters (OpenID Connect Core, section 2)', {
      fields: { subject: 'must have 1 to 255 printable ASCII characters' },
    });
  }
  await addAdministrator(operator, name, role, identity);
}

async function addAdministrator(
  operator: Operator,
  name: string,
  role: AdministratorRole,
  identity?: ProviderIdentity,
): Promise<Administrator> {
  if (!NAME.test(name)) {
    throw new CodedError('ADMINISTRATOR_NAME_INVALID', 'An administrator name must have 1 to 64 letters, digits or . _ @ + -', {
      fields: { name: 'must have 1 to 64 letters, digits or . _ @ + -' },
    });
  }
  const administrator = { ...NEW_ADMINISTRATOR, id: randomUUID(), name, role, createdAt: new Date(), ...identity };
  if (!(await operator.store.addAdministrator(administrator))) {
    throw new CodedError(
      'ADMINISTRATOR_EXISTS',
      `Administrator "${name}"${identity === undefined ? '' : ', or one with this subject,'} already exists`,
      {
        action: 'To create a new link, use "reset".',
        fields: { name: 'is the name of another administrator' },
      },
    );
  }
  await recordChange(operator, {
    action: 'administrator.invite',
    subject: name,
    detail: identity === undefined ? role : `${role}, subject ${identity.subject}`,
  });
  return administrator;
}

/**
 * Removes the credentials of an administrator who has lost them, or whose account may be compromised: password, second factors, binding to a provider
 * and sessions.
 * @returns a new link. @throws CodedError ADMINISTRATOR_NOT_FOUND, INVALID_REQUEST
 */
export async function resetAdministrator(operator: Operator, publicUrl: string, name: string): Promise<string> {
  const { store } = operator;
  const administrator = await findAdministrator(store, name);
  if (administrator.roleFromClaims) throw followsClaims(administrator, 'account');
  await store.changeAdministrator(administrator.id, { passwordHash: undefined, totpSecret: undefined });
  await store.bindIdentity(administrator.id, undefined);
  for (const { id } of await store.passkeys(administrator.id)) await store.removePasskey(administrator.id, id);
  await store.replaceRecoveryCodes(administrator.id, []);
  await store.removeSessions(administrator.id);
  await recordChange(operator, { action: 'administrator.reset', subject: administrator.name });
  return newLink(store, publicUrl, administrator);
}

/** Also ends their sessions, so that no page with the old permissions stays open. @throws CodedError ADMINISTRATOR_NOT_FOUND, LAST_ADMINISTRATOR */
export async function changeAdministratorRole(operator: Operator, name: string, role: AdministratorRole): Promise<void> {
  const { store } = operator;
  const administrator = await findAdministrator(store, name);
  if (administrator.roleFromClaims) throw followsClaims(administrator, 'role');
  if (administrator.role === role) return;
  if (!(await store.changeRole(administrator.id, role))) throw lastOwner(administrator);
  await store.removeSessions(administrator.id);
  await recordChange(operator, { action: 'administrator.role', subject: administrator.name, detail: `${administrator.role} → ${role}` });
}

/** Ends the sessions too. @throws CodedError ADMINISTRATOR_NOT_FOUND, LAST_ADMINISTRATOR */
export async function removeAdministrator(operator: Operator, name: string): Promise<void> {
  const { store } = operator;
  const administrator = await findAdministrator(store, name);
  if (!(await store.removeAdministrator(administrator.id))) throw lastOwner(administrator);
  await recordChange(operator, { action: 'administrator.remove', subject: administrator.name });
}

const MAX_PASSWORD_HOURS = 72;

/** For an outage of a required provider. @param hours 0 ends the exception. @returns when it ends. @throws CodedError HOURS_INVALID */
export async function allowPasswords(operator: Operator, hours: number): Promise<Date> {
  if (!(hours >= 0 && hours <= MAX_PASSWORD_HOURS)) {
    throw new CodedError('HOURS_INVALID', `The number of hours must be from 0 to ${MAX_PASSWORD_HOURS}`);
  }
  const until = new Date(Date.now() + hours * 3_600_000);
  await operator.store.setPasswordsAllowedUntil(until);
  await recordChange(operator, { action: 'administrator.allow-passwords', detail: `until ${until.toISOString()}` });
  return until;
}

/** Whether any administrator can sign in. */
export async function hasAdministrator(store: Store): Promise<boolean> {
  for (const administrator of await store.administrators()) if (await isReady(store, administrator)) return true;
  return false;
}

/** @returns a link for the first administrator; undefined once any administrator can sign in */
export async function firstAdministratorLink(operator: Operator, publicUrl: string): Promise<string | undefined> {
  const { store } = operator;
  if (await hasAdministrator(store)) return undefined;
  const all = await store.administrators();
  const first = all.find(({ name }) => name === FIRST_NAME);
  return first === undefined ? inviteAdministrator(operator, publicUrl, FIRST_NAME) : newLink(store, publicUrl, first);
}

/** @throws CodedError ADMINISTRATOR_NOT_FOUND */
export async function findAdministrator(store: Store, name: string): Promise<Administrator> {
  const administrator = await store.administratorByName(name);
  if (administrator !== undefined) return administrator;
  throw new CodedError('ADMINISTRATOR_NOT_FOUND', `There is no administrator "${name.slice(0, 64)}"`, {
    action: 'See "landbridge-hub admin list".',
  });
}

function followsClaims({ name }: Administrator, what: string): CodedError {
  return new CodedError('INVALID_REQUEST', `The ${what} of "${name}" follows the claims of the sign-in provider`, {
    action: 'Change it there, or remove the administrator and invite them.',
  });
}

function lastOwner({ name }: Administrator): CodedError {
  return new CodedError('LAST_ADMINISTRATOR', `"${name}" is the only owner who can sign in with a password or passkey`, {
    action: 'Wait until another owner has accepted their invitation.',
  });
}

async function newLink(store: Store, publicUrl: string, { id }: Administrator): Promise<string> {
  const code = newSecretToken();
  await store.putInvitation(id, code.hash, new Date(Date.now() + INVITATION_LIFETIME_HOURS * 3_600_000));
  return `${publicUrl}${DASHBOARD_PATH}/invitation?code=${code.token}`;
}
