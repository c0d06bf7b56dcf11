/**
 * The hub's administrators. This folder owns inviting, removing and authenticating them. A one-time link lets a new administrator set a
 * password and a second factor, and expires once both are set.
 */

import { randomUUID } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { newSecretToken } from '@landbridge/web';
import { type Operator, recordChange } from '../operator.ts';
import type { Administrator } from '../store/administrators.ts';
import type { Store } from '../store/store.ts';

export const DASHBOARD_PATH = '/dashboard';
export const INVITATION_LIFETIME_HOURS = 24;
const FIRST_NAME = 'admin';
/** Shown in the audit log and in lists. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u;

/** Whether the administrator has a password and a second factor, and so can sign in. */
export async function isReady(store: Store, { id, passwordHash, totpSecret }: Administrator): Promise<boolean> {
  return passwordHash !== undefined && (totpSecret !== undefined || (await store.passkeys(id)).length > 0);
}

/** @returns the link for a new administrator. @throws CodedError ADMINISTRATOR_NAME_INVALID, ADMINISTRATOR_EXISTS */
export async function inviteAdministrator(operator: Operator, publicUrl: string, name: string): Promise<string> {
  if (!NAME.test(name)) {
    throw new CodedError('ADMINISTRATOR_NAME_INVALID', 'An administrator name must have 1 to 64 letters, digits or . _ @ + -');
  }
  const blank = { passwordHash: undefined, totpSecret: undefined, lastSignInAt: undefined };
  const administrator = { id: randomUUID(), name, createdAt: new Date(), ...blank };
  if (!(await operator.store.addAdministrator(administrator))) {
    throw new CodedError('ADMINISTRATOR_EXISTS', `Administrator "${name}" already exists`, {
      action: 'To create a new link, use "reset".',
    });
  }
  await recordChange(operator, { action: 'administrator.invite', subject: name });
  return newLink(operator.store, publicUrl, administrator);
}

/**
 * Removes password, second factors and sessions of an administrator who has lost them, or whose account may be compromised.
 * @returns a new link. @throws CodedError ADMINISTRATOR_NOT_FOUND
 */
export async function resetAdministrator(operator: Operator, publicUrl: string, name: string): Promise<string> {
  const { store } = operator;
  const administrator = await findAdministrator(store, name);
  await store.changeAdministrator(administrator.id, { passwordHash: undefined, totpSecret: undefined });
  for (const { id } of await store.passkeys(administrator.id)) await store.removePasskey(administrator.id, id);
  await store.replaceRecoveryCodes(administrator.id, []);
  await store.removeSessions(administrator.id);
  await recordChange(operator, { action: 'administrator.reset', subject: administrator.name });
  return newLink(store, publicUrl, administrator);
}

/** Ends the sessions too. @throws CodedError ADMINISTRATOR_NOT_FOUND, LAST_ADMINISTRATOR */
export async function removeAdministrator(operator: Operator, name: string): Promise<void> {
  const { store } = operator;
  const administrator = await findAdministrator(store, name);
  const others = (await store.administrators()).filter(({ id }) => id !== administrator.id);
  const ready = await Promise.all(others.map((other) => isReady(store, other)));
  if (!ready.includes(true) && (await isReady(store, administrator))) {
    throw new CodedError('LAST_ADMINISTRATOR', `"${administrator.name}" is the only administrator who can sign in`, {
      action: 'Let another administrator complete their invitation first.',
    });
  }
  await store.removeAdministrator(administrator.id);
  await recordChange(operator, { action: 'administrator.remove', subject: administrator.name });
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

async function newLink(store: Store, publicUrl: string, { id }: Administrator): Promise<string> {
  const code = newSecretToken();
  await store.putInvitation(id, code.hash, new Date(Date.now() + INVITATION_LIFETIME_HOURS * 3_600_000));
  return `${publicUrl}${DASHBOARD_PATH}/invitation?code=${code.token}`;
}
