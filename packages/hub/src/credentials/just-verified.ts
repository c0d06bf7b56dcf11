/**
 * Remembers users whose password the cache verified a moment ago, so that their next sign-in costs no password hash. During an outage, applications
 * retry for the same users. Stores a fingerprint of name, entry and password, made with a key that exists only in this process.
 */
import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Profile } from '@landbridge/protocol';
import { LRUCache } from 'lru-cache';
import type { CachedCredential } from '../store/cached-credentials.ts';

export interface JustVerified {
  /** @returns undefined unless this password opened the same entry within the last minute */
  profileOf(nameHash: string, entry: CachedCredential, password: string): Profile | undefined;
  verified(nameHash: string, entry: CachedCredential, password: string, profile: Profile): void;
}

const LIFETIME_MS = 60_000;
/** The total size of all profiles as JSON. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

export function createJustVerified(now: () => number): JustVerified {
  const key = createSecretKey(randomBytes(32));
  const kept = new LRUCache<string, { fingerprint: Buffer; profile: string; atMs: number }>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: ({ profile }) => profile.length + 100,
  });

  /** Each entry has a new salt, so a result never applies to a newer entry or to another user with the same name. */
  const fingerprintOf = (nameHash: string, { connectionId, userId, salt }: CachedCredential, password: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([nameHash, connectionId, userId, Buffer.from(salt).toString('base64'), password]))
      .digest();

  return {
    profileOf(nameHash, entry, password) {
      const last = kept.get(nameHash);
      if (last === undefined || last.atMs <= now() - LIFETIME_MS) return undefined;
      return timingSafeEqual(last.fingerprint, fingerprintOf(nameHash, entry, password)) ? JSON.parse(last.profile) : undefined;
    },
    verified(nameHash, entry, password, profile) {
      kept.set(nameHash, { fingerprint: fingerprintOf(nameHash, entry, password), profile: JSON.stringify(profile), atMs: now() });
    },
  };
}
