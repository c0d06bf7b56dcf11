/**
 * Sessions between our connector and our hub: a key agreement signed by both sides during the handshake, and encryption of every later frame. The
 * specification is docs/protocol.md, section 8.3, and the reasons are in docs/decisions/029-sessions.md. session-vectors.json was computed
 * by an independent implementation.
 *
 *     connector → hub   authenticate   jwt, signed by the connector, with session: {v: 1, key: X25519}
 *     hub → connector   authenticated  session: {key: X25519, signature by the hub's identity over the transcript, chain}
 *     both ways         binary frames  AES-256-GCM, one key for each direction, nonce = number of the frame
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { z } from 'zod';
import { base64urlOf, followIdentityChain, type HubIdentityChain, hubIdentityChain, verifyByIdentity } from './hub-identity.ts';

const LABEL = 'landbridge session v1';
const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Far below AES-GCM's limit for one key. At 1,000 sign-ins per second it lasts 50 days. The socket then closes, and the next one has new keys. */
const MAX_FRAMES = 2 ** 32;

/** The `session` claim in the token of `authenticate`. `key` is an X25519 public key, raw. */
export const sessionClaim = z.object({ v: z.literal(1), key: base64urlOf(KEY_BYTES) });
export type SessionClaim = z.infer<typeof sessionClaim>;

/** `session` in `authenticated`. */
export const sessionAnswer = z.object({ key: base64urlOf(KEY_BYTES), signature: base64urlOf(64), chain: hubIdentityChain });
export type SessionAnswer = z.infer<typeof sessionAnswer>;

/** The input of the transcript, which must be identical on both sides. */
export interface SessionTerms {
  /** The text of the `authenticate` frame as sent, including the connector's token and key. */
  authenticate: string;
  /** The connection's name. */
  connection: string;
  /** From `authenticated`. */
  capabilities: readonly string[];
}

/** Encryption for one socket. After one frame that cannot be decrypted, all others are rejected, and the socket must be closed. */
export interface SocketSession {
  /** Frames must be sent in the order in which they are sealed. @returns undefined if the key is used up */
  seal(text: string): Buffer | undefined;
  /** @returns undefined unless the frame is the peer's next one */
  open(frame: Uint8Array): string | undefined;
}

export interface SessionOffer {
  readonly claim: SessionClaim;
  /**
   * @param pinned fingerprint of the hub's identity
   * @returns the session, or the reason for not trusting the hub, as the end of a sentence
   */
  accept(answer: SessionAnswer | undefined, terms: SessionTerms, pinned: string): { session: SocketSession } | { refused: string };
}

/** The connector's side. @param privateKey an X25519 key for this socket only. Tests provide it. */
export function offerSession(privateKey: KeyObject = generateKeyPairSync('x25519').privateKey): SessionOffer {
  const key = rawPublicKey(privateKey);
  return {
    claim: { v: 1, key },
    accept(answer, terms, pinned) {
      if (answer === undefined) return { refused: 'it did not prove its identity' };
      const identity = followIdentityChain(answer.chain, pinned);
      if (identity === undefined) return { refused: 'it has another identity' };
      const transcript = transcriptOf(terms, { identity: identity.key, connector: key, hub: answer.key });
      if (!verifyByIdentity(identity.key, 'session', transcript, Buffer.from(answer.signature, 'base64url'))) {
        return { refused: 'its identity did not sign this handshake' };
      }
      const shared = agree(privateKey, answer.key);
      if (shared === undefined) return { refused: 'its key is not a valid X25519 key' };
      const { toHub, toConnector } = deriveKeys(shared, transcript);
      return { session: createSocketSession(toHub, toConnector) };
    },
  };
}

/**
 * The hub's side.
 *
 * @param claim from a token with a verified signature
 * @param identity `sign` signs with the last key in `chain`
 * @returns undefined if the connector's key is not a valid X25519 key
 */
export function answerSession(
  claim: SessionClaim,
  terms: SessionTerms,
  identity: { readonly chain: HubIdentityChain; sign(purpose: 'session', bytes: Uint8Array): Buffer },
  privateKey: KeyObject = generateKeyPairSync('x25519').privateKey,
): { answer: SessionAnswer; session: SocketSession } | undefined {
  const shared = agree(privateKey, claim.key);
  if (shared === undefined) return undefined;
  const key = rawPublicKey(privateKey);
  const { chain } = identity;
  const transcript = transcriptOf(terms, { identity: chain.at(-1)?.key ?? '', connector: claim.key, hub: key });
  const { toHub, toConnector } = deriveKeys(shared, transcript);
  return {
    answer: { key, signature: identity.sign('session', transcript).toString('base64url'), chain },
    session: createSocketSession(toConnector, toHub),
  };
}

/** SHA-256 over all fields, each preceded by its length (32 bits, big endian), so that different handshakes never have the same input. */
function transcriptOf(
  { authenticate, connection, capabilities }: SessionTerms,
  keys: { identity: string; connector: string; hub: string },
): Buffer {
  const fields = [
    Buffer.from(LABEL),
    Buffer.from(authenticate),
    Buffer.from(connection),
    Buffer.from(keys.identity, 'base64url'),
    Buffer.from(keys.connector, 'base64url'),
    Buffer.from(keys.hub, 'base64url'),
    Buffer.from(JSON.stringify(capabilities)),
  ];
  const hash = createHash('sha256');
  for (const field of fields) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    hash.update(length).update(field);
  }
  return hash.digest();
}

/** @returns undefined for a key of small order, which would make the shared secret zero (RFC 7748, section 6.1) */
function agree(privateKey: KeyObject, publicKey: string): Buffer | undefined {
  try {
    // OpenSSL rejects an all-zero result.
    return diffieHellman({ privateKey, publicKey: createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: publicKey } }) });
  } catch {
    return undefined;
  }
}

function deriveKeys(shared: Buffer, transcript: Buffer): { toHub: KeyObject; toConnector: KeyObject } {
  const derive = (direction: string) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', shared, transcript, `${LABEL} ${direction}`, KEY_BYTES)));
  return { toHub: derive('connector to hub'), toConnector: derive('hub to connector') };
}

/** @param frames the number of frames that each side has already sent. Tests set it. */
export function createSocketSession(sending: KeyObject, receiving: KeyObject, frames = 0): SocketSession {
  let sent = frames;
  let received = frames;
  let isBroken = false;
  return {
    seal(text) {
      if (sent >= MAX_FRAMES) return undefined;
      const cipher = createCipheriv(ALGORITHM, sending, nonceOf(sent++), { authTagLength: TAG_BYTES });
      return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    },
    open(frame) {
      if (isBroken || received >= MAX_FRAMES || frame.length < TAG_BYTES) {
        isBroken = true;
        return undefined;
      }
      try {
        const decipher = createDecipheriv(ALGORITHM, receiving, nonceOf(received++), { authTagLength: TAG_BYTES });
        decipher.setAuthTag(frame.subarray(-TAG_BYTES));
        const text = decipher.update(frame.subarray(0, -TAG_BYTES));
        // Throws unless the tag is valid. Only then may the text be used.
        decipher.final();
        return text.toString('utf8');
      } catch {
        isBroken = true;
        return undefined;
      }
    },
  };
}

/** A 64-bit counter, big endian, after four zero bytes. */
function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(counter, NONCE_BYTES - 4);
  return nonce;
}

function rawPublicKey(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '';
}
