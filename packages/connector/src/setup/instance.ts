/**
 * The instance: connectors that were set up from one export share key and certificate. Our hub tells them apart by a random id, which
 * each creates once and keeps in its home, in a file that is in no export.
 */
import { createHash, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type AgentInstance, agentInstance } from '@landbridge/protocol';
import { type Log, writePrivateFile } from '@landbridge/runtime';
import type { Config } from '../config/load.ts';

/** Not in `certs/`, which is copied between machines. */
const FILE = 'instance-id';

/** @returns what the hub learns about this connector; never throws, because no sign-in depends on it */
export function thisInstance(config: Pick<Config, 'home' | 'environmentOnly'>, key: KeyObject, version: string, log: Log): AgentInstance {
  const hostName = hostname();
  if (config.environmentOnly) return { id: idOf(hostName, key), hostName, version };
  const path = join(config.home.folder, FILE);
  const kept = agentInstance.shape.id.safeParse(read(path));
  if (kept.success) return { id: kept.data, hostName, version };
  const id = randomUUID();
  try {
    writePrivateFile(path, `${id}\n`);
    return { id, hostName, version };
  } catch (error) {
    log.warn({ err: error }, `${path} cannot be written; the hub identifies this connector by its host name`);
    return { id: idOf(hostName, key), hostName, version };
  }
}

/** An id without a file: the same after each start on the same machine. */
function idOf(hostName: string, key: KeyObject): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(`${hostName}\n`).update(publicKey).digest('base64url').slice(0, 32);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
