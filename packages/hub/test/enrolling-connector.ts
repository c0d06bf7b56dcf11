/** An independent connector that enrols with proof, written from docs/protocol.md, section 8.13. */
import { createHash, createHmac, createPublicKey, hkdfSync, type KeyObject, randomUUID, verify } from 'node:crypto';
import type { TestIdentity } from '@landbridge/lab';
import { type JWK, SignJWT } from 'jose';
import { z } from 'zod';

const answerBody = z.object({
  payload: z.string(),
  signature: z.string(),
  chain: z.array(z.object({ key: z.string(), signature: z.string().optional() })),
});
const answerPayload = z.object({
  state: z.string(),
  info: z.object({ connectionName: z.string(), thumbprints: z.array(z.string()) }),
});

export interface EnrolmentTry {
  /** Undefined: only asks. */
  signInEndpoint?: string;
  hostName?: string;
  asksOnly?: boolean;
  /** Signs in place of the identity's key. */
  key?: KeyObject;
  /** Named in the header in place of the identity's key. */
  headerKey?: KeyObject;
  /** Replaces the ticket's secret. Undefined: no MAC. */
  secret?: string | undefined;
  audience?: string;
  subject?: string;
  issuedAt?: number;
}

export async function enrolmentBody(
  ticket: string,
  identity: TestIdentity,
  options: EnrolmentTry = {},
): Promise<{ jws: string; mac?: string }> {
  const [connection = '', secret = '', fingerprint = ''] = ticket.split('/').at(-1)?.split('.') ?? [];
  const { kty, n, e }: JWK = createPublicKey(options.headerKey ?? identity.key).export({ format: 'jwk' });
  const { signInEndpoint, hostName = 'dc1' } = options;
  const instance = { id: 'instance-1', hostName };
  const register = options.asksOnly ? undefined : { certificate: identity.certificate, signInEndpoint, agentVersion: '1.0.0', instance };
  const jws = await new SignJWT({ register })
    .setProtectedHeader({ alg: 'RS256', jwk: { kty: String(kty), n: String(n), e: String(e) } })
    .setAudience(options.audience ?? fingerprint)
    .setSubject(options.subject ?? connection)
    .setIssuedAt(options.issuedAt)
    .setJti(randomUUID())
    .sign(options.key ?? identity.key);
  const used = 'secret' in options ? options.secret : secret;
  if (used === undefined) return { jws };
  const key = Buffer.from(hkdfSync('sha256', used, '', 'landbridge enrolment', 32));
  return { jws, mac: createHmac('sha256', key).update(jws).digest('base64url') };
}

/** What the hub answered, or the code of its refusal. */
export type EnrolmentReply = { status: number; code?: string } & Partial<z.infer<typeof answerPayload>>;

export async function sendEnrolment(ticket: string, body: { jws: string; mac?: string }): Promise<EnrolmentReply> {
  const url = ticket.replace(/\/p\/ad\/([^.]+).*/, '/p/enrol/$1');
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const text = await response.text();
  if (response.status !== 200)
    return { status: response.status, code: z.object({ error: z.object({ code: z.string() }) }).parse(JSON.parse(text)).error.code };
  const answer = answerBody.parse(JSON.parse(text));
  const signed = Buffer.concat([
    Buffer.from('landbridge hub identity: enrolment answer\0'),
    createHash('sha256').update(body.jws).digest(),
    Buffer.from(answer.payload),
  ]);
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: answer.chain.at(-1)?.key } });
  if (!verify(null, signed, key, Buffer.from(answer.signature, 'base64url'))) throw new Error('the answer is not signed');
  return { status: 200, ...answerPayload.parse(JSON.parse(answer.payload)) };
}

export async function enrolWithProof(ticket: string, identity: TestIdentity, options: EnrolmentTry = {}): Promise<EnrolmentReply> {
  return sendEnrolment(ticket, await enrolmentBody(ticket, identity, options));
}
