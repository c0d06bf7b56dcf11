/** LDAP requests (RFC 4511, section 4): from bytes to checked records. */
import { Ber, BerReader, PagedResultsControl, ProtocolOperation } from 'ldapts';
import { all, boolean, inside, integer, MalformedMessage, octets, text } from './ber.ts';
import { type FilterNode, readFilter } from './filter.ts';

interface Control {
  oid: string;
  critical: boolean;
  value: Buffer | undefined;
}

export interface BindOperation {
  kind: 'bind';
  name: string;
  /** Undefined if the client asks for SASL. */
  password: Buffer | undefined;
}

export interface SearchOperation {
  kind: 'search';
  base: string;
  scope: 'base' | 'one' | 'sub';
  /** 0: no limit. */
  sizeLimit: number;
  timeLimitSeconds: number;
  typesOnly: boolean;
  filter: FilterNode;
  attributes: string[];
}

export interface Change {
  operation: 'add' | 'delete' | 'replace';
  attribute: string;
  values: Buffer[];
}

export interface ModifyOperation {
  kind: 'modify';
  dn: string;
  changes: Change[];
}

export interface ExtendedRequest {
  kind: 'extended';
  oid: string;
}

export type Operation =
  | BindOperation
  | SearchOperation
  | ModifyOperation
  | ExtendedRequest
  | { kind: 'unbind' }
  | { kind: 'abandon'; target: number }
  /** Adding, deleting, renaming, comparing: answered with a refusal of the operation's own kind. */
  | { kind: 'refused'; responseTag: number };

export type Request = Operation & { messageId: number; controls: Control[] };

const SCOPES = ['base', 'one', 'sub'] as const;
const CHANGES = ['add', 'delete', 'replace'] as const;

/** @throws MalformedMessage and ldapts' InvalidAsn1Error: in both cases the connection must end */
export function readRequest(message: Buffer): Request {
  const envelope = inside(new BerReader(message));
  const messageId = integer(envelope);
  if (messageId <= 0) throw new MalformedMessage(`message number ${messageId}`);
  const operation = readOperation(envelope);
  const controls = envelope.remain > 0 ? all(inside(envelope, ProtocolOperation.LDAP_CONTROLS), readControl) : [];
  return { ...operation, messageId, controls };
}

function readOperation(envelope: BerReader): Operation {
  const tag = envelope.peek() ?? 0;
  switch (tag) {
    case ProtocolOperation.LDAP_REQ_BIND:
      return readBind(inside(envelope, tag));
    case ProtocolOperation.LDAP_REQ_UNBIND:
      octets(envelope, tag);
      return { kind: 'unbind' };
    case ProtocolOperation.LDAP_REQ_SEARCH:
      return readSearch(inside(envelope, tag));
    case ProtocolOperation.LDAP_REQ_MODIFY:
      return readModify(inside(envelope, tag));
    case ProtocolOperation.LDAP_REQ_ABANDON:
      return { kind: 'abandon', target: integer(envelope, tag) };
    case ProtocolOperation.LDAP_REQ_EXTENSION:
      return { kind: 'extended', oid: text(inside(envelope, tag), 0x80) };
    case ProtocolOperation.LDAP_REQ_ADD:
    case ProtocolOperation.LDAP_REQ_DELETE:
    case ProtocolOperation.LDAP_REQ_MODRDN:
    case ProtocolOperation.LDAP_REQ_COMPARE:
      octets(envelope, tag);
      // The tag of an answer is that of its request plus one; that of a deletion lacks the bit of a constructed element.
      return { kind: 'refused', responseTag: (tag | 0x20) + 1 };
    default:
      throw new MalformedMessage(`an operation of tag 0x${tag.toString(16)}`);
  }
}

function readBind(reader: BerReader): BindOperation {
  const version = integer(reader);
  if (version !== ProtocolOperation.LDAP_VERSION_3) throw new MalformedMessage(`LDAP version ${version}`);
  const name = text(reader);
  return { kind: 'bind', name, password: reader.peek() === Ber.Context ? octets(reader, Ber.Context) : undefined };
}

function readSearch(reader: BerReader): SearchOperation {
  const base = text(reader);
  const scope = SCOPES[integer(reader, Ber.Enumeration)];
  if (scope === undefined) throw new MalformedMessage('an unknown scope');
  // Handling of aliases: the domain has none.
  integer(reader, Ber.Enumeration);
  return {
    kind: 'search',
    base,
    scope,
    sizeLimit: Math.max(0, integer(reader)),
    timeLimitSeconds: Math.max(0, integer(reader)),
    typesOnly: boolean(reader),
    filter: readFilter(reader),
    attributes: all(inside(reader), (inner) => text(inner)),
  };
}

function readModify(reader: BerReader): ModifyOperation {
  const dn = text(reader);
  const changes = all(inside(reader), (list) => {
    const change = inside(list);
    const operation = CHANGES[integer(change, Ber.Enumeration)];
    if (operation === undefined) throw new MalformedMessage('an unknown kind of change');
    const attribute = inside(change);
    return { operation, attribute: text(attribute), values: all(inside(attribute, ProtocolOperation.LBER_SET), (set) => octets(set)) };
  });
  return { kind: 'modify', dn, changes };
}

function readControl(reader: BerReader): Control {
  const control = inside(reader);
  return {
    oid: text(control),
    critical: control.peek() === Ber.Boolean ? boolean(control) : false,
    value: control.remain > 0 ? octets(control) : undefined,
  };
}

/** The paged results control of a request (RFC 2696). @throws MalformedMessage */
export function pagingOf(request: Request): { size: number; cookie: string } | undefined {
  const control = request.controls.find(({ oid }) => oid === PagedResultsControl.type);
  if (control?.value === undefined) return undefined;
  const reader = inside(new BerReader(control.value));
  return { size: Math.max(0, integer(reader)), cookie: octets(reader).toString('latin1') };
}
