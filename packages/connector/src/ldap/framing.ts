/** Splits the byte stream of a connection into LDAP messages of limited size. */
import { readLength } from '../asn1/ber-reader.ts';
import { TAG } from '../asn1/ber-writer.ts';
import { LdapError, malformed } from './errors.ts';

export interface Framing {
  /**
   * @returns the messages that are now complete, in order
   * @throws LDAP_PROTOCOL if the bytes are not an LDAP message, or a message is too large
   */
  push(chunk: Buffer): Buffer[];
  /** Bytes of an incomplete message. */
  readonly pendingBytes: number;
}

export function createFraming(maxMessageBytes: number): Framing {
  let chunks: Buffer[] = [];
  let pendingBytes = 0;
  // How many bytes to wait for before trying again: large messages come in many chunks, and joining them each time would take quadratic
  // time.
  let neededBytes = 2;
  return {
    get pendingBytes() {
      return pendingBytes;
    },
    push(chunk) {
      chunks.push(chunk);
      pendingBytes += chunk.length;
      if (pendingBytes < neededBytes) return [];
      let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks, pendingBytes);
      const messages: Buffer[] = [];
      neededBytes = 2;
      while (bytes.length >= 2) {
        // A TLS alert or handshake record of version 3.x (RFC 8446, section 5.1).
        if ((bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 3) throw answeredByTls();
        if (bytes[0] !== TAG.sequence) throw malformed(`a message that begins with 0x${bytes[0]?.toString(16)}`);
        const header = readLength(bytes, 1, bytes.length, malformed);
        if (header === undefined) {
          neededBytes = bytes.length + 1;
          break;
        }
        const size = header.contentStart + header.length;
        if (size > maxMessageBytes) {
          throw new LdapError(
            'LDAP_PROTOCOL',
            `The directory server announced a message of ${size} bytes; the limit is ${maxMessageBytes}`,
            {
              mayHaveBeenSent: true,
            },
          );
        }
        if (size > bytes.length) {
          neededBytes = size;
          break;
        }
        messages.push(bytes.subarray(0, size));
        bytes = bytes.subarray(size);
      }
      chunks = bytes.length > 0 ? [bytes] : [];
      pendingBytes = bytes.length;
      return messages;
    },
  };
}

function answeredByTls(): LdapError {
  return new LdapError('LDAP_PROTOCOL', 'The directory server speaks TLS where plain LDAP was expected', {
    action: 'Use ldaps:// in LDAP_URL, or the port of plain LDAP (389)',
    mayHaveBeenSent: true,
  });
}
