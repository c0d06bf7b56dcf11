/** How users' pages look: the language's frame, and the branding of the hub and of connections. */
import { LOGIN_SCRIPT, type PageFrame, type Speech } from '@landbridge/web';
import type { Connection } from '../store/connections.ts';

export interface Appearances {
  /** @returns the frame for pages of a connection, or of the hub if none is chosen yet */
  frames(speech: Speech): Promise<(connection: Connection | undefined) => PageFrame>;
}

export function createAppearances(): Appearances {
  return {
    async frames({ tag }) {
      const common = { tag, script: `/login${LOGIN_SCRIPT.path}` };
      return () => common;
    },
  };
}
