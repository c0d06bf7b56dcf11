/**
 * What the directory requires of a new password, for the page on which a user chooses one: from Active Directory's domain or a fine-grained
 * policy, or from a policy of OpenLDAP. It only helps: the directory decides, and what may not be read is left out.
 */
import type { PasswordRules } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import type { Directory } from '../../ldap/directory.ts';
import { dnKey, isWithin } from '../../ldap/dn.ts';
import { type Entry, firstText } from '../../ldap/entry.ts';
import { ANY_ENTRY, parseFilter, withValue } from '../../ldap/filter.ts';

/** @returns undefined if the directory shows no rules */
export type PasswordRulesOf = (entry: Entry, signal: AbortSignal | undefined) => Promise<PasswordRules | undefined>;

const CACHE_MS = 5 * 60_000;
const MAX_CACHED = 100;
const NAMED_BY = ['msDS-ResultantPSO', 'pwdPolicySubentry'];
const POLICIES = withValue(parseFilter('(objectClass=pwdPolicy)'), '');
/** MS-SAMR, section 2.2.1.5: DOMAIN_PASSWORD_COMPLEX. */
const COMPLEX = 1;

export function createPasswordRulesOf({ directory, log }: { directory: Directory; log: Log }): PasswordRulesOf {
  const cached = new LRUCache<string, { rules: PasswordRules | undefined }>({ max: MAX_CACHED, ttl: CACHE_MS });

  async function read(searchBase: string, signal: AbortSignal | undefined): Promise<Entry | undefined> {
    const { entries } = await directory.search({ searchBase, scope: 'base', filter: ANY_ENTRY, attributes: ATTRIBUTES }, { signal });
    return entries[0];
  }

  async function find(entry: Entry, signal: AbortSignal | undefined): Promise<PasswordRules | undefined> {
    const { kind, defaultSearchBase: base } = await directory.rootDse(signal);
    if (base === undefined || !isWithin(dnKey(entry.dn), dnKey(base))) return undefined;
    const { entries } = await directory.search(
      { searchBase: entry.dn, scope: 'base', filter: ANY_ENTRY, attributes: NAMED_BY },
      { signal },
    );
    const named = entries[0] && NAMED_BY.map((name) => firstText(entries[0] ?? entry, name)).find((dn) => dn !== undefined);
    const known = cached.get(named ?? '');
    if (known !== undefined) return known.rules;
    let rules: PasswordRules | undefined;
    if (kind === 'active-directory') rules = adRules(named === undefined ? await read(base, signal) : await read(named, signal));
    else if (named !== undefined) rules = ppolicyRules(await read(named, signal));
    else {
      const found = await directory.search(
        { searchBase: base, scope: 'sub', filter: POLICIES, attributes: ATTRIBUTES, sizeLimit: 2 },
        { signal },
      );
      // Which of several is the default is in the server's own configuration.
      rules = found.entries.length === 1 ? ppolicyRules(found.entries[0]) : undefined;
    }
    cached.set(named ?? '', { rules });
    return rules;
  }

  return (entry, signal) =>
    find(entry, signal).catch((error: unknown) => {
      log.debug({ err: error, dn: entry.dn }, 'The rules for passwords could not be read; the user does not see them');
      return undefined;
    });
}

const AD_ATTRIBUTES = ['minPwdLength', 'pwdHistoryLength', 'minPwdAge', 'pwdProperties'];
const PSO_ATTRIBUTES = [
  'msDS-MinimumPasswordLength',
  'msDS-PasswordHistoryLength',
  'msDS-MinimumPasswordAge',
  'msDS-PasswordComplexityEnabled',
];
const PPOLICY_ATTRIBUTES = ['pwdMinLength', 'pwdMaxLength', 'pwdInHistory', 'pwdMinAge'];
const ATTRIBUTES = [...AD_ATTRIBUTES, ...PSO_ATTRIBUTES, ...PPOLICY_ATTRIBUTES];

function adRules(policy: Entry | undefined): PasswordRules | undefined {
  if (policy === undefined) return undefined;
  const [minLength, history, minAge] = [0, 1, 2].map(
    (index) => firstText(policy, AD_ATTRIBUTES[index] ?? '') ?? firstText(policy, PSO_ATTRIBUTES[index] ?? ''),
  );
  if (minLength === undefined) return undefined;
  const complexity =
    firstText(policy, 'msDS-PasswordComplexityEnabled')?.toUpperCase() === 'TRUE' ||
    (whole(firstText(policy, 'pwdProperties')) & COMPLEX) !== 0;
  // Negative, in units of 100 ns (MS-ADTS, section 3.1.1.5.1.4).
  const minAgeSeconds = whole(minAge?.replace(/^-/, '')) / 10_000_000;
  return { minLength: whole(minLength), history: whole(history), complexity, minAgeSeconds };
}

function ppolicyRules(policy: Entry | undefined): PasswordRules | undefined {
  if (policy === undefined) return undefined;
  const [minLength = 0, maxLength = 0, history = 0, minAgeSeconds = 0] = PPOLICY_ATTRIBUTES.map((name) => whole(firstText(policy, name)));
  return { minLength, maxLength, history, minAgeSeconds };
}

function whole(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
