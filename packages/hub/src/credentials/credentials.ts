/**
 * The credential cache: the last successful sign-in of each user, for outages of connectors or directory. This folder decides what is kept and
 * for how long; `sign-in` makes sure that it never overrules a rejection.
 */
import { createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { KnownUser } from '@landbridge/protocol';
import { createSemaphore, type Log, type Semaphore, SemaphoreError } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { createJustVerified } from './just-verified.ts';
import { openNothing, openProfile, sealProfile } from './seal.ts';

export interface CredentialCache {
  /** After a successful sign-in. Returns at once; the expensive part runs in the background. */
  remember(connection: Connection, username: string, password: string, user: KnownUser): void;
  /**
   * For use while no directory answers. Takes equally long whether or not the name has an entry, unless the same password was verified a moment ago.
   * @returns undefined if there is no entry; `busy` if too many checks are waiting, or this one waited too long
   */
  find(
    connection: Connection,
    username: string,
    password: string,
  ): Promise<(KnownUser & { cachedAt: Date }) | 'other-password' | 'busy' | undefined>;
  /** The directory no longer lets this user sign in. @returns whether there was an entry */
  forget(connection: Connection, username: string, subject: string | undefined): Promise<boolean>;
  /** The directory rejected this password: if it is the cached one, it was changed. Returns at once. */
  forgetPassword(connection: Connection, username: string, password: string, forgotten: () => void): void;
  /** Drops waiting work, and resolves when running work has ended. */
  close(): Promise<void>;
  /** Resolves when all work has ended. */
  idle(): Promise<void>;
}

/** The latest possible Date (ECMA-262, section 21.4.1.1). */
const LAST_DATE = new Date(8.64e15);
/** Sign-ins with the same password within this time do not renew the entry. */
const RENEWAL_MS = 10 * 60_000;
const MAX_RECENT = 10_000;
/** A profile with thousands of groups has about 100 KB. */
const MAX_PROFILE_LENGTH = 512 * 1024;
/** Of one user. */
const MAX_NAMES = 5;
/** Entries waiting to be written. Beyond this, a sign-in is not cached. */
const MAX_WAITING = 1000;
/** Each check takes about 50 ms of CPU time and 19 MiB, in one of the four threads that Node has for such work. */
const AT_ONCE = Math.max(1, Math.min(4, availableParallelism()));
/** Per connection, sign-ins that wait for their password check. Further ones could not be checked in time. */
const MAX_CHECKS_WAITING = 100 * AT_ONCE;
/** Users and applications should rather try again than wait longer. */
const CHECK_WAIT_MS = 5000;
/** When to try again after `busy`. */
export const BUSY_SECONDS = 5;

/** A pause after each entry, so that writing takes at most a quarter of a core when all users sign in in the morning. */
const WRITING_REST = 3;

/** With CREDENTIAL_CACHE off, all entries are removed now. @throws CodedError STORE_FAILED */
export async function createCredentialCache(parts: {
  store: Store;
  log: Log;
  settings: { CREDENTIAL_CACHE: boolean; CREDENTIAL_CACHE_MAX_AGE_HOURS: number };
  /** Entries verified before this time are not used: see `checks.ts`. */
  uncheckedBefore?: (connectionId: string) => number | undefined;
  now?: () => number;
}): Promise<CredentialCache> {
  const { store, log, settings, uncheckedBefore = () => undefined, now = () => Date.now() } = parts;
  const enabled = settings.CREDENTIAL_CACHE;
  const maxAgeMs = settings.CREDENTIAL_CACHE_MAX_AGE_HOURS * 60 * 60_000;
  await store.removeCachedCredentialsBefore(enabled ? new Date(now() - maxAgeMs) : LAST_DATE);
  const writing = createSemaphore({ maxRunning: 1, maxWaiting: MAX_WAITING, restFactor: WRITING_REST });
  const checking = createSemaphore({ maxRunning: AT_ONCE, waitTimeoutMs: CHECK_WAIT_MS });
  /** By connection; there are only a few. */
  const checksOf = new Map<string, Semaphore>();
  const justVerified = createJustVerified(now);
  const fingerprintKey = createSecretKey(randomBytes(32));
  /** By connection and name: which password was cached, and when. */
  const recent = new LRUCache<string, { fingerprint: string; atMs: number; isWritten: boolean }>({ max: MAX_RECENT });
  /** Entries waiting to be written, unless a rejection came first. */
  const pending = new Set<{ connectionId: string; userId: string; nameHash: string }>();

  function report(error: unknown): void {
    log.error({ err: error }, 'Credential cache failed');
  }

  /** Each connection puts at most as many checks into the common queue as run at once, so that connections take turns. */
  async function check<T>(connectionId: string, work: () => Promise<T>): Promise<T | 'busy'> {
    const own =
      checksOf.get(connectionId) ?? createSemaphore({ maxRunning: AT_ONCE, maxWaiting: MAX_CHECKS_WAITING, waitTimeoutMs: CHECK_WAIT_MS });
    checksOf.set(connectionId, own);
    try {
      return await own.run(() => checking.run(work));
    } catch (error) {
      undefinedIfBusy(error);
      return 'busy';
    }
  }

  return {
    remember(connection, username, password, { profile, subject: userId }) {
      if (!enabled || !connection.settings.credentialCache || userId === undefined) return;
      const nameHash = hashOfName(connection, username);
      const fingerprint = createHmac('sha256', fingerprintKey)
        .update(JSON.stringify([nameHash, userId, password]))
        .digest('base64');
      const last = recent.get(nameHash);
      const renewAfterMs = Math.max(now() - RENEWAL_MS, uncheckedBefore(connection.id) ?? 0);
      const write = () => {
        const kept = { fingerprint, atMs: now(), isWritten: false };
        recent.set(nameHash, kept);
        const entry = { connectionId: connection.id, userId, nameHash };
        pending.add(entry);
        writing
          .run(async () => {
            const sealed = await sealProfile(profile, password, entry);
            if (!pending.has(entry)) return false;
            await store.removeCachedCredentialsBefore(new Date(now() - maxAgeMs));
            return store.putCachedCredential({ ...entry, ...sealed, verifiedAt: new Date(kept.atMs) }, nameHash, MAX_NAMES);
          })
          .catch(undefinedIfBusy)
          .then((isKept) => {
            if (isKept === true) kept.isWritten = true;
            else recent.delete(nameHash);
          }, report)
          .finally(() => pending.delete(entry));
      };
      if (last?.fingerprint === fingerprint && last.atMs > renewAfterMs) {
        if (!last.isWritten) return;
        // Whoever switches the cache of a connection off, in this process or by a command, empties it.
        store.cachedCredential(connection.id, nameHash).then((entry) => {
          if (entry === undefined && recent.get(nameHash) === last) write();
        }, report);
        return;
      }
      if (JSON.stringify(profile).length > MAX_PROFILE_LENGTH) {
        log.warn({ connection: connection.name, userId }, `Profile not cached: larger than ${MAX_PROFILE_LENGTH} characters`);
        return;
      }
      write();
    },

    async find(connection, username, password) {
      if (!enabled || !connection.settings.credentialCache) return undefined;
      const nameHash = hashOfName(connection, username);
      const read = async () => {
        const entry = await store.cachedCredential(connection.id, nameHash);
        const oldestMs = Math.max(now() - maxAgeMs + 1, uncheckedBefore(connection.id) ?? 0);
        return entry !== undefined && entry.verifiedAt.getTime() >= oldestMs ? entry : undefined;
      };
      const known = await read();
      const profile = known && justVerified.profileOf(nameHash, known, password);
      if (known !== undefined && profile !== undefined) return { profile, subject: known.userId, cachedAt: known.verifiedAt };
      return await check(connection.id, async () => {
        const entry = await read();
        if (entry === undefined) {
          await openNothing(password);
          return undefined;
        }
        const opened = await openProfile(entry, password, entry);
        // A rejection may have arrived in the meantime.
        const still = await store.cachedCredential(connection.id, nameHash);
        if (still?.userId !== entry.userId) return undefined;
        if (opened === undefined) return 'other-password';
        justVerified.verified(nameHash, entry, password, opened);
        return { profile: opened, subject: entry.userId, cachedAt: entry.verifiedAt };
      });
    },

    async forget(connection, username, userId) {
      const nameHash = hashOfName(connection, username);
      recent.delete(nameHash);
      for (const entry of pending) {
        if (entry.connectionId === connection.id && (entry.nameHash === nameHash || entry.userId === userId)) pending.delete(entry);
      }
      const byName = await store.removeCachedCredential(connection.id, { nameHash });
      const byId = userId !== undefined && (await store.removeCachedCredential(connection.id, { userId }));
      return byName || byId;
    },

    forgetPassword(connection, username, password, forgotten) {
      const nameHash = hashOfName(connection, username);
      for (const entry of pending) if (entry.nameHash === nameHash) pending.delete(entry);
      checking
        .run(async () => {
          const entry = await store.cachedCredential(connection.id, nameHash);
          return entry !== undefined && (await openProfile(entry, password, entry)) !== undefined;
        })
        .catch(undefinedIfBusy)
        .then(async (isKept) => {
          // Undefined: too many checks are waiting. The entry goes, as this may be the old password.
          if (isKept === false) return;
          recent.delete(nameHash);
          if (await store.removeCachedCredential(connection.id, { nameHash })) forgotten();
        })
        .catch(report);
    },

    async close() {
      await Promise.all([writing, checking, ...checksOf.values()].map((semaphore) => semaphore.close()));
    },
    async idle() {
      await Promise.all([writing, checking, ...checksOf.values()].map((semaphore) => semaphore.idle()));
    },
  };
}

/** Too many tasks are waiting, or the cache is closed: the entry stays unchanged. */
function undefinedIfBusy(error: unknown): undefined {
  if (!(error instanceof SemaphoreError)) throw error;
}

/** Names may have 64 KB; case and surrounding blanks do not matter. */
function hashOfName(connection: Connection, username: string): string {
  const name = username.normalize('NFC').trim().toLowerCase();
  return createHash('sha256')
    .update(JSON.stringify([connection.id, name]))
    .digest('hex');
}
