/**
 * One LDAP connection over a connected socket: many operations in flight, each with its own deadline and abandon. Once closed by either side
 * it stays closed; its owner opens a new one.
 */
import type { Socket } from 'node:net';
import type { Entry } from './entry.ts';
import { LdapError } from './errors.ts';
import { createFraming } from './framing.ts';
import {
  type Answer,
  abandonRequest,
  bindRequest,
  extendedRequest,
  externalBindRequest,
  type LdapResult,
  type Modification,
  modifyRequest,
  passwordModifyRequest,
  readAnswer,
  type SearchRequest,
  searchRequest,
  unbindRequest,
} from './messages.ts';
import { type SearchPage, type SearchResult, searchPages } from './paged-search.ts';
import { refusedAfterHandshake } from './tls-failure.ts';

/** A larger message closes the connection. A group with 100,000 members makes 10 MB. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
/** Entries beyond this many bytes are dropped; the search then ends as if the server had reached its size limit. */
const MAX_SEARCH_BYTES = 128 * 1024 * 1024;
/** The memory an entry takes beyond its bytes: millions of empty ones must not be free. */
const ENTRY_OVERHEAD_BYTES = 500;

export interface OperationOptions {
  /** From writing the request to its last response. */
  timeoutMs: number;
  /** Abandons the operation when its caller gives up. */
  signal?: AbortSignal | undefined;
}

/** For an operation with a password. */
export interface BindOptions extends OperationOptions {
  /** Asks the server for the password policy control, which gives the reason of a refusal. */
  askPasswordPolicy?: boolean;
}

export interface PasswordChange {
  dn: string;
  oldPassword: string;
  newPassword: string;
}

export interface LdapConnection {
  /** For messages: `ldaps://dc1:636`. */
  readonly name: string;
  /** Whether what is sent is encrypted. */
  readonly encrypted: boolean;
  readonly inFlight: number;
  /** Why it is closed; undefined while it is open. */
  readonly closedBecause: LdapError | undefined;
  /**
   * Simple bind. Resolves with any result. A bind cannot be abandoned (RFC 4511, section 4.11): when its deadline passes, the connection is
   * closed. An empty password is rejected here, since servers take it as an anonymous bind and accept.
   */
  bind(dn: string, password: string, options: BindOptions): Promise<LdapResult>;
  /** SASL EXTERNAL: binds as the account that the server maps the client certificate to. Resolves with any result. */
  bindExternal(options: OperationOptions): Promise<LdapResult>;
  /** Resolves with entries and result; a result other than success is not an error here. */
  search(request: SearchRequest, options: OperationOptions): Promise<SearchResult>;
  modify(dn: string, modifications: readonly Modification[], options: BindOptions): Promise<LdapResult>;
  /** Password modify (RFC 3062). */
  changePassword(change: PasswordChange, options: BindOptions): Promise<LdapResult>;
  extended(oid: string, options: OperationOptions): Promise<LdapResult>;
  /** Called once, when the connection closes; at once if it is closed already. */
  onClose(listener: (because: LdapError) => void): void;
  /** Sends an unbind and closes. Operations in flight fail with `because`. */
  close(because?: LdapError): void;
  /** Hands the socket over to TLS; only with no operation in flight. */
  detach(): Socket;
}

/** A directory has a handful of subordinate ones. */
const MAX_REFERENCES = 100;

interface Operation {
  entries: Entry[];
  references: string[][];
  bytes: number;
  finish(outcome: LdapResult | LdapError): void;
}

/** @param presentedCertificate whether the connector has presented a certificate, to explain why a server hangs up */
export function createLdapConnection(socket: Socket, name: string, encrypted: boolean, presentedCertificate = false): LdapConnection {
  const framing = createFraming(MAX_MESSAGE_BYTES);
  const operations = new Map<number, Operation>();
  const closeListeners: ((because: LdapError) => void)[] = [];
  let closedBecause: LdapError | undefined;
  let lastMessageId = 0;
  let corked = false;
  let hasStrayAnswer = false;
  let hasAnswered = false;

  function onData(chunk: Buffer): void {
    hasAnswered = true;
    try {
      for (const bytes of framing.push(chunk)) handle(readAnswer(bytes), bytes.length);
    } catch (error) {
      fail(
        error instanceof LdapError
          ? error
          : new LdapError('LDAP_PROTOCOL', `Reading from ${name} failed`, { cause: error, mayHaveBeenSent: true }),
      );
    }
  }

  function handle(answer: Answer, bytes: number): void {
    // Message ID 0 is the notice of disconnection (RFC 4511, section 4.4.1).
    if (answer.messageId === 0 && answer.type === 'result') {
      const { diagnosticMessage } = answer.result;
      return fail(
        new LdapError('LDAP_CONNECTION_LOST', `${name} closed the connection: ${diagnosticMessage || 'no reason given'}`, {
          mayHaveBeenSent: true,
        }),
      );
    }
    // Responses to abandoned operations may still arrive.
    const operation = operations.get(answer.messageId);
    if (operation === undefined) {
      hasStrayAnswer = true;
      return;
    }
    switch (answer.type) {
      case 'entry':
        operation.bytes += bytes + ENTRY_OVERHEAD_BYTES;
        if (operation.bytes <= MAX_SEARCH_BYTES) operation.entries.push({ ...answer.entry, readFrom: name });
        else {
          abandon(answer.messageId);
          operation.finish({
            resultCode: 4,
            matchedDn: '',
            diagnosticMessage: 'the result is too large',
            referrals: [],
            controls: new Map(),
          });
        }
        return;
      case 'result':
        operation.finish(answer.result);
        return;
      case 'reference':
        if (operation.references.length < MAX_REFERENCES) operation.references.push(answer.urls);
        return;
      case 'ignored':
        return;
    }
  }

  function fail(because: LdapError): void {
    if (closedBecause !== undefined) return;
    socket.destroy();
    settle(because);
  }

  function settle(because: LdapError): void {
    closedBecause = because;
    for (const operation of operations.values()) operation.finish(because);
    for (const listener of closeListeners.splice(0)) listener(because);
  }

  function lost(cause?: Error): void {
    // With TLS 1.3, a server refuses the client's certificate only after the client's handshake is complete (RFC 8446, section 4.4.2.4).
    const refused = encrypted && !hasAnswered && operations.size > 0 ? refusedAfterHandshake(name, cause, presentedCertificate) : undefined;
    fail(refused ?? new LdapError('LDAP_CONNECTION_LOST', `The connection to ${name} was lost`, { cause, mayHaveBeenSent: true }));
  }
  const onError = (error: Error) => lost(error);
  const onEnd = () => lost();
  socket.on('data', onData);
  socket.on('error', onError);
  socket.on('close', onEnd);
  socket.on('end', onEnd);

  /** Writes of one turn of the event loop go out in one system call. */
  function write(bytes: Buffer): void {
    if (!corked) {
      corked = true;
      socket.cork();
      process.nextTick(() => {
        corked = false;
        socket.uncork();
      });
    }
    socket.write(bytes);
  }

  function nextMessageId(): number {
    // RFC 4511, section 4.1.1.1: up to 2^31-1, and not in use by an operation in flight.
    do lastMessageId = lastMessageId >= 0x7fffffff ? 1 : lastMessageId + 1;
    while (operations.has(lastMessageId));
    return lastMessageId;
  }

  function abandon(messageId: number): void {
    operations.delete(messageId);
    if (closedBecause === undefined) write(abandonRequest(nextMessageId(), messageId));
  }

  function perform(
    kind: 'bind' | 'search' | 'modify' | 'password change' | 'extended',
    encode: (messageId: number) => Buffer,
    { timeoutMs, signal }: OperationOptions,
    bytesOfEarlierPages = 0,
  ): Promise<SearchPage> {
    return new Promise((resolve, reject) => {
      if (closedBecause !== undefined)
        return reject(new LdapError('LDAP_CONNECTION_LOST', closedBecause.message, { cause: closedBecause.cause }));
      if (signal?.aborted) return reject(aborted(false));
      const messageId = nextMessageId();
      // Encoding may throw (a request beyond 16 MB); nothing is in flight then.
      const bytes = encode(messageId);
      const operation: Operation = {
        entries: [],
        references: [],
        bytes: bytesOfEarlierPages,
        finish(outcome) {
          operations.delete(messageId);
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
          if (outcome instanceof LdapError) reject(outcome);
          else
            resolve({
              entries: operation.entries,
              references: operation.references,
              result: outcome,
              truncated: false,
              bytes: operation.bytes,
            });
        },
      };
      const giveUp = (error: LdapError) => {
        if (kind === 'bind' || kind === 'extended') fail(error);
        else abandon(messageId);
        operation.finish(error);
      };
      const timer = setTimeout(
        () => giveUp(new LdapError('LDAP_TIMEOUT', `${name} did not answer a ${kind} within ${timeoutMs} ms`, { mayHaveBeenSent: true })),
        timeoutMs,
      );
      const onAbort = () => giveUp(aborted(true));
      signal?.addEventListener('abort', onAbort, { once: true });
      operations.set(messageId, operation);
      write(bytes);
    });
  }

  function search(request: SearchRequest, { timeoutMs, signal }: OperationOptions): Promise<SearchResult> {
    return searchPages(name, request, timeoutMs, (cookie, remainingMs, earlierBytes) =>
      perform('search', (messageId) => searchRequest(messageId, request, cookie), { timeoutMs: remainingMs, signal }, earlierBytes),
    );
  }

  return {
    name,
    encrypted,
    get inFlight() {
      return operations.size;
    },
    get closedBecause() {
      return closedBecause;
    },
    async bind(dn, password, options) {
      if (password === '') throw new TypeError('A bind with an empty password is anonymous and proves nothing');
      return (await perform('bind', (messageId) => bindRequest(messageId, dn, password, options.askPasswordPolicy ?? false), options))
        .result;
    },
    async bindExternal(options) {
      return (await perform('bind', externalBindRequest, options)).result;
    },
    search,
    async modify(dn, modifications, options) {
      return (
        await perform('modify', (messageId) => modifyRequest(messageId, dn, modifications, options.askPasswordPolicy ?? false), options)
      ).result;
    },
    async changePassword(change, options) {
      const encode = (messageId: number) => passwordModifyRequest(messageId, change, options.askPasswordPolicy ?? false);
      return (await perform('password change', encode, options)).result;
    },
    async extended(oid, options) {
      return (await perform('extended', (messageId) => extendedRequest(messageId, oid), options)).result;
    },
    onClose(listener) {
      if (closedBecause !== undefined) listener(closedBecause);
      else closeListeners.push(listener);
    },
    close(because) {
      if (closedBecause !== undefined) return;
      socket.end(unbindRequest(nextMessageId()));
      // The server may never close its side, and nothing waits for it.
      setTimeout(() => socket.destroy(), 1000).unref();
      settle(because ?? new LdapError('LDAP_CONNECTION_LOST', `The connection to ${name} was closed`, { mayHaveBeenSent: true }));
    },
    detach() {
      if (operations.size > 0 || framing.pendingBytes > 0 || hasStrayAnswer) {
        // Unencrypted bytes after the response to StartTLS may have been injected by a man in the middle: they must not count as the server's.
        const error = new LdapError('LDAP_PROTOCOL', `${name} sent unencrypted bytes after agreeing to TLS`, { mayHaveBeenSent: true });
        fail(error);
        throw error;
      }
      socket.removeListener('data', onData);
      socket.removeListener('error', onError);
      socket.removeListener('close', onEnd);
      socket.removeListener('end', onEnd);
      closedBecause = new LdapError('LDAP_CONNECTION_LOST', `The connection to ${name} was handed over to TLS`);
      return socket;
    },
  };
}

function aborted(mayHaveBeenSent: boolean): LdapError {
  return new LdapError('LDAP_ABORTED', 'The caller gave up', { mayHaveBeenSent });
}
