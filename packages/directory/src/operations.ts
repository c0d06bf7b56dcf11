/** One operation: from a request to the messages that answer it. */
import { ProtocolOperation } from 'ldapts';
import { signIn } from './accounts.ts';
import type { Domain } from './domain.ts';
import { modify } from './modify.ts';
import { type BindOperation, type ExtendedRequest, pagingOf, type Request, type SearchOperation } from './requests.ts';
import { extendedResponse, plainResponse, searchDone, searchEntry, searchReference } from './responses.ts';
import { BIND_NEEDED, bindRefused, type OperationResult, RESULT_CODE, SUCCESS, TLS_NEEDED, unwilling } from './results.ts';
import { CONTROLS, DOMAIN_SCOPE, rootDse, START_TLS, WHO_AM_I } from './root-dse.ts';
import { search, type WaitingPages } from './search.ts';
import { selectAttributes } from './selection.ts';
import type { DirectoryEntry } from './tree.ts';

/** What a connection knows about its client. */
export interface Client {
  /** The entry it is bound as; undefined: anonymous. */
  identity: DirectoryEntry | undefined;
  encrypted: boolean;
  readonly pages: WaitingPages;
}

export interface Rules {
  /** Whether the server can speak TLS at all. */
  hasTls: boolean;
  /** Binds with a password require TLS. */
  requireTls: boolean;
  insecurePasswordChanges: boolean;
}

/** The kinds of requests that are answered. */
export type AnsweredRequest = Exclude<Request, { kind: 'unbind' | 'abandon' }>;

/** @returns the messages of the answer in order; a bind changes `client.identity` */
export async function* answer(
  domain: Domain,
  rules: Rules,
  client: Client,
  request: AnsweredRequest,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  if (request.controls.some((control) => control.critical && !CONTROLS.includes(control.oid))) {
    yield resultMessage(request, { resultCode: RESULT_CODE.unavailableCriticalExtension });
    return;
  }
  switch (request.kind) {
    case 'bind':
      yield resultMessage(request, bind(domain, rules, client, request));
      return;
    case 'search':
      yield* answerSearch(domain, rules, client, request, signal);
      return;
    case 'modify': {
      const by = client.identity;
      const passwordsAllowed = client.encrypted || rules.insecurePasswordChanges;
      yield resultMessage(request, by === undefined ? BIND_NEEDED : modify(domain, request, { by, passwordsAllowed }));
      return;
    }
    case 'extended':
      yield answerExtended(domain, rules, client, request);
      return;
    case 'refused':
      yield resultMessage(request, client.identity === undefined ? BIND_NEEDED : unwilling('1F'));
  }
}

/** The tags of answers (RFC 4511, section 4). */
const RESPONSE_TAGS = {
  bind: ProtocolOperation.LDAP_RES_BIND,
  search: ProtocolOperation.LDAP_RES_SEARCH,
  modify: ProtocolOperation.LDAP_RES_MODIFY,
  extended: ProtocolOperation.LDAP_RES_EXTENSION,
} as const;

/** An answer that is only a result. */
export function resultMessage(request: AnsweredRequest, result: OperationResult): Buffer {
  return plainResponse(request.messageId, request.kind === 'refused' ? request.responseTag : RESPONSE_TAGS[request.kind], result);
}

function bind(domain: Domain, rules: Rules, client: Client, { name, password }: BindOperation): OperationResult {
  // The client is anonymous from here on, whatever the result (RFC 4511, section 4.2.1).
  client.identity = undefined;
  if (password === undefined) return { resultCode: RESULT_CODE.authMethodNotSupported };
  // As Windows does: a name without a password is anonymous, and a success.
  if (password.length === 0) return SUCCESS;
  if (rules.requireTls && !client.encrypted) return TLS_NEEDED;
  const outcome = signIn(domain, name, password);
  if ('refused' in outcome) return bindRefused(outcome.refused);
  client.identity = outcome.entry;
  return SUCCESS;
}

async function* answerSearch(
  domain: Domain,
  rules: Rules,
  client: Client,
  request: SearchOperation & Request,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { messageId, attributes, typesOnly } = request;
  if (request.base === '' && request.scope === 'base') {
    const all = rootDse(domain, rules.hasTls);
    const source = {
      names: () => all.map(({ name }) => name),
      values: (name: string) => all.find((attribute) => attribute.name.toLowerCase() === name.toLowerCase())?.values ?? [],
      spelling: (name: string) => all.find((attribute) => attribute.name.toLowerCase() === name)?.name ?? name,
    };
    yield searchEntry(messageId, '', selectAttributes(source, attributes, typesOnly));
    yield searchDone(messageId, SUCCESS, undefined);
    return;
  }
  if (client.identity === undefined) {
    yield resultMessage(request, BIND_NEEDED);
    return;
  }
  const domainOnly = request.controls.some(({ oid }) => oid === DOMAIN_SCOPE);
  const found = await search(domain, request, { paging: pagingOf(request), pages: client.pages, domainOnly, signal });
  for (const entry of found.entries) {
    const source = {
      names: () => domain.tree.attributeNames(entry),
      values: (name: string) => domain.tree.values(entry, name),
      spelling: (name: string) => domain.tree.spelling(entry, name),
    };
    yield searchEntry(messageId, entry.dn, selectAttributes(source, attributes, typesOnly));
  }
  for (const url of found.references ?? []) yield searchReference(messageId, [url]);
  yield searchDone(messageId, found.result, found.cookie);
}

function answerExtended(domain: Domain, rules: Rules, client: Client, { messageId, oid }: ExtendedRequest & Request): Buffer {
  switch (oid) {
    case START_TLS:
      return extendedResponse(messageId, startTlsResult(rules, client), { oid });
    case WHO_AM_I: {
      const name = client.identity && domain.tree.text(client.identity, 'sAMAccountName');
      return extendedResponse(messageId, SUCCESS, { value: name === undefined ? '' : `u:${domain.netbiosName}\\${name}` });
    }
    default:
      return extendedResponse(messageId, {
        resultCode: RESULT_CODE.protocolError,
        diagnosticMessage: `Unknown extended operation ${oid.slice(0, 100)}`,
      });
  }
}

/** Whether TLS may begin now; if so, the session begins it. */
export function startTlsResult(rules: Rules, client: Client): OperationResult {
  if (!rules.hasTls) return { resultCode: RESULT_CODE.unavailable, diagnosticMessage: 'The server has no certificate' };
  if (client.encrypted) return { resultCode: RESULT_CODE.operationsError, diagnosticMessage: 'TLS is already active' };
  return SUCCESS;
}
