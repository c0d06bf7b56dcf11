/**
 * Authenticating administrators, by password and a second factor or by a passkey alone, and setting up second factors. Wrong name and wrong
 * password give the same answer after the same time. Every outcome is recorded in the audit log.
 */

import { CodedError } from '@landbridge/runtime';
import { hashOfToken, hashPassword, isPassword } from '@landbridge/web';
import type { Audit } from '../audit/audit.ts';
import type { Administrator } from '../store/administrators.ts';
import type { Store } from '../store/store.ts';
import { hasLocalSignIn } from './administrators.ts';
import { hashOfRecoveryCode, renewRecoveryCodes, totpStep } from './one-time-codes.ts';
import { createPasskeys, type Passkeys } from './passkeys.ts';
import type { SignInThrottle } from './sign-in-throttle.ts';

interface Confirmed {
  password: string | null;
  code: string | null;
  credential: string | null;
}

export interface Proofs {
  /** @throws CodedError SIGN_IN_REFUSED, TOO_MANY_ATTEMPTS, ADMINISTRATORS_BUSY */
  password(name: string, password: string, address: string | undefined): Promise<Administrator>;
  /** Before a sensitive change. @throws CodedError SIGN_IN_REFUSED, TOO_MANY_ATTEMPTS, ADMINISTRATORS_BUSY */
  passwordAgain(administrator: Administrator, password: string, address: string | undefined): Promise<void>;
  /** @param typed a code of the app, or a recovery code. @throws CodedError CODE_REFUSED, TOO_MANY_ATTEMPTS */
  code(administrator: Administrator, typed: string, address: string | undefined): Promise<void>;
  /** @param administrator whose password was right; undefined to sign in with the passkey alone. @throws CodedError PASSKEY_REFUSED */
  passkey(administrator: Administrator | undefined, response: string, address: string | undefined): Promise<Administrator>;
  /**
   * Authenticates a signed-in administrator again, before a critical action.
   * @param given a passkey's response, or a password and a code
   * @throws CodedError SIGN_IN_REFUSED, CODE_REFUSED, PASSKEY_REFUSED, TOO_MANY_ATTEMPTS, ADMINISTRATORS_BUSY
   */
  confirm(administrator: Administrator, given: Confirmed, address: string | undefined): Promise<void>;
  readonly passkeys: Passkeys;
  /** Whether passwords and passkeys are accepted. If not, all methods that check one throw a CodedError PROVIDER_REQUIRED. */
  acceptsPasswords(): Promise<boolean>;
  /** @returns the invited administrator. @throws CodedError INVITATION_UNKNOWN */
  invited(code: string): Promise<Administrator>;
  /** Sets the password of an invited administrator, and ends the invitation. @throws CodedError INVITATION_UNKNOWN, PASSWORD_INVALID */
  accept(code: string, password: string): Promise<Administrator>;
  /** @throws CodedError PASSWORD_INVALID */
  changePassword(administrator: Administrator, password: string, address: string | undefined): Promise<void>;
  /** Stores the secret once a code proves that the app has it. @throws CodedError CODE_REFUSED, TOO_MANY_ATTEMPTS */
  setTotp(administrator: Administrator, secret: string, code: string, address: string | undefined): Promise<void>;
  /** After the second factor. @returns recovery codes, shown once */
  enrolled(administrator: Administrator, address: string | undefined): Promise<string[]>;
}

export function createProofs({
  store,
  audit,
  publicUrl,
  throttle,
  isProviderRequired,
}: {
  store: Store;
  audit: Audit;
  publicUrl: () => string;
  throttle: SignInThrottle;
  isProviderRequired: boolean;
}): Proofs {
  const passkeys = createPasskeys(store, publicUrl);

  async function record(name: string, remoteAddress: string | undefined, action: string, result: string, detail?: string): Promise<void> {
    await audit.record({ actor: `administrator:${name}`, action, result, remoteAddress, detail });
  }

  async function acceptsPasswords(): Promise<boolean> {
    return !isProviderRequired || ((await store.passwordsAllowedUntil())?.getTime() ?? 0) > Date.now();
  }

  /** Called before any authentication without the provider. */
  async function requireLocalSignIn(): Promise<void> {
    if (await acceptsPasswords()) return;
    throw new CodedError('PROVIDER_REQUIRED', 'Administrators of this hub must sign in with the OpenID provider', {
      action: 'If it is down, "landbridge-hub admin allow-passwords" allows passwords for a few hours.',
    });
  }

  /** The detail of an attempt in the audit log. */
  type Attempted = 'administrator.sign-in' | 'administrator.confirm';

  const signedIn = async (administrator: Administrator, address: string | undefined, detail: string) => {
    await store.changeAdministrator(administrator.id, { lastSignInAt: new Date() });
    await record(administrator.name, address, 'administrator.sign-in', 'ok', detail);
  };

  async function comparePassword(
    name: string,
    administrator: Administrator | undefined,
    password: string,
    address: string | undefined,
    action: Attempted = 'administrator.sign-in',
  ) {
    await requireLocalSignIn();
    const succeed = throttle.beginPassword(name, address);
    const ready = administrator !== undefined && (await hasLocalSignIn(store, administrator));
    const isRight = await isPassword(password, ready ? administrator.passwordHash : undefined);
    // While the password was being verified, it may have been changed or the administrator removed.
    const isCurrent = ready && (await store.administratorById(administrator.id))?.passwordHash === administrator.passwordHash;
    if (isRight && isCurrent) {
      succeed();
      return administrator;
    }
    // An unknown name may be a password typed into the wrong field.
    await record(administrator?.name ?? '(unknown)', address, action, 'refused', 'password');
    throw new CodedError('SIGN_IN_REFUSED', 'Wrong name or password');
  }

  async function checkCode(
    administrator: Administrator,
    address: string | undefined,
    isRight: () => Promise<string | undefined>,
    action: Attempted = 'administrator.sign-in',
  ) {
    await requireLocalSignIn();
    const succeed = throttle.beginCode(administrator.id);
    const found = await isRight();
    if (found === undefined) {
      await record(administrator.name, address, action, 'refused', 'code');
      throw new CodedError('CODE_REFUSED', 'The code is wrong or already used', {
        action: 'Wait for the next code, and check the clock of your device.',
      });
    }
    succeed();
    return found;
  }

  /** @returns the kind of code; undefined if the code is wrong or was used before */
  async function useCode({ id, totpSecret }: Administrator, typed: string): Promise<'code' | 'recovery code' | undefined> {
    const step = totpSecret === undefined ? undefined : totpStep(totpSecret, typed, Date.now());
    if (step !== undefined && (await store.useTotpStep(id, step))) return 'code';
    return (await store.takeRecoveryCode(id, hashOfRecoveryCode(typed))) ? 'recovery code' : undefined;
  }

  async function checkPasskey(
    administrator: Administrator | undefined,
    response: string,
    address: string | undefined,
    action: Attempted,
  ): Promise<Administrator> {
    await requireLocalSignIn();
    return passkeys.check(administrator, response).catch(async (error: unknown) => {
      // Only after a correct password, so that strangers cannot fill the audit log.
      if (administrator !== undefined) await record(administrator.name, address, action, 'refused', 'passkey');
      throw error;
    });
  }

  async function invited(code: string): Promise<Administrator> {
    const id = await store.invitationOwner(hashOfToken(code), new Date());
    const administrator = id === undefined ? undefined : await store.administratorById(id);
    if (administrator !== undefined) return administrator;
    throw new CodedError('INVITATION_UNKNOWN', 'The link is incomplete, expired or already used', {
      action: 'Ask an administrator for a new link, or print one with "landbridge-hub admin reset NAME".',
    });
  }

  return {
    passkeys,
    acceptsPasswords,
    async password(name, password, address) {
      return comparePassword(name, await store.administratorByName(name), password, address);
    },
    async passwordAgain(administrator, password, address) {
      await comparePassword(administrator.name, administrator, password, address);
    },
    async code(administrator, typed, address) {
      const found = await checkCode(administrator, address, () => useCode(administrator, typed));
      await signedIn(administrator, address, `password and ${found}`);
    },
    async passkey(administrator, response, address) {
      const owner = await checkPasskey(administrator, response, address, 'administrator.sign-in');
      await signedIn(owner, address, administrator === undefined ? 'passkey' : 'password and passkey');
      return owner;
    },
    async confirm(administrator, { password, code, credential }, address) {
      const action = 'administrator.confirm';
      let how = 'passkey';
      if (credential !== null) await checkPasskey(administrator, credential, address, action);
      else {
        await comparePassword(administrator.name, administrator, password ?? '', address, action);
        how = `password and ${await checkCode(administrator, address, () => useCode(administrator, code ?? ''), action)}`;
      }
      await record(administrator.name, address, action, 'ok', how);
    },
    invited,
    async accept(code, password) {
      await requireLocalSignIn();
      const administrator = await invited(code);
      const passwordHash = await hashPassword(password, administrator.name);
      // The link works once: others who have it can neither continue nor start again.
      await store.removeInvitation(administrator.id);
      await store.changeAdministrator(administrator.id, { passwordHash });
      await store.removeSessions(administrator.id);
      return administrator;
    },
    async changePassword(administrator, password, address) {
      await store.changeAdministrator(administrator.id, { passwordHash: await hashPassword(password, administrator.name) });
      await record(administrator.name, address, 'administrator.password', 'ok');
    },
    async setTotp(administrator, secret, code, address) {
      const step = totpStep(secret, code, Date.now());
      await checkCode(administrator, address, async () => (step === undefined ? undefined : 'code'));
      await store.changeAdministrator(administrator.id, { totpSecret: secret });
      if (step !== undefined) await store.useTotpStep(administrator.id, step);
      await record(administrator.name, address, 'administrator.totp', 'ok');
    },
    async enrolled(administrator, address) {
      await requireLocalSignIn();
      await store.removeSessions(administrator.id);
      await signedIn(administrator, address, 'invitation');
      return renewRecoveryCodes(store, administrator.id);
    },
  };
}
