/** The ticket server of a hub, for tests: gives scripted answers, and records the requests. */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** The secret part of a ticket. */
export const SECRET = 'ticket-secret';
export const CONNECTION_ID = '00000000-0000-4000-8000-000000000000';
/** The secret of a ticket of our own hub. */
export const PINNED_SECRET = 'PinnedSecretPinnedSecret_27';
export const INFO = {
  connectionName: 'fabrikam-ad',
  connectionDomain: 'fabrikam.example',
  adHub: 'http://127.0.0.1:1/lo/hub',
  realm: { name: 'urn:auth0:fabrikam', postTokenUrl: ['https://a.example/cb', 'https://b.example/cb'] },
  kerberos: true,
  certAuth: false,
  thumbprints: [],
};

export interface Answer {
  status?: number;
  type?: string;
  body?: unknown;
}

/** Stops when the test ends. */
export async function startTicketServer(t: TestContext) {
  const hub = {
    info: { body: INFO } as Answer,
    registered: { body: { signingKey: 'SIGNING KEY' } } as Answer,
    clock: () => Date.now(),
    posts: [] as Record<string, unknown>[],
    asked: [] as string[],
    ticket: '',
    /** Of our own hub: it names the identity of this server. */
    pinnedTicket: '',
    enrolment: enrolmentServer(),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
  const server: Server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on('data', (chunk) => body.push(chunk));
    request.on('end', () => {
      hub.asked.push(`${request.method} ${request.url}`);
      const routes: Record<string, () => Answer> = {
        [`GET /p/ad/${SECRET}/info`]: () => hub.info,
        [`POST /p/ad/${SECRET}`]: () => {
          hub.posts.push(JSON.parse(Buffer.concat(body).toString()));
          return hub.registered;
        },
        'GET /test': () => ({ body: { clock: hub.clock() } }),
      };
      if (request.url === `/p/enrol/${CONNECTION_ID}`) {
        routes[`POST ${request.url}`] = () => hub.enrolment.answer(Buffer.concat(body).toString());
      }
      for (const path of ['/p/code', '/p/code/poll'] as const) {
        routes[`POST ${path}`] = () => hub.enrolment.answerCode(path, Buffer.concat(body).toString());
      }
      const answer = routes[`${request.method} ${request.url}`]?.() ?? { status: 404 };
      response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/json; charset=utf-8', connection: 'close' });
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  hub.ticket = `http://127.0.0.1:${(server.address() as AddressInfo).port}/p/ad/${SECRET}`;
  hub.pinnedTicket = `${new URL(hub.ticket).origin}/p/ad/${CONNECTION_ID}.${PINNED_SECRET}.${hub.enrolment.fingerprint}`;
  return hub;
}

/** Answers enrolments as docs/protocol.md specifies. Tests can make it misbehave. */
function enrolmentServer() {
  const keys = [generateKeyPairSync('ed25519').privateKey];
  const raw = (key: KeyObject) => createPublicKey(key).export({ format: 'jwk' }).x ?? '';
  const fingerprintOf = (key: KeyObject) =>
    createHash('sha256')
      .update(Buffer.from(raw(key), 'base64url'))
      .digest('base64url');
  const signed = (key: KeyObject | undefined, purpose: string, ...bytes: Uint8Array[]) => {
    assert.ok(key);
    return sign(null, Buffer.concat([Buffer.from(`landbridge hub identity: ${purpose}\0`), ...bytes]), key).toString('base64url');
  };
  const chain: { key: string; signature?: string }[] = keys.map((key) => ({ key: raw(key) }));
  const self = {
    get fingerprint() {
      return fingerprintOf(keys.at(-1) ?? assert.fail());
    },
    requests: [] as { claims: Record<string, unknown>; mac: string | undefined; jws: string }[],
    state: 'enrolled',
    info: INFO as object,
    /** Undefined: issues no codes. `states`: the answers to polls, in order. The last one repeats. */
    code: undefined as
      | { expiresInSeconds: number; states: string[]; polls: { claims: Record<string, unknown>; atMs: number }[] }
      | undefined,
    /** Changes the answer after it was signed. */
    tamper: (answer: { payload: string; signature: string; chain: typeof chain }) => answer,
    /** Replaces the request that is being answered. */
    answersTo: undefined as string | undefined,
    rotate() {
      const next = generateKeyPairSync('ed25519').privateKey;
      chain.push({ key: raw(next), signature: signed(keys.at(-1), 'next key', Buffer.from(raw(next), 'base64url')) });
      keys.push(next);
    },
    replace() {
      keys.splice(0, keys.length, generateKeyPairSync('ed25519').privateKey);
      chain.splice(0, chain.length, ...keys.map((key) => ({ key: raw(key) })));
    },
    answerCode(path: '/p/code' | '/p/code/poll', body: string): Answer {
      const { code } = self;
      if (code === undefined) return { status: 404 };
      const { jws } = JSON.parse(body);
      const claims: Record<string, unknown> = JSON.parse(Buffer.from(jws.split('.')[1], 'base64url').toString());
      const state = path === '/p/code' ? undefined : ((code.states.length > 1 ? code.states.shift() : code.states[0]) ?? assert.fail());
      code.polls.push({ claims, atMs: performance.now() });
      if (state === 'down') return { status: 503 };
      const { expiresInSeconds } = code;
      const payload = JSON.stringify(
        state === undefined
          ? { deviceCode: Buffer.alloc(32).toString('base64url'), userCode: 'BCDF-GHJK', expiresInSeconds, intervalSeconds: 1 }
          : { state, ...(state === 'approved' && { connectionId: CONNECTION_ID }) },
      );
      const signature = signed(keys.at(-1), 'enrolment code', createHash('sha256').update(jws).digest(), Buffer.from(payload));
      return { body: self.tamper({ payload, signature, chain }) };
    },
    answer(body: string): Answer {
      const { jws, mac } = JSON.parse(body);
      const [, payload = ''] = jws.split('.');
      self.requests.push({ claims: JSON.parse(Buffer.from(payload, 'base64url').toString()), mac, jws });
      const answered = JSON.stringify({ info: self.info, state: self.state });
      const hash = createHash('sha256')
        .update(self.answersTo ?? jws)
        .digest();
      const signature = signed(keys.at(-1), 'enrolment answer', hash, Buffer.from(answered));
      return { body: self.tamper({ payload: answered, signature, chain }) };
    },
  };
  return self;
}
