/** Replaces the key outside the database, which encrypts the secrets and seals the audit log. The hub must be stopped. */
import { existsSync, renameSync } from 'node:fs';
import { CodedError } from '@landbridge/runtime';
import { type AuditChain, createAuditChain, verifyChain } from '../audit/chain.ts';
import type { HubHome } from '../home.ts';
import { type HomeKey, makeKey, readKey } from '../home-key.ts';
import { keyCheckOf } from '../store/sealing.ts';
import type { Store } from '../store/store.ts';
import { lockHome } from './home-lock.ts';

/**
 * Encrypts all secrets with another key, and continues the audit log with it after verifying the existing records. Closes the store.
 * @param file contains the new key, or receives it. Not for a key in the home, whose file is replaced.
 * @returns where the old key is kept, if it was a file in the home
 * @throws CodedError HOME_IN_USE, HUB_KEY_ROTATION, HUB_KEY_UNUSABLE, AUDIT_LOG_BROKEN
 */
export async function rotateHubKey(
  { folder, key, store, chain }: Pick<HubHome, 'folder' | 'key' | 'store' | 'chain'>,
  file: string | undefined,
  now = new Date(),
): Promise<string | undefined> {
  if ((key.file === undefined) === (file === undefined)) {
    throw new CodedError(
      'HUB_KEY_ROTATION',
      key.file === undefined ? `The key is in ${key.origin}, which this command cannot change` : `The key is in ${key.file}`,
      { action: key.file === undefined ? 'Name a file for the new key with --new-key.' : 'Leave out --new-key: this file is replaced.' },
    );
  }
  const unlock = lockHome(folder);
  try {
    const verdict = await verifyChain(store, chain);
    if ('brokenAt' in verdict) {
      throw new CodedError('AUDIT_LOG_BROKEN', `The audit log was tampered with at record ${verdict.brokenAt}: ${verdict.because}`, {
        action: 'Keep a copy of the database and of the key as evidence.',
      });
    }
    const next = file ?? `${key.file}.next`;
    if (!existsSync(next)) makeKey(next);
    await changeKey(store, readKey(next), chain, now);
    if (key.file === undefined) return undefined;
    const kept = `${key.file}.replaced-${now.toISOString().replaceAll(':', '-')}`;
    renameSync(key.file, kept);
    renameSync(next, key.file);
    return kept;
  } finally {
    unlock();
  }
}

/**
 * For a lost key: removes the secrets that only it can decrypt, and continues the audit log with the new key. Signing keys are created again at
 * the next start, and administrators need new invitations. Closes the store.
 */
export async function replaceLostKey(store: Store, key: HomeKey): Promise<void> {
  await changeKey(store, key, undefined, new Date());
}

/** @param former undefined if the old key is lost */
async function changeKey(store: Store, next: HomeKey, former: AuditChain | undefined, at: Date): Promise<void> {
  const nothing = { connection: undefined, subject: undefined, remoteAddress: undefined, instance: undefined, correlationId: undefined };
  const chain = createAuditChain(next);
  await store.changeKey({
    next,
    check: keyCheckOf(next),
    entry: { ...nothing, at, actor: 'command-line', result: 'ok' },
    seal: chain.seal,
    keptAuditKeys: former && chain.keep(former),
    isLost: former === undefined,
  });
}
