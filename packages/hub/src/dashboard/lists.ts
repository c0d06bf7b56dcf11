/**
 * Lists that can be searched, filtered, sorted and paged. The state is in the address, so that links to it work. A page begins after a row, not
 * after a number of rows: rows that come and go do not shift it.
 */
import { parseJson } from '@landbridge/runtime';
import type { Html, SortableColumn } from '@landbridge/web';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { z } from 'zod';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';

const PAGE_ROWS = 50;
/** A shorter list shows no search. */
const SEARCHED_FROM = 10;

type SortValue = string | number;
const cursor = z.tuple([z.union([z.string(), z.number()]), z.string()]);

interface ListFilter<T> {
  label: string;
  choices: readonly (readonly [value: string, label: string])[];
  matches: (row: T, value: string) => boolean;
}

export interface ListDefinition<T, Sort extends string> {
  /** Of the page, within the dashboard. */
  path: string;
  /** What the rows are, in the plural: `connections`. */
  noun: string;
  /** Unique. */
  idOf: (row: T) => string;
  /** The texts that a search compares. */
  textsOf: (row: T) => readonly (string | undefined)[];
  /** The first one is the default. Their labels are the columns'. */
  sorts: Readonly<Record<Sort, { label: string; of: (row: T) => SortValue; newestFirst?: true }>>;
  filters?: Readonly<Record<string, ListFilter<T>>>;
  /** Other parameters of the page. */
  keep?: Readonly<Record<string, string>>;
}

export interface ShownList<T, Sort extends string> {
  /** The rows of this page. */
  rows: T[];
  /** Search, filters and order; nothing for a short list. */
  controls: Html | '';
  /** How many rows match, and the links to other pages. */
  pager: Html | '';
  column: (sort: Sort) => SortableColumn;
  /** For an empty list. */
  emptyText: (none: string) => string;
}

export function listOf<T, Sort extends string>(c: Context, all: readonly T[], definition: ListDefinition<T, Sort>): ShownList<T, Sort> {
  const { path, noun, idOf, textsOf, sorts, filters = {}, keep = {} } = definition;
  // Object.keys loses the key type.
  const names = Object.keys(sorts) as Sort[];
  const asked = c.req.query('sort') ?? '';
  const [first] = names;
  const sort = names.find((name) => asked === name || asked === `-${name}`) ?? first;
  const backwards = sort !== undefined && asked === `-${sort}`;
  const search = (c.req.query('q') ?? '').trim();
  const chosen = Object.entries(filters).map(([name, filter]) => {
    const given = c.req.query(name) ?? '';
    return { name, filter, value: filter.choices.some(([value]) => value === given) ? given : '' };
  });

  const order = sort === undefined ? undefined : sorts[sort];
  // Times are sorted with the newest first, and so is their "ascending" order for a reader.
  const direction = (backwards ? -1 : 1) * (order?.newestFirst ? -1 : 1);
  const keyOf = (row: T): [SortValue, string] => [order?.of(row) ?? '', idOf(row)];
  const wanted = search.toLowerCase();
  const matching = all
    .filter((row) => wanted === '' || textsOf(row).some((text) => text?.toLowerCase().includes(wanted)))
    .filter((row) => chosen.every(({ filter, value }) => value === '' || filter.matches(row, value)))
    .map((row) => ({ row, key: keyOf(row) }))
    .sort((one, other) => direction * compareKeys(one.key, other.key));

  const [after, before] = [readCursor(c.req.query('after')), readCursor(c.req.query('before'))];
  const indexOf = (key: [SortValue, string], isBeyond: (order: number) => boolean) => {
    const found = matching.findIndex((entry) => isBeyond(direction * compareKeys(entry.key, key)));
    return found === -1 ? matching.length : found;
  };
  const from = after ? indexOf(after, (n) => n > 0) : before ? Math.max(0, indexOf(before, (n) => n >= 0) - PAGE_ROWS) : 0;
  const shown = matching.slice(from, from + PAGE_ROWS);

  const state = {
    ...keep,
    ...(search === '' ? {} : { q: search }),
    ...Object.fromEntries(chosen.filter(({ value }) => value !== '').map(({ name, value }) => [name, value])),
  };
  const address = (more: Readonly<Record<string, string>>) => {
    const query = new URLSearchParams({ ...state, ...more }).toString();
    return `${DASHBOARD_PATH}${path}${query === '' ? '' : `?${query}`}`;
  };
  const isSorted = sort !== first || backwards;
  const sortState: Record<string, string> = isSorted && sort !== undefined ? { sort: backwards ? `-${sort}` : sort } : {};
  const isNarrowed = search !== '' || chosen.some(({ value }) => value !== '');

  return {
    rows: shown.map(({ row }) => row),
    controls:
      all.length <= SEARCHED_FROM && !isNarrowed
        ? ''
        : html`<form class="filter" method="get" action="${DASHBOARD_PATH}${path}" role="search" aria-label="Search ${noun}">
${Object.entries(keep).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<div class="field"><label for="filter-q">Search</label><input id="filter-q" name="q" type="search" value="${search}" maxlength="200" autocomplete="off" spellcheck="false"></div>
${chosen.map(({ name, filter, value }) => choice(name, filter.label, [['', 'All'], ...filter.choices], value))}
${choice('sort', 'Order', sortChoices(names, sorts), sortState.sort ?? first ?? '')}
<div class="actions"><button class="plain">Apply</button>${isNarrowed || isSorted ? html`<a href="${DASHBOARD_PATH}${path}${Object.keys(keep).length === 0 ? '' : `?${new URLSearchParams(keep)}`}">Reset</a>` : ''}</div></form>`,
    pager:
      all.length <= SEARCHED_FROM && !isNarrowed
        ? ''
        : pager({
            noun,
            from,
            shown: shown.length,
            total: matching.length,
            keys: shown.map(({ key }) => key),
            address: (more) => address({ ...sortState, ...more }),
          }),
    column(name) {
      const sorted = name === sort ? (direction === 1 ? 'ascending' : 'descending') : undefined;
      return { label: sorts[name].label, sorted, href: address({ sort: name === sort && !backwards ? `-${name}` : name }) };
    },
    emptyText: (none) => (isNarrowed ? `No matching ${noun}.` : none),
  };
}

function pager({
  noun,
  from,
  shown,
  total,
  keys,
  address,
}: {
  noun: string;
  from: number;
  shown: number;
  total: number;
  keys: [SortValue, string][];
  address: (more: Record<string, string>) => string;
}): Html {
  const [first, last] = [keys[0], keys.at(-1)];
  const count = total === 0 ? '' : total === shown ? `${total} ${noun}` : `${from + 1} to ${from + shown} of ${total} ${noun}`;
  return html`<nav class="pager" aria-label="Pages"><span class="quiet">${count}</span>
${from > 0 && first !== undefined ? html`<a href="${address({ before: writeCursor(first) })}" rel="prev">Previous</a>` : ''}
${from + shown < total && last !== undefined ? html`<a href="${address({ after: writeCursor(last) })}" rel="next">Next</a>` : ''}</nav>`;
}

/** One of the choices of a filter. */
export function choice(name: string, label: string, choices: readonly (readonly [value: string, label: string])[], chosen: string): Html {
  return html`<div class="field"><label for="filter-${name}">${label}</label><select id="filter-${name}" name="${name}">${choices.map(
    ([value, text]) => html`<option value="${value}"${value === chosen ? html` selected` : ''}>${text}</option>`,
  )}</select></div>`;
}

function sortChoices<Sort extends string>(
  names: readonly Sort[],
  sorts: Readonly<Record<Sort, { label: string; newestFirst?: true }>>,
): [string, string][] {
  return names.flatMap((name): [string, string][] => {
    const { label, newestFirst } = sorts[name];
    const [forward, backward] = newestFirst ? ['newest first', 'oldest first'] : ['ascending', 'descending'];
    return [
      [name, `${label}, ${forward}`],
      [`-${name}`, `${label}, ${backward}`],
    ];
  });
}

/** By value, and rows with the same value by id. */
function compareKeys([one, oneId]: [SortValue, string], [other, otherId]: [SortValue, string]): number {
  if (typeof one === 'number' && typeof other === 'number' && one !== other) return one - other;
  const byValue = typeof one === 'string' && typeof other === 'string' ? one.localeCompare(other, 'en') : 0;
  return byValue !== 0 ? byValue : oneId < otherId ? -1 : oneId > otherId ? 1 : 0;
}

function writeCursor(key: [SortValue, string]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function readCursor(text: string | undefined): [SortValue, string] | undefined {
  return text === undefined ? undefined : cursor.safeParse(parseJson(Buffer.from(text, 'base64url').toString('utf8'))).data;
}
