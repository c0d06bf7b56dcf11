/** A search: its base and scope, its matches, limits and pages. */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { splitDn } from './dn.ts';
import type { Domain } from './domain.ts';
import { compile, type Matcher } from './match.ts';
import type { SearchOperation } from './requests.ts';
import { badName, elsewhere, noSuchObject, type OperationResult, RESULT_CODE, SUCCESS, unwilling } from './results.ts';
import type { DirectoryEntry } from './tree.ts';

/** Active Directory's MaxPageSize, the most entries in one answer. */
const MAX_PAGE_SIZE = 1000;

/** How long a search runs before it yields to others. */
const SLICE_MS = 10;

/** Searches of one connection that can wait for their next page, Active Directory's MaxResultSetsPerConn. */
const MAX_WAITING_PAGES = 10;

/** The remaining entries of a connection's paged searches, by cookie. */
export type WaitingPages = Map<string, DirectoryEntry[]>;

export interface Found {
  result: OperationResult;
  entries: DirectoryEntry[];
  /** The start of the next page, empty on the last; undefined if the client did not ask for pages. */
  cookie?: string;
  /** Other parts of the forest that a search of the whole domain would have to include. */
  references?: readonly string[];
}

export interface SearchContext {
  paging: { size: number; cookie: string } | undefined;
  pages: WaitingPages;
  /** Without references to other parts of the forest. */
  domainOnly: boolean;
  /** Aborted when the client no longer waits for the answer. */
  signal: AbortSignal;
}

export async function search(
  domain: Domain,
  request: SearchOperation,
  { paging, pages, domainOnly, signal }: SearchContext,
): Promise<Found> {
  const references = domainOnly || request.scope === 'base' ? [] : referencesBelow(domain, request.base);
  if (paging !== undefined && paging.cookie !== '') return nextPage(pages, paging, references);
  const base = domain.tree.find(request.base);
  if (base === undefined) return { result: missing(domain, request.base), entries: [] };
  const maxEntries =
    paging === undefined ? Math.min(request.sizeLimit || MAX_PAGE_SIZE, MAX_PAGE_SIZE) : request.sizeLimit || Number.POSITIVE_INFINITY;
  const { entries, result } = await collect(domain, request, base, maxEntries, signal);
  if (paging === undefined) return { result, entries, references };
  const size = Math.min(paging.size, MAX_PAGE_SIZE);
  // A page size of 0 asks for an estimate of the number of entries (RFC 2696, section 3), which is not given.
  if (size === 0) return { result, entries: [], cookie: '' };
  if (entries.length <= size) return { result, entries, cookie: '', references };
  const cookie = randomUUID();
  pages.set(cookie, entries.slice(size));
  for (const oldest of pages.keys()) {
    if (pages.size <= MAX_WAITING_PAGES) break;
    pages.delete(oldest);
  }
  return { result: SUCCESS, entries: entries.slice(0, size), cookie };
}

function nextPage(pages: WaitingPages, { size, cookie }: { size: number; cookie: string }, references: readonly string[]): Found {
  const waiting = pages.get(cookie);
  if (waiting === undefined) return { result: unwilling('57'), entries: [], cookie: '' };
  const entries = waiting.splice(0, Math.min(size, MAX_PAGE_SIZE));
  // A page size of 0 abandons the rest.
  if (size > 0 && waiting.length > 0) return { result: SUCCESS, entries, cookie };
  pages.delete(cookie);
  return { result: SUCCESS, entries, cookie: '', references };
}

/** The partitions below the domain's root are not searched with it. Clients get references to them and mostly ignore them. */
function referencesBelow({ dnsName, baseDn, tree }: Domain, base: string): string[] {
  if (tree.find(base)?.parent !== undefined || tree.find(base) === undefined) return [];
  return [
    `ldap://ForestDnsZones.${dnsName}/DC=ForestDnsZones,${baseDn}`,
    `ldap://DomainDnsZones.${dnsName}/DC=DomainDnsZones,${baseDn}`,
    `ldap://${dnsName}/CN=Configuration,${baseDn}`,
  ];
}

/** Why a base finds nothing: an invalid name, another domain, or no such entry. */
function missing(domain: Domain, base: string): OperationResult {
  const parts = splitDn(base);
  if (parts === undefined) return badName(base);
  const isDc = (part: (typeof parts)[number] | undefined) => part?.[0]?.type.toLowerCase() === 'dc';
  const suffix = parts.slice(parts.findIndex(isDc)).map((part) => part[0]?.value ?? '');
  if (suffix.join('.').toLowerCase() !== domain.dnsName.toLowerCase()) {
    return isDc(parts.at(-1)) ? elsewhere(suffix.join('.'), base) : noSuchObject('');
  }
  return noSuchObject(bestMatch(domain, base));
}

function bestMatch(domain: Domain, dn: string): string {
  for (let rest = dn; rest !== ''; ) {
    rest = rest.replace(/^(?:[^\\,]|\\.)*(?:,|$)/s, '');
    const entry = domain.tree.find(rest);
    if (entry !== undefined) return entry.dn;
  }
  return '';
}

async function collect(
  domain: Domain,
  request: SearchOperation,
  base: DirectoryEntry,
  maxEntries: number,
  signal: AbortSignal,
): Promise<Found> {
  const matcher = compile(domain, request.filter);
  const deadline = request.timeLimitSeconds > 0 ? performance.now() + request.timeLimitSeconds * 1000 : Number.POSITIVE_INFINITY;
  const entries: DirectoryEntry[] = [];
  let sliceEnd = performance.now() + SLICE_MS;
  for (const entry of considered(request.scope, base, matcher)) {
    if (performance.now() > sliceEnd) {
      await setImmediate();
      if (signal.aborted) break;
      if (performance.now() > deadline) return { result: { resultCode: RESULT_CODE.timeLimitExceeded }, entries };
      sliceEnd = performance.now() + SLICE_MS;
    }
    if (!matcher.test(entry)) continue;
    if (entries.length === maxEntries) return { result: { resultCode: RESULT_CODE.sizeLimitExceeded }, entries };
    entries.push(entry);
  }
  return { result: SUCCESS, entries };
}

function* considered(scope: SearchOperation['scope'], base: DirectoryEntry, matcher: Matcher): Generator<DirectoryEntry> {
  if (scope === 'base') yield base;
  else if (matcher.candidates !== undefined) {
    for (const entry of matcher.candidates) if (isWithin(entry, base, scope)) yield entry;
  } else if (scope === 'one') yield* base.children;
  else yield* below(base);
}

function isWithin(entry: DirectoryEntry, base: DirectoryEntry, scope: 'one' | 'sub'): boolean {
  if (scope === 'one') return entry.parent === base;
  for (let at: DirectoryEntry | undefined = entry; at !== undefined; at = at.parent) if (at === base) return true;
  return false;
}

function* below(base: DirectoryEntry): Generator<DirectoryEntry> {
  const next = [base];
  for (let entry = next.pop(); entry !== undefined; entry = next.pop()) {
    yield entry;
    for (const child of entry.children) next.push(child);
  }
}
