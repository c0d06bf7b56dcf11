/** The oldest Node.js that is safe to run a server on. */
import type { Log } from './log.ts';

/** Older releases lack security fixes: a client can crash a TLS server remotely. */
export const MINIMUM_NODE_VERSION = '24.22.3';

/** Logs a warning if this process runs on a Node.js without those fixes; some platforms' npm packages lag behind. */
export function warnIfNodeIsOutdated(log: Log, version: string = process.versions.node): void {
  if (version.localeCompare(MINIMUM_NODE_VERSION, 'en', { numeric: true }) >= 0) return;
  log.warn(
    { version, minimum: MINIMUM_NODE_VERSION },
    'This Node.js lacks security fixes: clients can crash TLS servers. Put a newer node first in PATH or upgrade',
  );
}
