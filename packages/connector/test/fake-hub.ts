/**
 * A scripted hub, right or wrong: it accepts, rejects, stays silent, sends anything, and signs with any key and algorithm. Written from the
 * protocol alone, so that it does not share a misunderstanding in the connector.
 */
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  answerSession,
  hubFingerprintOf,
  jsonToBase64url,
  rawIdentityKey,
  type SessionAnswer,
  type SocketSession,
  sessionClaim,
  signByIdentity,
} from '@landbridge/protocol';
import { decodeJwt } from 'jose';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';

/** How the hub answers a connector that has identified itself; `refuse`: it answers the WebSocket handshake with HTTP 503. */
export type Welcome = 'accept' | 'close' | 'reject' | 'silent' | 'refuse' | 'close at once';

/** Made once per test process: an RSA key takes about 100 ms. */
export const HUB_RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const HUB_EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const STRANGER_RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
/** Answers connectors that ask for a session. */
export const HUB_IDENTITY = generateKeyPairSync('ed25519');
export const HUB_FINGERPRINT = hubFingerprintOf(rawIdentityKey(HUB_IDENTITY.privateKey));
export const AGENT_RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });

export const CONNECTION = 'test-connection';
export const REALM = 'urn:auth0:fake';

export interface FakeAgent {
  readonly socket: WebSocket;
  /** Set if the connector asked for a session. Frames to and from it are then sealed; raw ones are sent with `socket`. */
  readonly session: SocketSession | undefined;
  /** Sends frames so that they arrive as one packet. */
  sendTogether(frames: (string | Buffer)[]): void;
  /** The first frame, and the claims of its token, unverified. */
  readonly authenticate: { jwt: string; capabilities?: string[]; instance?: unknown };
  /** The next frame from the connector that was not read yet. */
  nextFrame(): Promise<{ n: string; p: unknown }>;
  /** All unread frames. */
  readonly frames: { n: string; p: unknown }[];
  send(n: string, p?: unknown): void;
  /** Sends a signed request. @returns its pid */
  ask(name: string, claims: Record<string, unknown>, signing?: Signing): string;
  readonly closed: Promise<{ code: number; reason: string }>;
}

export interface Signing {
  key?: KeyObject;
  alg?: string;
  header?: Record<string, unknown>;
}

export interface FakeHub {
  /** `http(s)://…`, as in AD_HUB. */
  readonly url: string;
  readonly jwksUrl: string;
  welcome: Welcome;
  /** The payload of `authenticated`. */
  authenticatedPayload: unknown;
  /** Changes the answer to a connector that asks for a session. */
  changeSession: (answer: SessionAnswer) => SessionAnswer | undefined;
  /** Changes the payload of `authenticated` in a session. */
  changeAnswer: (payload: Record<string, unknown>) => unknown;
  /** The JWKS document, or a status to answer with instead. */
  jwks: { keys: unknown[] } | number;
  jwksFetches: number;
  handshakes: number;
  /** The next accepted connector. */
  nextAgent(): Promise<FakeAgent>;
  stop(): Promise<void>;
}

/** @param tls PEM texts, for wss */
export async function startFakeHub(tls?: { cert: string; key: string }): Promise<FakeHub> {
  const server: Server = tls === undefined ? createServer() : createTlsServer(tls);
  const sockets = new WebSocketServer({ noServer: true });
  const agents = queue<FakeAgent>();
  server.on('request', (_request, response) => {
    hub.jwksFetches++;
    if (typeof hub.jwks === 'number') response.writeHead(hub.jwks).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(hub.jwks));
  });
  server.on('upgrade', (request, socket, head) => {
    hub.handshakes++;
    socket.on('error', () => {});
    if (hub.welcome === 'refuse') socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
    else sockets.handleUpgrade(request, socket, head, (webSocket) => receive(webSocket, socket));
  });

  function receive(socket: WebSocket, stream: Duplex): void {
    const { welcome } = hub;
    if (welcome === 'close at once') return socket.close();
    const frames = queue<{ n: string; p: unknown }>();
    const closed = new Promise<{ code: number; reason: string }>((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
    socket.on('error', () => {});
    let authenticate: FakeAgent['authenticate'] | undefined;
    let session: SocketSession | undefined;
    const send = (n: string, p?: unknown) => {
      const text = JSON.stringify({ n, p });
      socket.send(session?.seal(text) ?? text);
    };
    socket.on('message', (data: RawData) => {
      const frame = JSON.parse(session === undefined ? String(data) : String(session.open(data as Buffer)));
      if (authenticate !== undefined) return frames.push(frame);
      authenticate = frame.p;
      if (welcome === 'close') return socket.close(1008, 'go away');
      if (welcome === 'reject') socket.send(JSON.stringify({ n: 'authentication_failure' }));
      const agreed = sessionFor(String(data), frame.p, Object(hub.authenticatedPayload).capabilities);
      const answer = agreed && { session: hub.changeSession(agreed.answer) };
      const payload =
        answer === undefined ? hub.authenticatedPayload : hub.changeAnswer({ ...Object(hub.authenticatedPayload), ...answer });
      if (welcome === 'accept') send('authenticated', payload);
      session = agreed?.session;
      agents.push({
        socket,
        session,
        sendTogether(frames) {
          stream.cork();
          for (const frame of frames) socket.send(frame);
          stream.uncork();
        },
        authenticate: frame.p,
        nextFrame: frames.next,
        frames: frames.items,
        send,
        ask(name, claims, signing) {
          const pid = randomUUID();
          const exp = Math.floor(Date.now() / 1000) + 60;
          send(name, session === undefined ? { jwt: signToken({ pid, ...claims }, signing) } : { pid, exp, ...claims });
          return pid;
        },
        closed,
      });
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `${tls === undefined ? 'http' : 'https'}://${tls === undefined ? '127.0.0.1' : 'localhost'}:${port}`;
  const hub: FakeHub = {
    url: `${origin}/lo/hub`,
    jwksUrl: `${origin}/.well-known/jwks.json`,
    welcome: 'accept',
    authenticatedPayload: undefined,
    changeSession: (answer) => answer,
    changeAnswer: (payload) => payload,
    jwks: { keys: [] },
    jwksFetches: 0,
    handshakes: 0,
    nextAgent: agents.next,
    async stop() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return hub;
}

function sessionFor(text: string, { jwt }: FakeAgent['authenticate'], capabilities: string[] = []) {
  const { session: claim, iss = '' } = decodeJwt(jwt);
  if (claim === undefined) return undefined;
  return answerSession(
    sessionClaim.parse(claim),
    { authenticate: text, connection: iss, capabilities },
    {
      chain: [{ key: rawIdentityKey(HUB_IDENTITY.privateKey) }],
      sign: (purpose, bytes) => signByIdentity(HUB_IDENTITY.privateKey, purpose, bytes),
    },
  );
}

/** Any token, including ones that must be rejected: `none`, HS256 keyed with a public key, strange headers. */
export function signToken(claims: unknown, { key = HUB_RSA.privateKey, alg = 'RS256', header = {} }: Signing = {}): string {
  const signed = `${jsonToBase64url({ alg, typ: 'JWT', ...header })}.${partOf(claims)}`;
  return `${signed}.${signatureOf(signed, alg, key).toString('base64url')}`;
}

function signatureOf(signed: string, alg: string, key: KeyObject): Buffer {
  const digest = `sha${alg.slice(2)}`;
  if (alg === 'none') return Buffer.alloc(0);
  // The classic attack: the public key, which is public, as the secret.
  if (alg.startsWith('HS')) return createHmac(digest, pemOf(key)).update(signed).digest();
  if (alg.startsWith('PS')) return sign(digest, Buffer.from(signed), { key, padding: 6, saltLength: -1 });
  return sign(digest, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
}

/** Text and bytes unchanged, so that a payload can be anything. */
function partOf(claims: unknown): string {
  return typeof claims === 'string' || Buffer.isBuffer(claims) ? Buffer.from(claims).toString('base64url') : jsonToBase64url(claims);
}

export function pemOf(key: KeyObject): string {
  return String((key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'pem' }));
}

export function jwkOf(key: KeyObject, fields: Record<string, unknown>): Record<string, unknown> {
  return { ...key.export({ format: 'jwk' }), use: 'sig', ...fields };
}

/** Items and waiting readers, each in order. */
function queue<T>(): { push(item: T): void; next(): Promise<T>; items: T[] } {
  const items: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  return {
    items,
    push(item) {
      const resolve = waiting.shift();
      if (resolve === undefined) items.push(item);
      else resolve(item);
    },
    next() {
      const item = items.shift();
      return item === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(item);
    },
  };
}
