/** Passkeys (WebAuthn Level 3): adding one, and authenticating an administrator with one. User verification (PIN or biometrics) is required. */
import { CodedError, parseJson } from '@landbridge/runtime';
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { z } from 'zod';
import type { Administrator, AdministratorStore } from '../store/administrators.ts';
import { createChallenges } from './challenges.ts';

export interface Passkeys {
  /** @returns undefined if browsers reach the hub by an IP address, which allows no passkeys */
  creationOptions(administrator: Administrator): Promise<PublicKeyCredentialCreationOptionsJSON | undefined>;
  /** @param response the browser's, as JSON. @throws CodedError PASSKEY_REFUSED */
  add(administrator: Administrator, name: string, response: string): Promise<void>;
  /** @param administrator undefined for any. @returns undefined if passkeys are impossible here */
  requestOptions(administrator: Administrator | undefined): Promise<PublicKeyCredentialRequestOptionsJSON | undefined>;
  /** @returns the owner of the passkey. @throws CodedError PASSKEY_REFUSED */
  check(administrator: Administrator | undefined, response: string): Promise<Administrator>;
}

/** Loaded on demand: it takes 0.2 s, which would delay the start. */
const webAuthn = () => import('@simplewebauthn/server');

const MAX_PASSKEYS = 20;
const MAX_NAME_LENGTH = 60;

const base64url = z.string().regex(/^[\w-]{1,20000}$/);
const shared = {
  id: base64url,
  rawId: base64url,
  type: z.literal('public-key'),
  clientExtensionResults: z.record(z.string(), z.unknown()),
};
const registrationSchema = z.object({
  ...shared,
  response: z.object({ clientDataJSON: base64url, attestationObject: base64url }),
});
const authenticationSchema = z.object({
  ...shared,
  response: z.object({ clientDataJSON: base64url, authenticatorData: base64url, signature: base64url, userHandle: base64url.nullish() }),
});

/** @param publicUrl where browsers reach the hub; passkeys are bound to its host */
export function createPasskeys(store: AdministratorStore, publicUrl: () => string): Passkeys {
  const challenges = createChallenges();
  const host = () => new URL(publicUrl()).hostname;
  /** WebAuthn Level 3, section 5.1.3, requires a domain, not an address. */
  const isPossible = () => !/^\[|^\d+\.\d+\.\d+\.\d+$/.test(host());
  const expected = (purpose: string) => ({
    expectedChallenge: (challenge: string) => challenges.take(challenge, purpose),
    expectedOrigin: publicUrl(),
    expectedRPID: host(),
    requireUserVerification: true,
  });
  const adding = ({ id }: Administrator) => `add ${id}`;
  const proving = (administrator: Administrator | undefined) => `prove ${administrator?.id ?? 'anyone'}`;

  return {
    async creationOptions(administrator) {
      if (!isPossible()) return undefined;
      const known = await store.passkeys(administrator.id);
      return (await webAuthn()).generateRegistrationOptions({
        rpName: 'Landbridge',
        rpID: host(),
        userName: administrator.name,
        userID: new Uint8Array(Buffer.from(administrator.id)),
        challenge: challenges.issue(adding(administrator)),
        attestationType: 'none',
        excludeCredentials: known.map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      });
    },
    async add(administrator, name, text) {
      const read = registrationSchema.safeParse(parseJson(text));
      if (!read.success) throw refused();
      const response: RegistrationResponseJSON = { ...read.data, clientExtensionResults: {} };
      const { registrationInfo } = await (await webAuthn())
        .verifyRegistrationResponse({ response, ...expected(adding(administrator)) })
        .catch((cause: unknown) => {
          throw refused(cause);
        });
      if (registrationInfo === undefined || (await store.passkeys(administrator.id)).length >= MAX_PASSKEYS) throw refused();
      const { id, publicKey, counter } = registrationInfo.credential;
      const passkey = { id, administratorId: administrator.id, publicKey, counter, createdAt: new Date(), lastUsedAt: undefined };
      const printable = name.replace(/\p{C}/gu, '').trim().slice(0, MAX_NAME_LENGTH);
      if (!(await store.addPasskey({ ...passkey, name: printable === '' ? 'Passkey' : printable }))) throw refused();
    },
    async requestOptions(administrator) {
      if (!isPossible()) return undefined;
      const allowed = administrator && (await store.passkeys(administrator.id));
      return (await webAuthn()).generateAuthenticationOptions({
        rpID: host(),
        challenge: challenges.issue(proving(administrator)),
        userVerification: 'required',
        ...(allowed === undefined ? {} : { allowCredentials: allowed.map(({ id }) => ({ id })) }),
      });
    },
    async check(administrator, text) {
      const read = authenticationSchema.safeParse(parseJson(text));
      const passkey = read.success ? await store.passkey(read.data.id) : undefined;
      if (!read.success || passkey === undefined) throw refused();
      if (administrator !== undefined && passkey.administratorId !== administrator.id) throw refused();
      const owner = await store.administratorById(passkey.administratorId);
      const { userHandle, ...proof } = read.data.response;
      const response: AuthenticationResponseJSON = {
        ...read.data,
        response: { ...proof, ...(typeof userHandle === 'string' ? { userHandle } : {}) },
        clientExtensionResults: {},
      };
      const { verified, authenticationInfo } = await (await webAuthn())
        .verifyAuthenticationResponse({
          response,
          ...expected(proving(administrator)),
          credential: { id: passkey.id, publicKey: passkey.publicKey, counter: passkey.counter },
        })
        .catch((cause: unknown) => {
          throw refused(cause);
        });
      if (!verified || owner === undefined) throw refused();
      await store.usePasskey(passkey.id, authenticationInfo.newCounter, new Date());
      return owner;
    },
  };
}

function refused(cause?: unknown): CodedError {
  return new CodedError('PASSKEY_REFUSED', 'The passkey was rejected', { cause, action: 'Try again, or use another one.' });
}
