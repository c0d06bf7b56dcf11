import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { hubFingerprintOf, rawIdentityKey, signByIdentity } from './hub-identity.ts';
import {
  answerSession,
  createSocketSession,
  offerSession,
  type SessionAnswer,
  type SessionTerms,
  type SocketSession,
  sessionAnswer,
  sessionClaim,
} from './session.ts';

const text = z.string();
const direction = z.enum(['connector to hub', 'hub to connector']);
const vectors = z
  .array(
    z.object({
      ...{ connectorPrivateKey: text, hubPrivateKey: text, identityPrivateKey: text, connectorKey: text, hubKey: text, identityKey: text },
      ...{ authenticate: text, connection: text, capabilities: z.array(text), signature: text },
      keys: z.record(direction, text),
      frames: z.array(z.object({ direction, counter: z.number(), text, sealed: text })),
    }),
  )
  .min(2)
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../test/session-vectors.json'), 'utf8')));

const TERMS: SessionTerms = {
  authenticate: '{"n":"authenticate","p":{"jwt":"a.b.c"}}',
  connection: 'corp',
  capabilities: ['drain', 'health'],
};

function makeIdentity(privateKey: KeyObject = generateKeyPairSync('ed25519').privateKey) {
  const key = rawIdentityKey(privateKey);
  return {
    fingerprint: hubFingerprintOf(key),
    chain: [{ key }],
    sign: (purpose: 'session', bytes: Uint8Array) => signByIdentity(privateKey, purpose, bytes),
  };
}

/** A valid handshake, up to the connector's decision. */
function handshake(terms = TERMS) {
  const identity = makeIdentity();
  const offer = offerSession();
  const answered = answerSession(offer.claim, terms, identity);
  assert.ok(answered);
  return { identity, offer, ...answered };
}

/** Both ends of a session, and `wire`, which seals some frames of the hub. */
function established() {
  const { identity, offer, answer, session: hub } = handshake();
  const accepted = offer.accept(answer, TERMS, identity.fingerprint);
  assert.ok('session' in accepted);
  const { session: connector } = accepted;
  const seal = (end: typeof hub, ...texts: string[]) => texts.map((each) => end.seal(each) ?? assert.fail('the key is used up'));
  return { hub, connector, seal };
}

function refusal(
  { offer, identity, answer }: ReturnType<typeof handshake>,
  changes: { answer?: Partial<SessionAnswer> | undefined; terms?: Partial<SessionTerms>; pinned?: string },
): string {
  const changed = 'answer' in changes && changes.answer === undefined ? undefined : { ...answer, ...changes.answer };
  const accepted = offer.accept(changed, { ...TERMS, ...changes.terms }, changes.pinned ?? identity.fingerprint);
  return 'refused' in accepted ? accepted.refused : 'accepted';
}

describe('another implementation agrees', () => {
  for (const [index, vector] of vectors.entries()) {
    const { authenticate, connection, capabilities, signature, frames, keys } = vector;
    const terms = { authenticate, connection, capabilities };
    const offer = offerSession(privateKeyOf('X25519', vector.connectorPrivateKey, vector.connectorKey));
    const identity = makeIdentity(privateKeyOf('Ed25519', vector.identityPrivateKey, vector.identityKey));
    const hubKey = privateKeyOf('X25519', vector.hubPrivateKey, vector.hubKey);

    test(`on the handshake ${index}, in which the transcript is signed`, () => {
      const answered = answerSession(offer.claim, terms, identity, hubKey);
      assert.deepEqual(answered?.answer, { key: vector.hubKey, signature, chain: identity.chain });
      assert.equal(offer.claim.key, vector.connectorKey);
    });

    test(`on the keys and frames of session ${index}`, () => {
      const answered = answerSession(offer.claim, terms, identity, hubKey);
      assert.ok(answered);
      const accepted = offer.accept(answered.answer, terms, identity.fingerprint);
      assert.ok('session' in accepted);
      for (const frame of frames.filter(({ counter }) => counter < 2)) {
        const ends: SocketSession[] = [answered.session, accepted.session];
        const [from, to] = frame.direction === 'hub to connector' ? ends : ends.reverse();
        assert.equal(from?.seal(frame.text)?.toString('hex'), frame.sealed);
        assert.equal(to?.open(Buffer.from(frame.sealed, 'hex')), frame.text);
      }
    });

    test(`on the last frame of session ${index}, after which the key is used up`, () => {
      const last = frames.at(-1) ?? assert.fail();
      const key = createSecretKey(keys[last.direction], 'hex');
      const end = createSocketSession(key, key, last.counter);
      assert.equal(end.seal(last.text)?.toString('hex'), last.sealed);
      assert.equal(end.open(Buffer.from(last.sealed, 'hex')), last.text);
      assert.equal(end.seal('one more'), undefined);
      assert.equal(end.open(Buffer.from(last.sealed, 'hex')), undefined);
    });
  }
});

describe('the connector refuses a handshake', () => {
  const made = handshake();
  const another = handshake();

  test('but accepts an unchanged one', () => assert.equal(refusal(made, {}), 'accepted'));

  test('without a session in the answer', () => assert.match(refusal(made, { answer: undefined }), /did not prove/));

  for (const [what, changes, problem] of [
    ['with an identity other than the pinned one', { pinned: another.identity.fingerprint }, /another identity/],
    ['with the chain of another identity', { answer: { chain: another.identity.chain } }, /another identity/],
    ['with the signature of another identity', { answer: { signature: signatureBy(another.identity) } }, /did not sign/],
    ['with the answer to another handshake', { answer: another.answer, pinned: another.identity.fingerprint }, /did not sign/],
    ['with another key of the hub', { answer: { key: another.answer.key } }, /did not sign/],
    ['if the authenticate frame was changed', { terms: { authenticate: `${TERMS.authenticate} ` } }, /did not sign/],
    ['for another connection', { terms: { connection: 'corp2' } }, /did not sign/],
    ['if a capability was removed', { terms: { capabilities: ['health'] } }, /did not sign/],
    ['if a capability was added', { terms: { capabilities: [...TERMS.capabilities, 'steps'] } }, /did not sign/],
    ['if bytes moved from one field to the next', { terms: { authenticate: `${TERMS.authenticate}c`, connection: 'orp' } }, /did not sign/],
  ] as const) {
    test(what, () => assert.match(refusal(made, changes), problem));
  }

  test('with a signature made for another purpose', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const identity = makeIdentity(privateKey);
    const offer = offerSession();
    const answered = answerSession(offer.claim, TERMS, {
      chain: identity.chain,
      sign: (_purpose, bytes) => signByIdentity(privateKey, 'enrolment answer', bytes),
    });
    assert.ok(answered);
    assert.deepEqual(offer.accept(answered.answer, TERMS, identity.fingerprint), { refused: 'its identity did not sign this handshake' });
  });

  test('after a rotation, unless the old key signed the new one', () => {
    const [old, current] = [generateKeyPairSync('ed25519').privateKey, generateKeyPairSync('ed25519').privateKey];
    const [first, second] = [makeIdentity(old), makeIdentity(current)];
    const [next = { key: '' }] = second.chain;
    const signature = signByIdentity(old, 'next key', Buffer.from(next.key, 'base64url')).toString('base64url');
    for (const [chain, outcome] of [
      [[...first.chain, { ...next, signature }], 'accepted'],
      [[...first.chain, next], 'it has another identity'],
    ] as const) {
      const offer = offerSession();
      const answered = answerSession(offer.claim, TERMS, { chain: [...chain], sign: second.sign });
      assert.equal(refusal({ offer, identity: first, ...(answered ?? assert.fail()) }, {}), outcome);
    }
  });

  // The points of small order, and some that are such a point after reduction: https://cr.yp.to/ecdh.html#validate
  for (const point of [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000080',
  ]) {
    test(`with the key ${point}, which makes the secret zero, on either side`, () => {
      const key = Buffer.from(point, 'hex').toString('base64url');
      const identity = makeIdentity();
      assert.equal(answerSession(sessionClaim.parse({ v: 1, key }), TERMS, identity), undefined);
      // Signed by the right identity, so that only the key is wrong.
      const offer = offerSession();
      const signature = identity.sign('session', transcriptOf(TERMS, identity.chain[0]?.key, offer.claim.key, key)).toString('base64url');
      const accepted = offer.accept({ key, signature, chain: identity.chain }, TERMS, identity.fingerprint);
      assert.deepEqual(accepted, { refused: 'its key is not a valid X25519 key' });
    });
  }
});

test('malformed offers and answers are rejected', () => {
  const { offer, answer } = handshake();
  for (const wrong of [
    undefined,
    {},
    'x',
    { ...offer.claim, v: 2 },
    { v: 1 },
    { v: 1, key: offer.claim.key.slice(1) },
    { v: 1, key: `${offer.claim.key}=` },
  ]) {
    assert.equal(sessionClaim.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
  for (const wrong of [{}, { ...answer, key: '' }, { ...answer, signature: answer.signature.slice(4) }, { ...answer, chain: [] }]) {
    assert.equal(sessionAnswer.safeParse(wrong).success, false, JSON.stringify(wrong));
  }
});

describe('a session refuses a frame other than the peer’s next one, and every later frame', () => {
  const cases: [string, (ends: ReturnType<typeof established>) => Buffer][] = [
    ['that follows a dropped one', ({ hub, seal }) => seal(hub, 'dropped', 'next')[1] ?? assert.fail()],
    ['that was reordered', ({ hub, seal }) => seal(hub, 'first', 'second')[1] ?? assert.fail()],
    [
      'that is replayed',
      ({ hub, connector, seal }) => {
        const [frame = assert.fail()] = seal(hub, 'once');
        assert.equal(connector.open(frame), 'once');
        return frame;
      },
    ],
    ['that is reflected', ({ connector, seal }) => seal(connector, 'an answer')[0] ?? assert.fail()],
    ['of another socket', ({ seal }) => seal(established().hub, 'text')[0] ?? assert.fail()],
    ['that is truncated', ({ hub, seal }) => seal(hub, 'text')[0]?.subarray(0, -1) ?? assert.fail()],
    ['that lost its first byte', ({ hub, seal }) => seal(hub, 'text')[0]?.subarray(1) ?? assert.fail()],
    ['with a shorter tag', ({ hub, seal }) => seal(hub, '')[0]?.subarray(0, 12) ?? assert.fail()],
    ['that is empty', () => Buffer.alloc(0)],
    ['that is longer', ({ hub, seal }) => Buffer.concat([...seal(hub, 'text'), Buffer.of(0)])],
    ['that is in clear', () => Buffer.from('{"n":"authenticate_user","p":{"pid":"1","username":"a","password":"b"}}')],
  ];
  for (const [what, frameOf] of cases) {
    test(what, () => {
      const ends = established();
      const frame = frameOf(ends);
      assert.equal(ends.connector.open(frame), undefined);
      for (const later of ends.seal(ends.hub, 'later', 'and later')) assert.equal(ends.connector.open(later), undefined);
    });
  }

  test('with any changed bit', () => {
    const { hub, seal } = established();
    const [frame = assert.fail()] = seal(hub, 'a text');
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const changed = Buffer.from(frame);
      changed.writeUInt8(frame.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const ends = established();
      assert.equal(ends.connector.open(changed), undefined);
    }
  });
});

test('only sent frames are opened, from the first one on without gaps, regardless of what is delivered and in which order', () => {
  const delivery = fc.array(
    fc.oneof(fc.nat(5), fc.constantFrom(...(['reflected', 'of another socket', 'truncated', 'next', 'next', 'next'] as const))),
    {
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(delivery, (deliveries) => {
      const { hub, connector, seal } = established();
      const texts = ['0', '1', '2', '3', '4', '5'];
      const frames = seal(hub, ...texts);
      const [reflected = assert.fail()] = seal(connector, '0');
      const [ofAnother = assert.fail()] = seal(established().hub, '0');
      const opened: string[] = [];
      for (const what of deliveries) {
        const next = frames[opened.length] ?? reflected;
        const named = { next, reflected, 'of another socket': ofAnother, truncated: next.subarray(1) };
        const text = connector.open(typeof what === 'number' ? (frames[what] ?? reflected) : named[what]);
        if (text !== undefined) opened.push(text);
      }
      assert.deepEqual(opened, texts.slice(0, opened.length));
    }),
  );
});

test('frames in both directions are opened in order, and equal texts are encrypted differently', () => {
  const { hub, connector, seal } = established();
  const texts = ['', 'same', 'same', 'ä密🔑\0', 'x'.repeat(100_000)];
  const seen = new Set<string>();
  for (const [sender, receiver] of [
    [hub, connector],
    [connector, hub],
  ] as const) {
    for (const frame of seal(sender, ...texts)) {
      seen.add(frame.toString('latin1'));
      assert.equal(frame.toString('latin1').includes('same'), false);
      assert.ok(texts.includes(receiver.open(frame) ?? 'nothing'));
    }
  }
  assert.equal(seen.size, 2 * texts.length);
});

test('each socket has a new key', () => {
  assert.notEqual(offerSession().claim.key, offerSession().claim.key);
  assert.notEqual(handshake().answer.key, handshake().answer.key);
});

/** The layout in docs/protocol.md. */
function transcriptOf({ authenticate, connection, capabilities }: SessionTerms, ...keys: (string | undefined)[]): Buffer {
  const hash = createHash('sha256');
  const raw = keys.map((key) => Buffer.from(key ?? '', 'base64url'));
  for (const field of ['landbridge session v1', authenticate, connection, ...raw, JSON.stringify(capabilities)]) {
    const bytes = Buffer.from(field);
    hash.update(Buffer.of(bytes.length >> 24, bytes.length >> 16, bytes.length >> 8, bytes.length)).update(bytes);
  }
  return hash.digest();
}

function signatureBy(identity: ReturnType<typeof makeIdentity>): string {
  return answerSession(offerSession().claim, TERMS, identity)?.answer.signature ?? assert.fail();
}

function privateKeyOf(crv: string, d: string, x: string): KeyObject {
  return createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv, d, x } });
}
