/**
 * Replaces signing keys: a new key is published before it signs, and the old one stays for a while for connectors that hold it as a PEM. A
 * compromised key is removed at once.
 */
import { createHash, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { CodedError } from '@landbridge/runtime';
import { type Operator, recordChange } from '../operator.ts';
import type { StoredSigningKey } from '../store/signing-keys.ts';
import type { Store } from '../store/store.ts';

/**
 * From publishing to signing. A connector keeps the JWKS document for 10 minutes, and a cache in between may serve one that is 10 minutes
 * old.
 */
export const PUBLISHED_AHEAD_MS = 20 * 60_000;
/** From the new key's first signature to the old one's removal; connectors that hold the old one as a PEM must then register again. */
const DEFAULT_GRACE_HOURS = 24;
const MAX_GRACE_HOURS = 24 * 90;

/** `next`: published, does not sign yet. `retiring`: signs only for connectors that hold it as a PEM. */
export type SigningKeyState = 'next' | 'signing' | 'retiring';

export interface SigningKeyView extends Pick<StoredSigningKey, 'kid' | 'algorithm' | 'createdAt' | 'signsFrom' | 'retiresAt'> {
  state: SigningKeyState;
}

/** @returns all keys without their private part, the newest first */
export async function listSigningKeys(store: Store, now = new Date()): Promise<SigningKeyView[]> {
  const keys = (await store.signingKeys()).reverse();
  return keys.map((key) => {
    const signing = keys.find(({ signsFrom }) => signsFrom <= now);
    const { kid, algorithm, createdAt, signsFrom, retiresAt } = key;
    return { kid, algorithm, createdAt, signsFrom, retiresAt, state: key === signing ? 'signing' : signsFrom > now ? 'next' : 'retiring' };
  });
}

/**
 * Creates a new key. It starts signing after `PUBLISHED_AHEAD_MS`. The old one is removed `graceHours` later.
 * @throws CodedError INVALID_REQUEST, SIGNING_KEY_ROTATION_UNDER_WAY
 */
export async function rotateSigningKeys(operator: Operator, graceHours = DEFAULT_GRACE_HOURS, now = new Date()): Promise<void> {
  if (!(graceHours >= 1 && graceHours <= MAX_GRACE_HOURS)) {
    throw new CodedError('INVALID_REQUEST', `The field "graceHours" must be from 1 to ${MAX_GRACE_HOURS}`);
  }
  const { store } = operator;
  const waiting = (await listSigningKeys(store, now)).find(({ state }) => state === 'next');
  if (waiting !== undefined) {
    throw new CodedError('SIGNING_KEY_ROTATION_UNDER_WAY', `The key ${waiting.kid} starts to sign at ${waiting.signsFrom.toISOString()}`, {
      action: 'Wait until then. If a key is compromised, retire it at once.',
    });
  }
  const signsFrom = new Date(now.getTime() + PUBLISHED_AHEAD_MS);
  const retiresAt = new Date(signsFrom.getTime() + graceHours * 3_600_000);
  const next = { ...(await makeSigningKey(now)), signsFrom };
  await store.succeedSigningKey(next, retiresAt);
  await recordChange(operator, { action: 'signing-key.rotate', subject: next.kid });
  await operator.takeEffect();
}

/**
 * Removes a compromised key immediately. The newest remaining key signs from now on, or a new one if there is none. Readers of the JWKS
 * document fetch it when they see the new key; connectors with the old PEM must register again.
 * @param options.anyway also if connectors know no other key
 * @throws CodedError SIGNING_KEY_NOT_FOUND, SIGNING_KEY_NEEDED
 */
export async function retireSigningKey(
  operator: Operator,
  kid: string,
  { anyway = false, now = new Date() }: { anyway?: boolean; now?: Date } = {},
): Promise<void> {
  const { store } = operator;
  const holders = anyway ? [] : await connectorsHolding(store, kid);
  if (holders.length > 0) {
    throw new CodedError(
      'SIGNING_KEY_NEEDED',
      `Connectors have no other key, and Auth0 connectors exit without it: ${holders.join(', ')}`,
      {
        action:
          'Rotate the keys and restart these connectors, or wait until the old key retires automatically. If the key is compromised, retire it anyway and restart them.',
      },
    );
  }
  const keys = (await store.signingKeys()).reverse();
  const key = keys.find((candidate) => candidate.kid === kid);
  if (key === undefined) {
    throw new CodedError('SIGNING_KEY_NOT_FOUND', `No signing key "${kid.slice(0, 64)}"`, {
      action: 'See "landbridge-hub signing-key list".',
    });
  }
  const isSigning = key === keys.find(({ signsFrom }) => signsFrom <= now);
  const replacement = keys.find((other) => other !== key && other.retiresAt === undefined) ?? {
    // If it is the next key, the current one still signs, and there is time to publish another.
    ...(await makeSigningKey(now)),
    signsFrom: new Date(now.getTime() + PUBLISHED_AHEAD_MS),
  };
  await store.replaceSigningKey(kid, isSigning ? { ...replacement, signsFrom: now } : replacement);
  await recordChange(operator, { action: 'signing-key.retire', subject: kid });
  await operator.takeEffect();
}

/** @returns the connectors that received this key as a PEM at their last registration: connection and host, or thumbprint */
export async function connectorsHolding(store: Store, kid: string): Promise<string[]> {
  const holders: string[] = [];
  for (const { id, name } of await store.connections()) {
    for (const { state, readsJwks, signingKid, hostName, thumbprint } of await store.certificates(id)) {
      if (state === 'approved' && !readsJwks && signingKid === kid) holders.push(`${name}/${hostName ?? thumbprint}`);
    }
  }
  return holders;
}

/** @returns a new key that signs from now on; it is not stored */
export async function makeSigningKey(now: Date): Promise<StoredSigningKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  // Hexadecimal, so that no kid looks like an option on a command line.
  const kid = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 32);
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { kid, algorithm: 'RS256', privateKeyPem, createdAt: now, signsFrom: now, retiresAt: undefined };
}
