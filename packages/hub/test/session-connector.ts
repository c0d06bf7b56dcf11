/** A connector that asks for a session, and can send anything afterwards. */
import { once } from 'node:events';
import { answerName, offerSession, type RequestName, type SocketSession, sessionAnswer } from '@landbridge/protocol';
import { type RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { loadHubIdentity } from '../src/keys/hub-identity.ts';
import { agentToken, type Provisioned } from './foreign-connector.ts';
import type { HubUnderTest } from './hub-under-test.ts';

const CAPABILITIES = ['drain', 'health', 'reasons', 'subject'];
const names = ['authenticate_user', 'search_users', 'list_groups', 'change_password'] as const;
const requestFrame = z.object({ n: z.enum(names), p: z.looseObject({ pid: z.string() }) });
const answerFrame = z.object({ n: z.string(), p: z.object({ session: sessionAnswer, capabilities: z.array(z.string()) }) });

export interface SessionRequest {
  name: RequestName;
  claims: Record<string, unknown> & { pid: string };
  /** The frame as it was received. */
  sealed: Buffer;
  /** The text of the frame that answers it with this payload. */
  answerText(payload: unknown): string;
}

export interface SessionConnector {
  socket: WebSocket;
  session: SocketSession;
  /** Seals and sends a frame. */
  send(text: string): void;
  /** Seals a frame without sending it. */
  seal(text: string): Buffer;
  nextRequest(): Promise<SessionRequest>;
  /** Resolves with the close code. */
  closed: Promise<number>;
}

export const HEALTH_UP = JSON.stringify({ n: 'health', p: { directory: 'up' } });

/** @param options.silent it sends nothing after the handshake. @throws if the hub rejects it or its answer is wrong */
export async function connectInSession(
  { store }: HubUnderTest,
  provisioned: Provisioned,
  options: { silent?: true } = {},
): Promise<SessionConnector> {
  const offer = offerSession();
  const jwt = await agentToken(provisioned, { session: offer.claim, unique: true });
  const socket = new WebSocket(provisioned.socketUrl, { perMessageDeflate: false });
  await once(socket, 'open');
  const closed = once(socket, 'close').then(([code]) => Number(code));
  socket.on('error', () => {});
  const authenticate = JSON.stringify({ n: 'authenticate', p: { jwt, capabilities: CAPABILITIES, instance: undefined } });
  // The hub sends its time directly after the answer.
  const early: RawData[] = [];
  const keep = (data: RawData) => early.push(data);
  socket.on('message', keep);
  const answered = once(socket, 'message');
  socket.send(authenticate);
  await answered;
  const text = early.shift();
  const { capabilities, session: answer } = answerFrame.parse(JSON.parse(String(text))).p;
  const { fingerprint } = await loadHubIdentity(store);
  const agreed = offer.accept(answer, { authenticate, connection: provisioned.connection, capabilities }, fingerprint);
  if ('refused' in agreed) throw new Error(agreed.refused);
  const { session } = agreed;

  const requests: SessionRequest[] = [];
  const waiting: ((request: SessionRequest) => void)[] = [];
  const onMessage = (data: Buffer) => {
    const opened = session.open(data) ?? 'null';
    if (opened.startsWith('{"n":"clock"')) return;
    const { n, p } = requestFrame.parse(JSON.parse(opened));
    const answerText = (payload: unknown) => JSON.stringify({ n: answerName(n, p.pid), p: payload });
    const request = { name: n, claims: p, sealed: data, answerText };
    const next = waiting.shift();
    if (next === undefined) requests.push(request);
    else next(request);
  };
  socket.off('message', keep);
  for (const data of early) if (Buffer.isBuffer(data)) onMessage(data);
  socket.on('message', onMessage);
  const seal = (frame: string) => session.seal(frame) ?? Buffer.alloc(0);
  const send = (frame: string) => socket.send(seal(frame));
  if (options.silent === undefined) {
    send(HEALTH_UP);
    // Its pong shows that the hub has read the frame.
    socket.ping();
    await once(socket, 'pong');
  }
  return {
    ...{ socket, session, send, seal, closed },
    nextRequest() {
      const request = requests.shift();
      return request === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(request);
    },
  };
}
