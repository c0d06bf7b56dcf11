/**
 * One client's connection. Several requests can run at once, and answers are sent no faster than the client
 * reads them. A bind waits for earlier requests, and later requests wait for the bind (RFC 4511, section 4.2.1).
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

/** Reading from a client pauses while this many of its requests run. */
const MAX_RUNNING = 100;

/** Answers are collected up to this size before they are written. */
const WRITE_BYTES = 65_536;

export interface SessionOptions {
  domain: Domain;
  rules: Rules;
  secureContext: SecureContext | undefined;
  maxMessageBytes: number;
  /** Within which a message or a TLS handshake must be complete. */
  receiveTimeoutMs: number;
  /** Called for each operation as it arrives. @returns the fault that affects it */
  arrived(operation: Operation): { delayMs: number; effect: FaultEffect | undefined };
}

export interface ClientSession {
  /** Ends the connection at once. */
  destroy(): void;
  /** Resolves when the connection has ended. */
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
    // One round for the plain connection, and one for the encrypted connection after StartTLS.
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

  /** @returns true if TLS begins now, false if the connection ends */
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
          // Bytes after StartTLS were sent unencrypted, perhaps by an attacker, and must not be processed.
          if (next === 'start-tls') return index === messages.length - 1 && !framer.partial;
        }
      }
      return false;
    } catch (error) {
      if (socket.writable) {
        socket.end(noticeOfDisconnection(error instanceof Error ? error.message : 'malformed message'));
        // Unread bytes would turn the end into a reset, and the client would never see the notice.
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

  /** Never rejects: a failure ends the connection. */
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

  /** Waits until the client has read earlier answers, so that a client that does not read takes little memory. */
  async function write(bytes: Buffer, signal: AbortSignal): Promise<void> {
    if (!socket.write(bytes)) await once(socket, 'drain', { signal });
  }
}

function ignore(): void {}
