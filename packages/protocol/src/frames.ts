/** One WebSocket frame: a JSON text `{n: NAME, p: PAYLOAD}`. */
import { z } from 'zod';

/** A larger frame ends the socket. The largest are answers to `search_users` over a whole directory, some kilobytes per user. */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;

/** A connector drops larger frames of a hub unread: requests have some kilobytes, or more with a name of 64 KB. */
export const MAX_REQUEST_FRAME_BYTES = 1024 * 1024;

export interface Frame {
  n: string;
  p: unknown;
}

const frameSchema = z.object({ n: z.string().min(1).max(1024), p: z.unknown().optional() });

/** Never throws. @returns undefined if the text is not a frame */
export function decodeFrame(text: string): Frame | undefined {
  try {
    const result = frameSchema.safeParse(JSON.parse(text));
    return result.success ? { n: result.data.n, p: result.data.p } : undefined;
  } catch {
    return undefined;
  }
}

export function encodeFrame(n: string, p?: unknown): string {
  return JSON.stringify(p === undefined ? { n } : { n, p });
}
