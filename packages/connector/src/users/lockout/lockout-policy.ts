/** The directory's lockout policy for a user: read once a wrong password is counted for the user, and then cached. */
import type { Log } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import type { Directory } from '../../ldap/directory.ts';
import { dnKey, isWithin } from '../../ldap/dn.ts';
import { type Entry, firstText } from '../../ldap/entry.ts';
import { LdapError } from '../../ldap/errors.ts';
import { ANY_ENTRY, type BoundFilter, parseFilter, withValue } from '../../ldap/filter.ts';
import type { FailureCount, LockoutPolicy } from './failure-count.ts';

/** @returns undefined if no policy is shown @throws LdapError if the directory cannot be asked */
export type LockoutPolicyOf = (entry: Entry, counter: FailureCount['counter']) => Promise<LockoutPolicy | undefined>;

const CACHE_MS = 5 * 60_000;
const MAX_CACHED = 200;
const POLICIES = withValue(parseFilter('(objectClass=pwdPolicy)'), '');
const GLOBAL_POLICY = withValue(parseFilter('(&(objectClass=krbPwdPolicy)(cn=global_policy))'), '');
const PPOLICY_ATTRIBUTES = ['pwdLockout', 'pwdMaxFailure', 'pwdFailureCountInterval', 'pwdLockoutDuration'];
/** More policies than any directory has. */
const MAX_POLICIES = 100;

export function createLockoutPolicyOf({ directory, log }: { directory: Directory; log: Log }): LockoutPolicyOf {
  const cached = new LRUCache<string, Promise<LockoutPolicy | undefined>>({ max: MAX_CACHED, ttl: CACHE_MS });

  /** Concurrent callers share one read. */
  function once(key: string, read: () => Promise<LockoutPolicy | undefined>): Promise<LockoutPolicy | undefined> {
    const known = cached.get(key);
    if (known !== undefined) return known;
    const reading = read();
    cached.set(key, reading);
    reading.catch(() => cached.get(key) === reading && cached.delete(key));
    return reading;
  }

  /** @returns nothing if the entry does not exist or may not be read */
  async function read(searchBase: string, attributes: string[], below?: BoundFilter): Promise<Entry[]> {
    try {
      const scope = below === undefined ? 'base' : 'sub';
      return (await directory.search({ searchBase, scope, filter: below ?? ANY_ENTRY, attributes, sizeLimit: MAX_POLICIES })).entries;
    } catch (error) {
      if (error instanceof LdapError && error.resultCode !== undefined) return [];
      throw error;
    }
  }

  const readers: Record<FailureCount['counter'], (named: string | undefined, base: string) => Promise<LockoutPolicy | undefined>> = {
    async 'active-directory'(named, domain) {
      // A fine-grained policy replaces the domain's. By default only administrators may read it.
      const [fineGrained] =
        named === undefined
          ? []
          : await read(
              named,
              AD_ATTRIBUTES.map((name) => `msDS-${name}`),
            );
      const policy = fineGrained && adPolicy(fineGrained, 'msDS-');
      if (policy !== undefined) return policy;
      if (named !== undefined) {
        log.warn(
          { policy: named },
          'The service account may not read a fine-grained password policy; using the domain’s lockout threshold',
        );
      }
      const [root] = await read(domain, AD_ATTRIBUTES);
      return root && adPolicy(root, '');
    },
    async ppolicy(named, base) {
      // Which one is the default is in the server's own configuration: without a name, the strictest counts.
      const found = named === undefined ? await read(base, PPOLICY_ATTRIBUTES, POLICIES) : await read(named, PPOLICY_ATTRIBUTES);
      return found.map(ppolicy).reduce(strictest, undefined);
    },
    async '389-ds'(named) {
      const attributes = ['passwordLockout', 'passwordMaxFailure'];
      const [policy] = await read(named ?? 'cn=config', attributes);
      if (policy === undefined || firstText(policy, 'passwordMaxFailure') === undefined) return undefined;
      const locks = firstText(policy, 'passwordLockout')?.toLowerCase() === 'on';
      return { maxFailures: locks ? whole(firstText(policy, 'passwordMaxFailure')) : 0, windowMs: 0, lockMs: 0 };
    },
    async freeipa(named, accounts) {
      const attributes = ['krbPwdMaxFailure', 'krbPwdFailureCountInterval', 'krbPwdLockoutDuration'];
      const kerberos = `cn=kerberos,${accounts.replace(/^cn=accounts,/i, '')}`;
      const [policy] = named === undefined ? await read(kerberos, attributes, GLOBAL_POLICY) : await read(named, attributes);
      if (policy === undefined || firstText(policy, 'krbPwdMaxFailure') === undefined) return undefined;
      return {
        maxFailures: whole(firstText(policy, 'krbPwdMaxFailure')),
        windowMs: seconds(policy, 'krbPwdFailureCountInterval'),
        lockMs: seconds(policy, 'krbPwdLockoutDuration'),
      };
    },
  };

  return async (entry, counter) => {
    const base = (await directory.rootDse()).defaultSearchBase ?? '';
    const named = firstText(entry, POLICY_NAMED_BY[counter]);
    // Other domains of a forest have policies of their own.
    if (counter === 'active-directory' && !isWithin(dnKey(entry.dn), dnKey(base))) return undefined;
    return await once(`${counter} ${named ?? ''}`, async () => {
      const policy = await readers[counter](named, base);
      if (policy === undefined) {
        const where = { counter, policy: named };
        log.warn(where, 'The service account may not read the lockout policy, so wrong passwords from outside can lock accounts');
      }
      return policy;
    });
  };
}

const POLICY_NAMED_BY: Record<FailureCount['counter'], string> = {
  'active-directory': 'msDS-ResultantPSO',
  ppolicy: 'pwdPolicySubentry',
  '389-ds': 'pwdPolicySubentry',
  freeipa: 'krbPwdPolicyReference',
};

const AD_ATTRIBUTES = ['lockoutThreshold', 'lockoutObservationWindow', 'lockoutDuration'];

function adPolicy(entry: Entry, prefix: '' | 'msDS-'): LockoutPolicy | undefined {
  const threshold = firstText(entry, `${prefix}lockoutThreshold`);
  if (threshold === undefined) return undefined;
  const interval = (name: string) => intervalMs(firstText(entry, `${prefix}${name}`));
  return { maxFailures: whole(threshold), windowMs: interval('lockoutObservationWindow'), lockMs: interval('lockoutDuration') };
}

/** Intervals are negative numbers of 100 ns; 0 and the lowest number mean forever (MS-ADTS, section 3.1.1.5.1.4). */
function intervalMs(text: string | undefined): number {
  const steps = text !== undefined && /^-\d{1,18}$/.test(text) ? Number(text.slice(1)) : 0;
  return steps === 0 ? Number.POSITIVE_INFINITY : steps / 10_000;
}

/** 0 or a missing value means that the lockout never ends. */
function seconds(policy: Entry, name: string): number {
  return whole(firstText(policy, name)) * 1000 || Number.POSITIVE_INFINITY;
}

function ppolicy(entry: Entry): LockoutPolicy {
  return {
    maxFailures: firstText(entry, 'pwdLockout')?.toUpperCase() === 'TRUE' ? whole(firstText(entry, 'pwdMaxFailure')) : 0,
    windowMs: seconds(entry, 'pwdFailureCountInterval'),
    lockMs: seconds(entry, 'pwdLockoutDuration'),
  };
}

function strictest(one: LockoutPolicy | undefined, other: LockoutPolicy): LockoutPolicy {
  if (one === undefined || one.maxFailures === 0) return other;
  if (other.maxFailures === 0) return one;
  return {
    maxFailures: Math.min(one.maxFailures, other.maxFailures),
    windowMs: Math.max(one.windowMs, other.windowMs),
    // Treating a locked account as an unlocked one only changes the answer.
    lockMs: Math.min(one.lockMs, other.lockMs),
  };
}

function whole(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
