/** LDAP answers (RFC 4511, section 4): from records to bytes. */
import { Ber, BerWriter, ExtendedResponseProtocolOperations, PagedResultsControl, ProtocolOperation } from 'ldapts';
import { type OperationResult, RESULT_CODE } from './results.ts';
import type { Value } from './schema.ts';

export interface EntryAttributes {
  name: string;
  values: readonly Value[];
}

const REFERRAL_TAG = 0xa3;
const NOTICE_OF_DISCONNECTION = '1.3.6.1.4.1.1466.20036';

/** The answer to an operation that has only a result. */
export function plainResponse(messageId: number, tag: number, result: OperationResult): Buffer {
  return message(messageId, tag, (writer) => writeResult(writer, result));
}

export function extendedResponse(messageId: number, result: OperationResult, answer: { oid?: string; value?: string } = {}): Buffer {
  return message(messageId, ProtocolOperation.LDAP_RES_EXTENSION, (writer) => {
    writeResult(writer, result);
    if (answer.oid !== undefined) writer.writeString(answer.oid, ExtendedResponseProtocolOperations.oid);
    if (answer.value !== undefined) writer.writeString(answer.value, ExtendedResponseProtocolOperations.value);
  });
}

/** Tells the client why the server ends the connection (RFC 4511, section 4.4.1). */
export function noticeOfDisconnection(diagnosticMessage: string, resultCode: number = RESULT_CODE.protocolError): Buffer {
  return extendedResponse(0, { resultCode, diagnosticMessage }, { oid: NOTICE_OF_DISCONNECTION });
}

export function searchEntry(messageId: number, dn: string, attributes: readonly EntryAttributes[]): Buffer {
  // BerWriter moves a sequence of more than 64 KiB by a byte without checking for space, so the space is reserved at the start.
  let bytes = 1024 + 3 * dn.length;
  for (const { name, values } of attributes) {
    bytes += name.length + 16;
    for (const value of values) bytes += 3 * value.length + 8;
  }
  return message(
    messageId,
    ProtocolOperation.LDAP_RES_SEARCH_ENTRY,
    (writer) => {
      writer.writeString(dn);
      writer.startSequence();
      for (const { name, values } of attributes) {
        writer.startSequence();
        writer.writeString(name);
        writer.startSequence(ProtocolOperation.LBER_SET);
        for (const value of values) writer.writeBuffer(Buffer.from(value), Ber.OctetString);
        writer.endSequence();
        writer.endSequence();
      }
      writer.endSequence();
    },
    { size: bytes },
  );
}

export function searchReference(messageId: number, urls: readonly string[]): Buffer {
  return message(messageId, ProtocolOperation.LDAP_RES_SEARCH_REF, (writer) => writer.writeStringArray([...urls]));
}

/** @param cookie of a paged search: the start of the next page, empty on the last; undefined without paging */
export function searchDone(messageId: number, result: OperationResult, cookie: string | undefined): Buffer {
  const control = new PagedResultsControl({ value: { size: 0, cookie: Buffer.from(cookie ?? '', 'latin1') } });
  const controls = cookie === undefined ? [] : [control];
  return message(messageId, ProtocolOperation.LDAP_RES_SEARCH, (writer) => writeResult(writer, result), { controls });
}

function message(
  messageId: number,
  tag: number,
  write: (writer: BerWriter) => void,
  { size = 512, controls = [] }: { size?: number; controls?: PagedResultsControl[] } = {},
): Buffer {
  const writer = new BerWriter({ size });
  writer.startSequence();
  writer.writeInt(messageId);
  writer.startSequence(tag);
  write(writer);
  writer.endSequence();
  if (controls.length > 0) {
    writer.startSequence(ProtocolOperation.LDAP_CONTROLS);
    for (const control of controls) control.write(writer);
    writer.endSequence();
  }
  writer.endSequence();
  return writer.buffer;
}

function writeResult(writer: BerWriter, { resultCode, matchedDn = '', diagnosticMessage = '', referrals }: OperationResult): void {
  writer.writeEnumeration(resultCode);
  writer.writeString(matchedDn);
  writer.writeString(diagnosticMessage);
  if (referrals === undefined) return;
  writer.startSequence(REFERRAL_TAG);
  writer.writeStringArray([...referrals]);
  writer.endSequence();
}
