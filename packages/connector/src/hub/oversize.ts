/**
 * Identifies a request that is too long to read: takes its name and pid from the beginning and end of the frame. Hubs put the pid first or last
 * among the claims. Nothing is verified. The connector only answers that the request was too long, so that the hub need not wait.
 */
import { REQUEST_NAMES, type RequestName } from '@landbridge/protocol';

export interface Oversize {
  name: RequestName;
  correlationId: string;
}

const HEAD_LENGTH = 4096;
const TAIL_LENGTH = 4096;
const NAME = /^\s*\{\s*"n"\s*:\s*"([a-z_]{1,40})"/;
const PID = /"pid"\s*:\s*(?:"([A-Za-z0-9._:-]{1,256})"|(\d{1,16}))/;
/** Enough for the beginning of a token. The rest of its payload may be megabytes. */
const TOKEN_HEAD = /"jwt"\s*:\s*"[A-Za-z0-9_-]{1,2048}\.([A-Za-z0-9_-]*)/;
/** Enough for the end of a token, with the signature. */
const TOKEN_TAIL = /([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*"[\s}]*$/;

/** @returns undefined if the frame is not a request, or has its pid in the middle */
export function oversizeRequest(frame: string): Oversize | undefined {
  const head = frame.slice(0, HEAD_LENGTH);
  const tail = frame.slice(-TAIL_LENGTH);
  const given = NAME.exec(head)?.[1];
  const name = REQUEST_NAMES.find((known) => known === given);
  if (name === undefined) return undefined;
  const claims = [head, tail, textOf(TOKEN_HEAD.exec(head)?.[1])];
  // The end of a payload decodes at any of four offsets, and only one of them is right.
  for (let skipped = 0; skipped < 4; skipped++) claims.push(textOf(TOKEN_TAIL.exec(tail)?.[1]?.slice(skipped)));
  for (const text of claims) {
    const [, quoted, number] = PID.exec(text) ?? [];
    const correlationId = quoted ?? number;
    if (correlationId !== undefined) return { name, correlationId };
  }
  return undefined;
}

function textOf(base64url = ''): string {
  return Buffer.from(base64url, 'base64url').toString('latin1');
}
