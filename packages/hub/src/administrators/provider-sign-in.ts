/** Maps users of the OpenID provider to administrators, and binds the two. */
import { randomUUID } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import type { Audit } from '../audit/audit.ts';
import type { Administrator } from '../store/administrators.ts';
import type { Store } from '../store/store.ts';
import { NEW_ADMINISTRATOR } from './administrators.ts';
import type { ProviderUser } from './provider.ts';

export interface ProviderSignIn {
  /** Finds the administrator. Creates or changes them if the claims say so. @throws CodedError PROVIDER_USER_UNKNOWN */
  administratorOf(user: ProviderUser, address: string | undefined): Promise<Administrator>;
  /** Binds the user to this administrator. @throws CodedError PROVIDER_USER_TAKEN */
  bind(administrator: Administrator, user: ProviderUser, address: string | undefined): Promise<void>;
  /** For a signed-in administrator who authenticated again. @throws CodedError PROVIDER_USER_UNKNOWN if it was another user */
  confirm(administrator: Administrator, user: ProviderUser, address: string | undefined): Promise<void>;
}

const MAX_SUBJECT_LENGTH = 255;
const MAX_NAME_LENGTH = 60;
const NAMES_TRIED = 50;

export function createProviderSignIn({ store, audit }: { store: Store; audit: Audit }): ProviderSignIn {
  async function record(name: string, action: string, result: string, remoteAddress: string | undefined, detail: string): Promise<void> {
    await audit.record({ actor: `administrator:${name}`, action, result, remoteAddress, detail });
  }
  const described = ({ issuer, subject }: ProviderUser) => `provider ${issuer}, subject ${subject.slice(0, MAX_SUBJECT_LENGTH)}`;

  async function create(user: ProviderUser, role: Administrator['role']): Promise<Administrator | undefined> {
    const cleaned = user.name.replace(/[^\p{L}\p{N}._@+-]/gu, '-').replace(/^[^\p{L}\p{N}]+/u, '');
    const name = cleaned.slice(0, MAX_NAME_LENGTH) || 'user';
    const { issuer, subject } = user;
    for (let n = 1; n <= NAMES_TRIED; n++) {
      const base = { ...NEW_ADMINISTRATOR, issuer, subject, roleFromClaims: true, role, createdAt: new Date() };
      // The name may belong to another administrator: a name proves nothing.
      const administrator = { ...base, id: randomUUID(), name: n === 1 ? name : `${name}-${n}` };
      if (await store.addAdministrator(administrator)) return administrator;
    }
    return undefined;
  }

  async function byClaims(user: ProviderUser, known: Administrator | undefined, address: string | undefined) {
    if (user.role === undefined) {
      // The provider no longer grants a role.
      if (known !== undefined) await store.removeSessions(known.id);
      return undefined;
    }
    if (known === undefined) {
      const created = await create(user, user.role);
      if (created !== undefined) await record(created.name, 'administrator.create', 'ok', address, `${user.role}, ${described(user)}`);
      return created;
    }
    if (known.role === user.role) return known;
    if (!(await store.changeRole(known.id, user.role))) return undefined;
    await store.removeSessions(known.id);
    await record(known.name, 'administrator.role', 'ok', address, `${known.role} → ${user.role}, by the claims of the provider`);
    return { ...known, role: user.role };
  }

  return {
    async administratorOf(user, address) {
      const known = await store.administratorByIdentity(user);
      const administrator = known === undefined || known.roleFromClaims ? await byClaims(user, known, address) : known;
      if (administrator === undefined) {
        await record(known?.name ?? '(unknown)', 'administrator.sign-in', 'refused', address, described(user));
        throw new CodedError('PROVIDER_USER_UNKNOWN', `You signed in, but are not an administrator of this hub (subject ${user.subject})`, {
          action: 'Ask an owner for an invitation, and accept it with the provider.',
        });
      }
      await store.changeAdministrator(administrator.id, { lastSignInAt: new Date() });
      await record(administrator.name, 'administrator.sign-in', 'ok', address, described(user));
      return administrator;
    },
    async bind(administrator, user, address) {
      const { issuer, subject } = user;
      if (!(await store.bindIdentity(administrator.id, { issuer, subject }))) {
        throw new CodedError('PROVIDER_USER_TAKEN', 'This user of the provider belongs to another administrator', {
          action: 'Remove that administrator, or use another user.',
        });
      }
      await record(administrator.name, 'administrator.bind', 'ok', address, described(user));
    },
    async confirm(administrator, user, address) {
      const isSame = administrator.issuer === user.issuer && administrator.subject === user.subject;
      await record(administrator.name, 'administrator.confirm', isSame ? 'ok' : 'refused', address, described(user));
      if (!isSame) {
        throw new CodedError('PROVIDER_USER_UNKNOWN', 'You signed in as a different user than in this session', {
          action: 'Go back and try again.',
        });
      }
    },
  };
}
