/** One WebSocket frame: a JSON text `{n: NAME, p: PAYLOAD}`. */
import { z } from 'zod';

/**
 * No frame of either side may be larger: the socket ends beyond it. Answers to `search_users` over a whole directory are the
 * largest, some kilobytes a user.
 */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;

/** A larger frame from a hub is dropped unread: its requests are some kilobytes, names of 64 KB included. */
export const MAX_REQUEST_FRAME_BYTES = 1024 * 1024;

export interface Frame {
  n: string;
  p: unknown;
}

const frameSchema = z.object({ n: z.string().min(1).max(1024), p: z.unknown().optional() });

/** @returns the frame, or undefined where the text is not one; never throws */
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
