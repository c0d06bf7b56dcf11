/** The directory as the connector sees it: one user with groups, users by a search term, entries by a filter. Read only. */
import { FAILURES } from '@landbridge/protocol';
import { field, type Html, sentence, table } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { rawEntry } from '../../ldap/entry.ts';
import { LdapError } from '../../ldap/errors.ts';
import { type BoundFilter, parseFilter, withValue } from '../../ldap/filter.ts';
import type { FoundGroups } from '../../users/groups/groups-of.ts';
import { jsonPart } from '../elements.ts';
import type { ConsoleContext, ConsoleEnv } from '../page-context.ts';

const TIMEOUT_MS = 20_000;
const MAX_RESULTS = 50;
const REACHED = { direct: 'direct', primary: 'primary group', nested: 'nested', found: 'found by LDAP_SEARCH_GROUPS' } as const;

export function searchRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  async function user(name: string): Promise<Html> {
    const found = await context.running().users.inspect(name, { correlationId: 'console', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (found === undefined)
      return html`<section><h2>No user</h2><p>No user matches ${name}. LDAP_USER_BY_NAME, LDAP_USER_BY_MAIL and LDAP_BASE decide which users match.</p></section>`;
    return html`<section aria-labelledby="groups"><h2 id="groups">Groups</h2>${groupTable(found.groups)}</section>
<div class="columns two"><section aria-labelledby="profile"><h2 id="profile">Profile</h2>${jsonPart('Profile', found.profile)}</section>
<section aria-labelledby="entry"><h2 id="entry">Entry</h2>${jsonPart('Entry', found.raw)}</section></div>`;
  }

  async function users(term: string): Promise<Html> {
    const answer = await context
      .running()
      .users.searchUsers(
        { pid: 'console', search: term, limit: MAX_RESULTS, escaped: false },
        { correlationId: 'console', signal: AbortSignal.timeout(TIMEOUT_MS) },
      );
    if ('failure' in answer) {
      return html`<section class="notice bad" role="alert"><p>${FAILURES[answer.failure.code].message}. See the log for details.</p></section>`;
    }
    const rows = answer.users.map((user) => {
      const name = typeof user.nickname === 'string' ? user.nickname : '';
      return [
        html`<a href="/search?kind=login&amp;for=${encodeURIComponent(name)}">${name}</a>`,
        textOf(user.displayName),
        textOf(user.dn),
      ];
    });
    return html`<section aria-labelledby="users"><h2 id="users">${answer.users.length === MAX_RESULTS ? `The first ${MAX_RESULTS}` : `${answer.users.length} found`}</h2>
${table('Users', ['User name', 'Name', 'DN'], rows, 'No matching users.')}</section>`;
  }

  async function entries(text: string, base: string): Promise<Html> {
    let filter: BoundFilter;
    try {
      filter = withValue(parseFilter(text), '');
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      return html`<section class="notice bad" role="alert"><h2>Invalid filter</h2><p>${sentence(error)}</p>
<p class="quiet">A filter is a comparison in parentheses, such as <code>(mail=*@example.com)</code>. Combine filters with <code>(&amp;(…)(…))</code> (and), <code>(|(…)(…))</code> (or) and <code>(!(…))</code> (not). In values, write <code>( ) * \\</code> as <code>\\28 \\29 \\2a \\5c</code>.</p></section>`;
    }
    const connector = context.running();
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const searchBase =
      base || (connector.config().values.LDAP_BASE ?? (await connector.directory().rootDse(signal)).defaultSearchBase ?? '');
    const found = await connector
      .directory()
      .search({ searchBase, scope: 'sub', filter, attributes: ['*'], sizeLimit: MAX_RESULTS }, { signal });
    return html`<section aria-labelledby="entries"><h2 id="entries">${found.truncated ? `The first ${found.entries.length}` : `${found.entries.length} found`} below ${searchBase}</h2>
${found.entries.map((entry) => html`<details><summary>${entry.dn}</summary>${jsonPart(entry.dn, rawEntry(entry))}</details>`)}</section>`;
  }

  async function result(kind: string, value: string, base: string): Promise<Html | string> {
    if (value === '') return '';
    try {
      return kind === 'filter' ? await entries(value, base) : kind === 'list' ? await users(value) : await user(value);
    } catch (error) {
      const text = sentence(error);
      if (text === undefined) throw error;
      return html`<section class="notice bad" role="alert"><p>${text}</p></section>`;
    }
  }

  return new Hono<ConsoleEnv>().get('/search', async (c: Context<ConsoleEnv>) => {
    const kind = c.req.query('kind') ?? 'login';
    const value = (c.req.query('for') ?? '').trim();
    const base = (c.req.query('base') ?? '').trim();
    const form = (
      name: string,
      label: string,
      hint: string,
      more: Html | string = '',
    ) => html`<section><form class="wide" method="get" action="/search"><input type="hidden" name="kind" value="${name}">
${namedField(`for-${name}`, 'for', label, kind === name ? value : '', hint)}${more}<div class="actions"><button>Search</button></div></form></section>`;
    const main = html`<h1>Search</h1>
<div class="columns two">${form('login', 'User name', 'As entered at sign-in. Shows entry, groups and profile.')}${form('list', 'Users', 'Part of a name, found by LDAP_SEARCH_QUERY.')}</div>
${form('filter', 'Filter', `Any LDAP filter, searched as the service account. Shows the first ${MAX_RESULTS} entries.`, field('base', 'Search base', { value: base, required: false, hint: 'LDAP_BASE by default.' }))}
${await result(kind, value, base)}`;
    return context.show(c, { title: 'Search', current: '/search', help: 'console#the-pages', main });
  });
}

function groupTable(found: FoundGroups | undefined): Html {
  if (found === undefined) return html`<p class="quiet">Groups are not looked up, or cannot be read: see GROUPS and the log.</p>`;
  const row = (note: string) => (group: FoundGroups['groups'][number]) => [
    group.dn,
    `${REACHED[group.how]}${note}`,
    group.through ?? '–',
    group.ageMs === undefined ? 'read now' : `cached ${Math.round(group.ageMs / 1000)} s ago`,
  ];
  const rows = [...found.groups.map(row('')), ...found.passedThrough.map(row('; not reported: outside LDAP_BASE_GROUPS'))];
  return table('Groups', ['Group', 'How', 'Through', 'From'], rows, 'None.');
}

function namedField(id: string, name: string, label: string, value: string, hint: string): Html {
  return html`<div class="field"><label for="${id}">${label}</label>
<input id="${id}" name="${name}" value="${value}" autocomplete="off" autocapitalize="none" spellcheck="false" required aria-describedby="${id}-hint"><p class="hint" id="${id}-hint">${hint}</p></div>`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
