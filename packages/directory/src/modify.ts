/** Changes to an entry: all of a request or nothing, with Active Directory's special rules for passwords and locks. */
import { countWrongPassword, isGoodPassword, isLocked, setPassword } from './accounts.ts';
import type { Domain } from './domain.ts';
import type { Change, ModifyOperation } from './requests.ts';
import { ACCESS_DENIED, noSuchObject, type OperationResult, passwordConstraint, RESULT_CODE, SUCCESS, unwilling } from './results.ts';
import { SYSTEM_ONLY, syntaxOf, type Value, valueKey } from './schema.ts';
import { fileTime } from './time.ts';
import type { DirectoryEntry } from './tree.ts';

export interface ModifyContext {
  /** The account that asks. */
  by: DirectoryEntry;
  /** Whether passwords may be written over this connection. */
  passwordsAllowed: boolean;
}

/** A checked change, which cannot fail. */
type Step = () => void;

export function modify(domain: Domain, request: ModifyOperation, { by, passwordsAllowed }: ModifyContext): OperationResult {
  const entry = domain.tree.find(request.dn);
  const mayWrite = domain.accountOf(by)?.mayWrite === true;
  if (entry === undefined) return noSuchObject('');
  const ofPassword = request.changes.filter((change) => isPassword(change));
  const others = request.changes.filter((change) => !isPassword(change));
  const steps: Step[] = [];
  if (ofPassword.length > 0) {
    if (!passwordsAllowed) return unwilling('1F');
    const step = passwordStep(domain, entry, ofPassword, mayWrite);
    if (typeof step !== 'function') return step;
    steps.push(step);
  }
  if (others.length > 0 && !mayWrite) return ACCESS_DENIED;
  const planned = new Map<string, readonly Value[]>();
  for (const change of others) {
    const refused =
      change.attribute.toLowerCase() === 'member' ? planLink(domain, entry, change, steps) : plan(domain, entry, change, planned);
    if (refused !== undefined) return refused;
  }
  for (const step of steps) step();
  if (planned.size > 0) domain.update(entry, Object.fromEntries(planned));
  return SUCCESS;
}

function isPassword(change: Change): boolean {
  return change.attribute.toLowerCase() === 'unicodepwd';
}

/** MS-ADTS 3.1.1.3.1.5.1: replacing is a reset and needs permission; deleting the old and adding the new one is a user's own change. */
function passwordStep(domain: Domain, entry: DirectoryEntry, changes: readonly Change[], mayReset: boolean): Step | OperationResult {
  const account = domain.accountOf(entry);
  const [first, second] = changes;
  if (account === undefined || first === undefined) return unwilling('1F');
  if (changes.length === 1 && first.operation === 'replace') {
    if (!mayReset) return ACCESS_DENIED;
    const password = passwordOf(first);
    if (password === undefined) return unwilling('1F');
    return isGoodPassword(domain, entry, password) ? () => setPassword(domain, entry, password) : unwilling('52D');
  }
  if (changes.length !== 2 || first.operation !== 'delete' || second?.operation !== 'add') return unwilling('1F');
  const oldPassword = passwordOf(first);
  const newPassword = passwordOf(second);
  if (oldPassword === undefined || newPassword === undefined) return unwilling('1F');
  if (isLocked(domain, entry)) return passwordConstraint('775');
  if (account.password !== oldPassword) {
    // Otherwise passwords could be guessed this way without a lockout.
    countWrongPassword(domain, entry);
    return passwordConstraint('56');
  }
  return isGoodPassword(domain, entry, newPassword) ? () => setPassword(domain, entry, newPassword) : passwordConstraint('52D');
}

/** Expects the password in quotes as UTF-16LE; undefined if it is written otherwise. */
function passwordOf(change: Change): string | undefined {
  const [value] = change.values;
  if (value === undefined || change.values.length !== 1 || value.length % 2 !== 0) return undefined;
  return /^"(.*)"$/s.exec(value.toString('utf16le'))?.[1];
}

function planLink(domain: Domain, group: DirectoryEntry, change: Change, steps: Step[]): OperationResult | undefined {
  const { tree } = domain;
  const named = change.values.map((value) => tree.find(value.toString('utf8')));
  const members: DirectoryEntry[] = [];
  for (const member of named) {
    if (member === undefined) return noSuchObject('');
    members.push(member);
  }
  if (change.operation === 'add' && members.some((member) => group.members.has(member)))
    return { resultCode: RESULT_CODE.entryAlreadyExists };
  if (change.operation === 'delete' && members.some((member) => !group.members.has(member))) return unwilling('561');
  const removed = change.operation === 'replace' || change.values.length === 0 ? [...group.members] : members;
  if (change.operation !== 'add') for (const member of removed) steps.push(() => tree.unlink(group, member));
  if (change.operation !== 'delete') for (const member of members) steps.push(() => tree.link(group, member));
  steps.push(() => domain.update(group, {}));
  return undefined;
}

function plan(domain: Domain, entry: DirectoryEntry, change: Change, planned: Map<string, readonly Value[]>): OperationResult | undefined {
  const name = change.attribute.toLowerCase();
  if (SYSTEM_ONLY.has(name) || !/^[a-z][a-z0-9-]*$/.test(name)) return { resultCode: RESULT_CODE.constraintViolation };
  const given: Value[] = syntaxOf(name) === 'octets' ? change.values : change.values.map((value) => value.toString('utf8'));
  if (given.some((value) => valueKey(name, value) === undefined)) return { resultCode: RESULT_CODE.constraintViolation };
  const special = planState(domain, name, change, planned);
  if (special !== 'ordinary') return special;
  const before = planned.get(name) ?? domain.tree.values(entry, name);
  const keys = new Set(given.map((value) => valueKey(name, value)));
  const kept = before.filter((value) => !keys.has(valueKey(name, value)));
  if (change.operation === 'replace') planned.set(name, given);
  else if (change.operation === 'add') {
    if (kept.length < before.length) return { resultCode: RESULT_CODE.attributeOrValueExists };
    planned.set(name, [...before, ...given]);
  } else {
    if (before.length === 0 || kept.length !== before.length - keys.size) return { resultCode: RESULT_CODE.noSuchAttribute };
    planned.set(name, given.length === 0 ? [] : kept);
  }
  return undefined;
}

/** Attributes that set an account's state: only certain values may be written (MS-SAMR 3.1.1.8). */
function planState(
  domain: Domain,
  name: string,
  change: Change,
  planned: Map<string, readonly Value[]>,
): OperationResult | undefined | 'ordinary' {
  const value = change.values[0]?.toString('utf8');
  if (name === 'lockouttime') {
    if (change.operation !== 'replace' || value !== '0') return unwilling('57');
    planned.set('lockoutTime', ['0']);
    planned.set('badPwdCount', ['0']);
    return undefined;
  }
  if (name === 'pwdlastset') {
    // 0: must be changed at the next sign-in. -1: treated as set now.
    if (change.operation !== 'replace' || (value !== '0' && value !== '-1')) return unwilling('57');
    planned.set('pwdLastSet', [value === '0' ? '0' : fileTime(domain.now())]);
    return undefined;
  }
  return 'ordinary';
}
