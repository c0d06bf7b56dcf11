/** Cuts a stream of bytes into LDAP messages, with a limit on their size. */
import { MalformedMessage } from './ber.ts';

const SEQUENCE = 0x30;
/** More pieces are joined into one, because a piece of one byte takes some hundred bytes of memory. */
const MAX_CHUNKS = 1000;

export interface Framer {
  /**
   * @returns the messages that are complete now
   * @throws MalformedMessage if the bytes are not the beginning of a message, or of one that is too long; no later bytes can be read
   */
  push(chunk: Buffer): Buffer[];
  /** Whether an incomplete message is held. */
  readonly partial: boolean;
}

export function createFramer(maxMessageBytes: number): Framer {
  let chunks: Buffer[] = [];
  let held = 0;
  /** The length of the first message; undefined while its header is incomplete. */
  let messageLength: number | undefined;
  return {
    push(chunk) {
      const messages: Buffer[] = [];
      chunks.push(chunk);
      held += chunk.length;
      if (chunks.length > MAX_CHUNKS) joined();
      for (;;) {
        messageLength ??= lengthOf(joined(), maxMessageBytes);
        if (messageLength === undefined || held < messageLength) return messages;
        const bytes = joined();
        messages.push(bytes.subarray(0, messageLength));
        chunks = bytes.length > messageLength ? [bytes.subarray(messageLength)] : [];
        held -= messageLength;
        messageLength = undefined;
      }
    },
    get partial() {
      return held > 0;
    },
  };

  /** The held bytes in one piece. Not done for each chunk: a message that arrives byte by byte would be copied each time. */
  function joined(): Buffer {
    const [first] = chunks;
    if (chunks.length === 1 && first !== undefined) return first;
    const whole = Buffer.concat(chunks);
    chunks = whole.length > 0 ? [whole] : [];
    return whole;
  }
}

/** The length of the message that begins here, header included; undefined while the header is incomplete. */
function lengthOf(bytes: Buffer, maxMessageBytes: number): number | undefined {
  const [tag, first] = bytes;
  if (tag === undefined) return undefined;
  if (tag !== SEQUENCE) throw new MalformedMessage(`begins with 0x${tag.toString(16)}`);
  if (first === undefined) return undefined;
  let length = 2 + first;
  if (first >= 0x80) {
    const size = first & 0x7f;
    // Size 0 is BER's indefinite form, which LDAP forbids.
    if (size === 0 || size > 4) throw new MalformedMessage(`a length of ${size} bytes`);
    if (bytes.length < 2 + size) return undefined;
    length = 2 + size + bytes.readUIntBE(2, size);
  }
  if (length > maxMessageBytes) throw new MalformedMessage(`${length} bytes, more than ${maxMessageBytes}`);
  return length;
}
