/** An independent connector that enrols by a code, written from docs/protocol.md, section 8.15. */
import { createHash, createPublicKey, randomBytes, randomUUID, verify } from 'node:crypto';
import type { TestIdentity } from '@landbridge/lab';
import { type JWK, SignJWT } from 'jose';
import { z } from 'zod';

const answerBody = z.object({ payload: z.string(), signature: z.string(), chain: z.array(z.object({ key: z.string() })) });
const granted = z.object({ deviceCode: z.string(), userCode: z.string(), expiresInSeconds: z.number(), intervalSeconds: z.number() });
const polled = z.object({ state: z.string(), connectionId: z.string().optional() });
const refused = z.object({ error: z.object({ code: z.string() }) });

/** A signed answer, or the code of a refusal. */
type Reply = { code: string } | { code: undefined; payload: unknown; hub: string };

export interface CodeAttempt extends z.infer<typeof granted> {
  /** The fingerprint of the hub that answered. */
  hub: string;
  /** The first poll may come at once. Later polls must wait for the interval. */
  poll(changes?: { identity?: TestIdentity; nonce?: string; deviceCode?: string; audience?: string }): Promise<string>;
  /** Undefined until `poll` has returned `approved`. */
  readonly connectionId: string | undefined;
  comparison: string;
}

/** @returns the code of the refusal, or what the hub granted */
export async function askForCode(
  hubUrl: string,
  identity: TestIdentity,
  { hostName = 'dc1', forwardedFor }: { hostName?: string; forwardedFor?: string } = {},
): Promise<CodeAttempt | string> {
  const headers = new Headers(forwardedFor === undefined ? {} : { 'X-Forwarded-For': forwardedFor });
  const nonce = randomBytes(32).toString('base64url');
  const commitment = sha256(Buffer.from(nonce, 'base64url'));
  const claims = { commitment, hostName, agentVersion: '1.2.3' };
  const reply = await ask(`${hubUrl}/p/code`, identity, { ...claims, aud: 'landbridge enrolment code' }, headers);
  if (reply.code !== undefined) return reply.code;
  const { hub } = reply;
  const got = granted.parse(reply.payload);
  let connectionId: string | undefined;
  return {
    ...got,
    hub,
    get connectionId() {
      return connectionId;
    },
    comparison: comparison(identity, hub, got.deviceCode, nonce),
    async poll(changes = {}) {
      const answer = await ask(
        `${hubUrl}/p/code/poll`,
        changes.identity ?? identity,
        { nonce: changes.nonce ?? nonce, sub: changes.deviceCode ?? got.deviceCode, aud: changes.audience ?? hub },
        headers,
      );
      if (answer.code !== undefined) return answer.code;
      const payload = polled.parse(answer.payload);
      connectionId = payload.connectionId;
      return payload.state;
    },
  };
}

async function ask(url: string, { key }: TestIdentity, claims: Record<string, string>, headers: Headers): Promise<Reply> {
  const { kty, n, e }: JWK = createPublicKey(key).export({ format: 'jwk' });
  const jws = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', jwk: { kty: String(kty), n: String(n), e: String(e) } })
    .setIssuedAt()
    .setJti(randomUUID())
    .sign(key);
  const response = await fetch(url, { method: 'POST', body: JSON.stringify({ jws }), headers });
  const body: unknown = await response.json();
  if (response.status !== 200) return { code: refused.parse(body).error.code };
  const { payload, signature, chain } = answerBody.parse(body);
  const raw = chain.at(-1)?.key ?? '';
  const signed = Buffer.concat([
    Buffer.from('landbridge hub identity: enrolment code\0'),
    createHash('sha256').update(jws).digest(),
    Buffer.from(payload),
  ]);
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: raw } });
  if (!verify(null, signed, publicKey, Buffer.from(signature, 'base64url'))) throw new Error('the answer is not signed');
  return { code: undefined, payload: JSON.parse(payload), hub: sha256(Buffer.from(raw, 'base64url')) };
}

function comparison({ key }: TestIdentity, ...texts: [hub: string, deviceCode: string, nonce: string]): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const hash = createHash('sha256');
  for (const part of [Buffer.from('landbridge comparison code v1'), publicKey, ...texts.map((text) => Buffer.from(text))]) {
    hash.update(Buffer.from([0, 0, part.length >> 8, part.length & 0xff])).update(part);
  }
  const letters = [...hash.digest().subarray(0, 12)].map((byte) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[byte & 31]).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4, 8)}-${letters.slice(8)}`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}
