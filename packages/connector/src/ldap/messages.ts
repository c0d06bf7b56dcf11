/** LDAP messages (RFC 4511): encodes requests and decodes responses. */
import { BerReader } from '../asn1/ber-reader.ts';
import { type BerWriter, encodeBer, TAG } from '../asn1/ber-writer.ts';
import { element, sequence } from '../asn1/der.ts';
import { type Attribute, type Entry, isSecretAttribute } from './entry.ts';
import { malformed } from './errors.ts';
import { type BoundFilter, writeFilter } from './filter.ts';
import { PASSWORD_POLICY_OID } from './password-policy.ts';

/** Application tags, RFC 4511 section 4.2 and following. */
const OPERATION = {
  bindRequest: 0x60,
  bindResponse: 0x61,
  unbindRequest: 0x42,
  searchRequest: 0x63,
  searchResultEntry: 0x64,
  searchResultDone: 0x65,
  searchResultReference: 0x73,
  modifyRequest: 0x66,
  modifyResponse: 0x67,
  abandonRequest: 0x50,
  extendedRequest: 0x77,
  extendedResponse: 0x78,
  intermediateResponse: 0x79,
} as const;

const CONTROLS = 0xa0;
export const PAGED_RESULTS_OID = '1.2.840.113556.1.4.319';
/** The parts of a security descriptor to return (MS-ADTS, section 3.1.1.3.4.1.11). */
const SD_FLAGS_OID = '1.2.840.113556.1.4.801';
/** The access list only: without the right to read the audit list, nothing at all would be returned. */
const DACL_SECURITY_INFORMATION = 4;
export const START_TLS_OID = '1.3.6.1.4.1.1466.20037';
/** Password modify (RFC 3062). */
export const PASSWORD_MODIFY_OID = '1.3.6.1.4.1.4203.1.11.1';

export type Scope = 'base' | 'one' | 'sub';
const SCOPES = { base: 0, one: 1, sub: 2 } as const;

export interface SearchRequest {
  searchBase: string;
  scope: Scope;
  filter: BoundFilter;
  /** `['1.1']` requests none. */
  attributes: readonly string[];
  /** In entries; 0 for no limit from this side. */
  sizeLimit?: number;
  /** Asks the server to stop after this many seconds; 0 leaves it to the server. */
  timeLimitSeconds?: number;
  /** 0 never, 1 searching, 2 finding the base, 3 always. */
  derefAliases?: number;
  /** Entries per page: the result is then fetched page by page (RFC 2696). */
  pageSize?: number;
  /** Requests only the access list of `nTSecurityDescriptor` (Active Directory). Cannot be combined with `pageSize`. */
  accessListOnly?: boolean;
}

export interface Modification {
  operation: 'add' | 'delete' | 'replace';
  attribute: string;
  values: readonly (string | Buffer)[];
}

/** The final response of an operation. */
export interface LdapResult {
  resultCode: number;
  matchedDn: string;
  diagnosticMessage: string;
  referrals: string[];
  /** Values of response controls by OID. */
  controls: ReadonlyMap<string, Buffer>;
}

export type Answer =
  | { type: 'entry'; messageId: number; entry: Entry }
  | { type: 'result'; messageId: number; result: LdapResult }
  /** A search continuation (RFC 4511, section 4.5.3): LDAP URLs that lead to the same entries. */
  | { type: 'reference'; messageId: number; urls: string[] }
  | { type: 'ignored'; messageId: number };

/** None is critical: servers that do not know it answer anyway. */
interface RequestControl {
  oid: string;
  value?: Buffer;
}

const PASSWORD_POLICY_CONTROL: RequestControl = { oid: PASSWORD_POLICY_OID };
const ACCESS_LIST_CONTROL: RequestControl = {
  oid: SD_FLAGS_OID,
  value: sequence(element(TAG.integer, Buffer.of(DACL_SECURITY_INFORMATION))),
};

function pagedResultsControl(pageSize: number, cookie: Buffer = Buffer.alloc(0)): RequestControl {
  const value = encodeBer((writer) => {
    writer.startSequence();
    writer.writeInt(pageSize);
    writer.writeBuffer(cookie);
    writer.endSequence();
  });
  return { oid: PAGED_RESULTS_OID, value };
}

/** @param askPasswordPolicy sends the control that asks for details of a refusal (see `password-policy.ts`) */
export function bindRequest(messageId: number, dn: string, password: string, askPasswordPolicy: boolean): Buffer {
  return message(
    messageId,
    OPERATION.bindRequest,
    (writer) => {
      writer.writeInt(3);
      writer.writeString(dn);
      writer.writeString(password, 0x80);
    },
    askPasswordPolicy ? PASSWORD_POLICY_CONTROL : undefined,
  );
}

/** SASL EXTERNAL: the server takes the identity from the client's certificate (RFC 4513, section 5.2.3). */
export function externalBindRequest(messageId: number): Buffer {
  return message(messageId, OPERATION.bindRequest, (writer) => {
    writer.writeInt(3);
    writer.writeString('');
    writer.startSequence(0xa3);
    writer.writeString('EXTERNAL');
    // Empty, not absent: without an initial response the server would ask for it (RFC 4422, appendix A).
    writer.writeString('');
    writer.endSequence();
  });
}

export function unbindRequest(messageId: number): Buffer {
  return primitive(messageId, OPERATION.unbindRequest, undefined);
}

export function abandonRequest(messageId: number, abandonedId: number): Buffer {
  return primitive(messageId, OPERATION.abandonRequest, abandonedId);
}

/** @param cookie from the previous page of a search with `pageSize` */
export function searchRequest(messageId: number, request: SearchRequest, cookie?: Buffer): Buffer {
  return message(
    messageId,
    OPERATION.searchRequest,
    (writer) => {
      writer.writeString(request.searchBase);
      writer.writeEnumeration(SCOPES[request.scope]);
      writer.writeEnumeration(request.derefAliases ?? 0);
      writer.writeInt(request.sizeLimit ?? 0);
      writer.writeInt(request.timeLimitSeconds ?? 0);
      writer.writeBoolean(false);
      writeFilter(writer, request.filter.filter, request.filter.value);
      writer.startSequence();
      for (const attribute of request.attributes) writer.writeString(attribute);
      writer.endSequence();
    },
    request.pageSize !== undefined
      ? pagedResultsControl(request.pageSize, cookie)
      : request.accessListOnly
        ? ACCESS_LIST_CONTROL
        : undefined,
  );
}

/** @param askPasswordPolicy as for a bind */
export function modifyRequest(messageId: number, dn: string, modifications: readonly Modification[], askPasswordPolicy: boolean): Buffer {
  const operations = { add: 0, delete: 1, replace: 2 } as const;
  const write = (writer: BerWriter) => {
    writer.writeString(dn);
    writer.startSequence();
    for (const { operation, attribute, values } of modifications) {
      writer.startSequence();
      writer.writeEnumeration(operations[operation]);
      writer.startSequence();
      writer.writeString(attribute);
      writer.startSequence(TAG.set);
      for (const value of values) {
        if (typeof value === 'string') writer.writeString(value);
        else writer.writeBuffer(value);
      }
      writer.endSequence();
      writer.endSequence();
      writer.endSequence();
    }
    writer.endSequence();
  };
  return message(messageId, OPERATION.modifyRequest, write, askPasswordPolicy ? PASSWORD_POLICY_CONTROL : undefined);
}

export function extendedRequest(messageId: number, oid: string): Buffer {
  return message(messageId, OPERATION.extendedRequest, (writer) => writer.writeString(oid, 0x80));
}

/** A user's own change, with both passwords (RFC 3062, section 2). `askPasswordPolicy` as for a bind. */
export function passwordModifyRequest(
  messageId: number,
  change: { dn: string; oldPassword: string; newPassword: string },
  askPasswordPolicy: boolean,
): Buffer {
  const value = encodeBer((writer) => {
    writer.startSequence();
    writer.writeString(change.dn, 0x80);
    writer.writeString(change.oldPassword, 0x81);
    writer.writeString(change.newPassword, 0x82);
    writer.endSequence();
  });
  const write = (writer: BerWriter) => {
    writer.writeString(PASSWORD_MODIFY_OID, 0x80);
    writer.writeBuffer(value, 0x81);
  };
  return message(messageId, OPERATION.extendedRequest, write, askPasswordPolicy ? PASSWORD_POLICY_CONTROL : undefined);
}

function message(messageId: number, operation: number, write: (writer: BerWriter) => void, control?: RequestControl): Buffer {
  return encodeBer((writer) => {
    writer.startSequence();
    writer.writeInt(messageId);
    writer.startSequence(operation);
    write(writer);
    writer.endSequence();
    if (control !== undefined) {
      writer.startSequence(CONTROLS);
      writer.startSequence();
      writer.writeString(control.oid);
      if (control.value !== undefined) writer.writeBuffer(control.value);
      writer.endSequence();
      writer.endSequence();
    }
    writer.endSequence();
  });
}

/** Unbind is a NULL, abandon an INTEGER, each under its operation's tag. */
function primitive(messageId: number, operation: number, value: number | undefined): Buffer {
  return encodeBer((writer) => {
    writer.startSequence();
    writer.writeInt(messageId);
    if (value === undefined) writer.writeBuffer(Buffer.alloc(0), operation);
    else writer.writeInt(value, operation);
    writer.endSequence();
  });
}

/** @returns the cookie for the next page, undefined after the last one */
export function nextPageCookie(result: LdapResult): Buffer | undefined {
  const value = result.controls.get(PAGED_RESULTS_OID);
  if (value === undefined) return undefined;
  const content = new BerReader(value, malformed).enter(TAG.sequence);
  content.readInteger();
  const cookie = content.readBytes();
  return cookie.length > 0 ? cookie : undefined;
}

/**
 * Decodes one message from a server.
 *
 * @throws LDAP_PROTOCOL if it is not a message that servers send
 */
export function readAnswer(bytes: Buffer): Answer {
  const content = new BerReader(bytes, malformed).enter(TAG.sequence);
  const messageId = content.readInteger();
  const operation = content.peekTag();
  switch (operation) {
    case OPERATION.searchResultEntry:
      return { type: 'entry', messageId, entry: readEntry(content.enter(operation)) };
    case OPERATION.bindResponse:
    case OPERATION.searchResultDone:
    case OPERATION.modifyResponse:
    case OPERATION.extendedResponse:
      return { type: 'result', messageId, result: readResult(content.enter(operation), content) };
    case OPERATION.searchResultReference:
      return { type: 'reference', messageId, urls: readUrls(content.enter(operation)) };
    case OPERATION.intermediateResponse:
      return { type: 'ignored', messageId };
    default:
      throw malformed(`operation 0x${operation?.toString(16)}`);
  }
}

/** Two bytes on the wire make an empty value, which takes a hundred in memory. A user has a few thousand at most. */
const MAX_VALUES = 200_000;

function readEntry(content: BerReader): Entry {
  const dn = content.readText();
  const attributes = new Map<string, Attribute>();
  const list = content.enter(TAG.sequence);
  let valueCount = 0;
  while (!list.atEnd) {
    // An attribute without values takes memory as well.
    if (++valueCount > MAX_VALUES) throw malformed(`an entry of more than ${MAX_VALUES} attributes and values`);
    const attribute = list.enter(TAG.sequence);
    const name = attribute.readText();
    if (isSecretAttribute(name)) continue;
    const values: Buffer[] = [];
    const set = attribute.enter(TAG.set);
    while (!set.atEnd) {
      if (++valueCount > MAX_VALUES) throw malformed(`an entry of more than ${MAX_VALUES} values`);
      values.push(set.readBytes());
    }
    // Some servers send an attribute twice, with two spellings.
    const before = attributes.get(name.toLowerCase());
    attributes.set(name.toLowerCase(), before === undefined ? { name, values } : { name, values: [...before.values, ...values] });
  }
  return { dn, attributes };
}

/** Alternatives to one another; a directory has fewer servers than that. */
const MAX_URLS = 16;

function readUrls(list: BerReader | undefined): string[] {
  const urls: string[] = [];
  while (list?.atEnd === false && urls.length < MAX_URLS) urls.push(list.readText());
  return urls;
}

const NO_CONTROLS: ReadonlyMap<string, Buffer> = new Map();

function readResult(content: BerReader, message: BerReader): LdapResult {
  const resultCode = content.readInteger(TAG.enumerated);
  const matchedDn = content.readText();
  const diagnosticMessage = content.readText();
  return {
    resultCode,
    matchedDn,
    diagnosticMessage,
    referrals: readUrls(content.enterIf(0xa3)),
    controls: readControls(message.enterIf(CONTROLS)),
  };
}

function readControls(list: BerReader | undefined): ReadonlyMap<string, Buffer> {
  if (list === undefined) return NO_CONTROLS;
  const controls = new Map<string, Buffer>();
  while (!list.atEnd) {
    const control = list.enter(TAG.sequence);
    const oid = control.readText();
    if (control.peekTag() === TAG.boolean) control.readAny();
    controls.set(oid, control.peekTag() === TAG.octetString ? control.readBytes() : Buffer.alloc(0));
  }
  return controls;
}
