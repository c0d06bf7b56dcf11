/**
 * An independent connector, written from the protocol: its own certificate, the ticket, the socket. It verifies requests with a JOSE library,
 * and can misbehave on demand.
 */
import type { KeyObject } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { makeIdentity, pemBody, type TestIdentity } from '@landbridge/lab';
import { registrationAnswer, ticketInfo } from '@landbridge/protocol';
import { createRemoteJWKSet, importSPKI, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { z } from 'zod';

export { makeIdentity, pemBody };

export interface Provisioned {
  identity: TestIdentity;
  connection: string;
  realm: string;
  socketUrl: string;
  /** For verifying requests. */
  verify: (jwt: string) => Promise<{ claims: JWTPayload; algorithm: string }>;
}

/** Reads `/info`, registers the certificate, and stores the results as a connector does. */
export async function provision(
  ticket: string,
  identity: TestIdentity,
  options: { useJwks?: boolean; instance?: unknown; signInEndpoint?: string } = {},
): Promise<Provisioned> {
  const info = ticketInfo.parse(await (await fetch(`${ticket}/info`)).json());
  const response = await fetch(ticket, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      certs: [identity.certificate],
      signInEndpoint: options.signInEndpoint ?? 'http://connector:4000/wsfed',
      agentMode: true,
      agentVersion: '6.1.0',
      ...(options.useJwks ? { capabilities: { useJWKS: true } } : {}),
      instance: options.instance,
    }),
  });
  if (response.status !== 200) throw new Error(`Registration: ${response.status} ${await response.text()}`);
  const { signingKey } = registrationAnswer.parse(await response.json());
  const jwks = createRemoteJWKSet(new URL('/.well-known/jwks.json', ticket));
  const pem = signingKey ? await importSPKI(signingKey, 'RS256') : undefined;
  return {
    identity,
    connection: info.connectionName,
    realm: info.realm.name,
    socketUrl: info.adHub.replace(/^http/, 'ws'),
    async verify(jwt) {
      const { payload, protectedHeader } = pem
        ? await jwtVerify(jwt, pem, { algorithms: ['RS256'] })
        : await jwtVerify(jwt, jwks, { algorithms: ['RS256', 'ES256'] });
      return { claims: payload, algorithm: protectedHeader.alg };
    },
  };
}

/** The token of a well-behaved connector; tests make it invalid. */
export async function agentToken(
  { identity, connection, realm }: Provisioned,
  changes: {
    iss?: string;
    aud?: string;
    key?: KeyObject;
    lifetimeSeconds?: number;
    noExpiry?: true;
    issuedAt?: number;
    unique?: true;
    /** The claim `session`. */
    session?: unknown;
  } = {},
): Promise<string> {
  const issuedAt = changes.issuedAt ?? Math.floor(Date.now() / 1000);
  const token = new SignJWT({
    ...(changes.unique ? { jti: crypto.randomUUID() } : {}),
    ...(changes.session === undefined ? {} : { session: changes.session }),
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuedAt(issuedAt)
    .setIssuer(changes.iss ?? connection)
    .setAudience(changes.aud ?? realm);
  if (!changes.noExpiry) token.setExpirationTime(issuedAt + (changes.lifetimeSeconds ?? 60));
  return token.sign(changes.key ?? identity.key);
}

export interface Request {
  name: string;
  claims: JWTPayload;
  algorithm: string;
  /** Sends the answer in a frame with the right name. */
  answer: (payload: unknown) => void;
}

export interface ForeignConnector {
  socket: WebSocket;
  /** The payload of `authenticated`; empty for Auth0 connectors. */
  authenticated: unknown;
  /** The next request of the hub, which may have come before. */
  nextRequest: () => Promise<Request>;
  send: (n: string, p?: unknown) => void;
  /** Resolves with the close code. */
  closed: Promise<number>;
  /** Answers each request from now on with the result of `answer`. */
  answerAll: (answer: (request: Request) => unknown) => void;
}

const hubFrame = z.object({ n: z.string(), p: z.unknown().optional() });
type HubFrame = z.infer<typeof hubFrame>;
const hubRequest = z.object({ n: z.string(), p: z.object({ jwt: z.string() }) });

const ANSWERS: Record<string, string> = {
  authenticate_user: '_result',
  search_users: '_search_users_result',
  list_groups: '_list_groups_result',
  change_password: '_change_password_result',
};

/** Opens a socket and sends a first frame. @returns the socket and the first frame in reply, or the close code */
export async function openSocket(
  url: string,
  first: string | Buffer | undefined,
): Promise<{ socket: WebSocket; reply: HubFrame | undefined; code: number | undefined }> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  const ended = new Promise<{ code: number }>((resolve) => socket.once('close', (code: number) => resolve({ code })));
  const replied = new Promise<{ reply: HubFrame | undefined }>((resolve) =>
    socket.once('message', (data) => resolve({ reply: hubFrame.parse(JSON.parse(String(data))) })),
  );
  socket.on('error', () => {});
  if (first !== undefined) socket.send(first);
  const outcome = await Promise.race([ended, replied]);
  return { socket, reply: 'reply' in outcome ? outcome.reply : undefined, code: 'code' in outcome ? outcome.code : undefined };
}

/** Connects and authenticates. @throws if the hub rejects it */
export async function connect(
  provisioned: Provisioned,
  options: { capabilities?: string[]; token?: string; instance?: unknown } = {},
): Promise<ForeignConnector> {
  const jwt = options.token ?? (await agentToken(provisioned));
  const { socket, reply } = await openSocket(
    provisioned.socketUrl,
    JSON.stringify({
      n: 'authenticate',
      p: { jwt, capabilities: options.capabilities, instance: options.instance },
    }),
  );
  if (reply?.n !== 'authenticated') throw new Error(`The hub said ${JSON.stringify(reply ?? 'nothing')}`);
  const send = (n: string, p?: unknown) => socket.send(JSON.stringify({ n, p }));
  const requests: Request[] = [];
  const arrivals = new EventEmitter();
  let answerAll: ((request: Request) => unknown) | undefined;
  async function receive(text: string): Promise<void> {
    const { n, p } = hubRequest.parse(JSON.parse(text));
    const { claims, algorithm } = await provisioned.verify(p.jwt);
    const request = { name: n, claims, algorithm, answer: (payload: unknown) => send(`${claims.pid}${ANSWERS[n]}`, payload) };
    if (answerAll !== undefined) return request.answer(answerAll(request));
    requests.push(request);
    arrivals.emit('request');
  }
  // An invalid request fails the test as an unhandled rejection.
  socket.on('message', (data) => void receive(String(data)));
  return {
    socket,
    authenticated: reply.p,
    async nextRequest() {
      for (;;) {
        const request = requests.shift();
        if (request !== undefined) return request;
        await once(arrivals, 'request');
      }
    },
    send,
    closed: new Promise((resolve) => socket.once('close', resolve)),
    answerAll(answer) {
      answerAll = answer;
      for (const request of requests.splice(0)) request.answer(answer(request));
    },
  };
}
