/**
 * One client's connection: its bytes become requests, several of which may run at once, and answers go back no faster than the client
 * reads them. A bind waits for what runs before it, and what comes after waits for the bind (RFC 4511, section 4.2.1).
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { sleep } from '@landbridge/runtime';
import type { Domain } from './domain.ts';
import type { FaultEffect } from './faults.ts';
import { createFramer } from './framer.ts';
import { type AnsweredRequest, answer, type Client, type Rules, resultMessage, startTlsResult } from './operations.ts';
import { type Operation, type Request, readRequest } from './requests.ts';
import { noticeOfDisconnection } from './responses.ts';
import { RESULT_CODE } from './results.ts';
import { START_TLS } from './root-dse.ts';

/** Nothing more is read from a client that has so many requests running. */
const MAX_RUNNING = 100;

/** Answers are collected up to this size before they are handed to the socket. */
const WRITE_BYTES = 65_536;

export interface SessionOptions {
  domain: Domain;
  rules: Rules;
  secureContext: SecureContext | undefined;
  maxMessageBytes: number;
  /** A message that has begun, or a TLS handshake, must be complete after so long. */
  receiveTimeoutMs: number;
  /** Told of every operation as it arrives; says what fault befalls it. */
  arrived(operation: Operation): { delayMs: number; effect: FaultEffect | undefined };
}

export interface ClientSession {
  /** Ends the connection at once. */
  destroy(): void;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
}

/** @param encrypted whether the client begins with TLS (the LDAPS port) */
export function startSession(plain: Socket, encrypted: boolean, options: SessionOptions): ClientSession {
  const { domain, rules } = options;
  const client: Client = { identity: undefined, encrypted, pages: new Map() };
  const running = new Map<number, { controller: AbortController; done: Promise<void> }>();
  let socket = plain;
  plain.setNoDelay(true);
  plain.on('error', ignore);
  const closed = new Promise<void>((resolve) => {
    plain.once('close', () => {
      for (const { controller } of running.values()) controller.abort();
      resolve();
    });
  });
  talk().catch(() => plain.destroy());
  return { destroy: () => plain.destroy(), closed };

  async function talk(): Promise<void> {
    if (encrypted) await secure();
    // Each round is one layer of the connection: the plain one, and the encrypted one after StartTLS.
    while (await readRequests()) {
      await secure();
      client.encrypted = true;
    }
    plain.destroy();
  }

  async function secure(): Promise<void> {
    socket = new TLSSocket(plain, { isServer: true, secureContext: options.secureContext });
    socket.on('error', ignore);
    await once(socket, 'secure', { signal: AbortSignal.timeout(options.receiveTimeoutMs) });
  }

  /** @returns true where TLS begins now, false where the connection is to end */
  async function readRequests(): Promise<boolean> {
    const framer = createFramer(options.maxMessageBytes);
    let timer: NodeJS.Timeout | undefined;
    try {
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        const messages = framer.push(chunk);
        if (messages.length > 0 || !framer.partial) {
          clearTimeout(timer);
          timer = undefined;
        }
        if (framer.partial) timer ??= setTimeout(() => plain.destroy(), options.receiveTimeoutMs);
        for (const [index, message] of messages.entries()) {
          const next = await begin(readRequest(message));
          if (next === 'end') return false;
          // Bytes behind StartTLS were not protected by it: whoever put them there must not be obeyed.
          if (next === 'start-tls') return index === messages.length - 1 && !framer.partial;
        }
      }
      return false;
    } catch (error) {
      if (socket.writable) {
        socket.end(noticeOfDisconnection(error instanceof Error ? error.message : 'malformed message'));
        // What was sent and not read would turn the end into a reset, and the client would never see the notice.
        socket.resume();
        await once(socket, 'close', { signal: AbortSignal.timeout(1000) }).catch(ignore);
      }
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  async function begin(request: Request): Promise<'start-tls' | 'go-on' | 'end'> {
    const fault = options.arrived(request);
    if (request.kind === 'unbind') return 'end';
    if (request.kind === 'abandon') {
      running.get(request.target)?.controller.abort();
      return 'go-on';
    }
    const startsTls = request.kind === 'extended' && request.oid === START_TLS;
    const alone = request.kind === 'bind' || startsTls;
    if (alone) await Promise.all([...running.values()].map(({ done }) => done));
    else if (running.size >= MAX_RUNNING) await Promise.race([...running.values()].map(({ done }) => done));
    if (running.has(request.messageId)) throw new Error(`message number ${request.messageId} is in use`);
    const begins = startsTls && startTlsResult(rules, client).resultCode === RESULT_CODE.success;
    const controller = new AbortController();
    const done = run(request, fault, controller.signal).finally(() => running.delete(request.messageId));
    running.set(request.messageId, { controller, done });
    if (alone) await done;
    return begins && fault.effect === undefined ? 'start-tls' : 'go-on';
  }

  /** Never rejects: what goes wrong ends the connection. */
  async function run(
    request: AnsweredRequest,
    fault: { delayMs: number; effect: FaultEffect | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      if (fault.delayMs > 0) await sleep(fault.delayMs, signal);
      if (signal.aborted) return;
      if (fault.effect !== undefined) return befall(request, fault.effect);
      let waiting: Buffer[] = [];
      let bytes = 0;
      for await (const message of answer(domain, rules, client, request, signal)) {
        if (signal.aborted) return;
        waiting.push(message);
        bytes += message.length;
        if (bytes < WRITE_BYTES) continue;
        await write(Buffer.concat(waiting), signal);
        waiting = [];
        bytes = 0;
      }
      if (!signal.aborted) await write(Buffer.concat(waiting), signal);
    } catch {
      plain.destroy();
    }
  }

  function befall(request: AnsweredRequest, effect: FaultEffect): void {
    switch (effect.does) {
      case 'answer':
        socket.write(resultMessage(request, { resultCode: effect.resultCode, diagnosticMessage: effect.diagnosticMessage ?? '' }));
        return;
      case 'refer':
        socket.write(resultMessage(request, { resultCode: RESULT_CODE.referral, referrals: effect.urls }));
        return;
      case 'cut-answer': {
        const whole = resultMessage(request, { resultCode: RESULT_CODE.success });
        socket.write(whole.subarray(0, Math.ceil(whole.length / 2)), () => plain.destroy());
        return;
      }
      case 'disconnect':
        plain.destroy();
        return;
      case 'stay-silent':
      case 'delay':
        return;
    }
  }

  /** Waits until the client has taken what was written before, so that one that does not read holds little memory. */
  async function write(bytes: Buffer, signal: AbortSignal): Promise<void> {
    if (!socket.write(bytes)) await once(socket, 'drain', { signal });
  }
}

function ignore(): void {}
