/** Which settings the page shows: those of a task, the most important ones or all, the changed ones, or what a search finds. */
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { Config } from '../config/load.ts';
import { SETTING_NAMES, SETTINGS, type SettingName } from '../config/settings.ts';
import { definitionOf, isChanged, labelOf, type RejectedForm, settingField, shown } from './setting-field.ts';

/** The tasks, in the order of the settings. */
const GROUPS = [...new Set(SETTING_NAMES.map((name) => SETTINGS[name].group))];

/** What each task is about, below its heading. */
const ABOUT: Readonly<Record<string, string>> = {
  Directory: 'Where users are looked up, and with which account.',
  Users: 'How a typed name becomes a user, and what applications get to know about that user.',
  Groups: 'Which groups a profile has, and how they are found.',
  'Sign-in': 'Who may sign in, with which passwords, and how passwords change.',
  Hub: 'The way to the hub, and how this connector identifies itself.',
  Certificates: 'The authorities that the connector trusts besides those of the system.',
  Browsers: 'Signing in without a password, by Kerberos or client certificate, at the connector’s own web server.',
  'Log and console': 'What is logged, and how this console is reached.',
  'Managed by the connector': 'Written by the connector itself.',
};

const VIEWS = [
  ['basic', 'Basic'],
  ['all', 'All'],
  ['changed', 'Changed'],
] as const;

export interface SettingsView {
  group: string;
  show: (typeof VIEWS)[number][0];
  /** Not empty: a search through all tasks. */
  search: string;
}

export function settingsView(query: (name: string) => string | undefined): SettingsView {
  return {
    group: GROUPS.find((group) => group === query('group')) ?? GROUPS[0] ?? '',
    show: VIEWS.find(([name]) => name === query('show'))?.[0] ?? 'basic',
    search: (query('q') ?? '').trim().slice(0, 100),
  };
}

/** The address of a view, or of a similar one. */
export function viewAddress(view: SettingsView, other: Partial<SettingsView> = {}): string {
  const { group, show, search } = { ...view, ...other };
  const query = new URLSearchParams({ group, show });
  if (search !== '') query.set('q', search);
  return `/settings?${query}`;
}

export function viewNavigation(view: SettingsView, config: Config): Html {
  const count = (group: string) => SETTING_NAMES.filter((name) => SETTINGS[name].group === group && isChanged(name, config)).length;
  const isTask = view.search === '' && view.show !== 'changed';
  const task = (group: string) => {
    const changed = count(group);
    return html`<li><a href="${viewAddress(view, { group, search: '', show: view.show === 'changed' ? 'basic' : view.show })}"${isTask && group === view.group ? html` aria-current="page"` : ''}>${group}${changed === 0 ? '' : html` <span class="count">${changed}<span class="hidden"> changed</span></span>`}</a></li>`;
  };
  return html`<div class="settings-bar"><nav aria-label="Tasks"><ul class="groups-nav">${GROUPS.map(task)}</ul></nav>
<form class="filter" role="search" method="get" action="/settings"><input type="hidden" name="group" value="${view.group}"><input type="hidden" name="show" value="${view.show}">
<div class="field"><label for="q">Search settings</label><input id="q" name="q" type="search" value="${view.search}" maxlength="100" autocomplete="off" spellcheck="false"></div><div class="actions"><button class="plain">Search</button>${view.search === '' ? '' : html`<a href="${viewAddress(view, { search: '' })}">Clear</a>`}</div></form>
<nav aria-label="Which settings"><ul class="groups-nav">${VIEWS.map(([show, label]) => html`<li><a href="${viewAddress(view, { show, search: '' })}"${view.search === '' && view.show === show ? html` aria-current="page"` : ''}>${label}</a></li>`)}</ul></nav></div>`;
}

export function shownNames(view: SettingsView, config: Config): SettingName[] {
  if (view.search !== '') return SETTING_NAMES.filter((name) => isFound(name, view.search, config));
  if (view.show === 'changed') return SETTING_NAMES.filter((name) => isChanged(name, config));
  const ofGroup = SETTING_NAMES.filter((name) => SETTINGS[name].group === view.group);
  const basic = ofGroup.filter((name) => definitionOf(name).basic || isChanged(name, config));
  return view.show === 'all' || basic.length === 0 ? ofGroup : basic;
}

/** Every word must be in label, name, description or value. */
function isFound(name: SettingName, search: string, config: Config): boolean {
  const definition = definitionOf(name);
  const value = definition.secret ? '' : shown(config.values[name]);
  const text = `${labelOf(name)} ${name} ${definition.description} ${definition.group} ${value}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** The settings under the heading of each task. */
export function settingSections(view: SettingsView, config: Config, rejected: RejectedForm | undefined): Html {
  const wrong = [...(rejected?.problems.keys() ?? [])];
  const names = shownNames(view, config);
  // A field with a problem is always shown.
  const all = SETTING_NAMES.filter((name) => names.includes(name) || wrong.includes(name));
  if (all.length === 0) {
    return html`<section><p>${view.search === '' ? 'Every setting has its default value.' : `No setting matches “${view.search}”.`}</p></section>`;
  }
  const hidden = SETTING_NAMES.filter((name) => SETTINGS[name].group === view.group).length - all.length;
  const more =
    view.search === '' && view.show === 'basic' && hidden > 0
      ? html`<p class="quiet">${hidden} more in <a href="${viewAddress(view, { show: 'all' })}">all settings of “${view.group}”</a>. Their defaults suit most directories.</p>`
      : '';
  return html`${GROUPS.filter((group) => all.some((name) => SETTINGS[name].group === group)).map((group, index) => {
    const id = `task-${index}`;
    return html`<section aria-labelledby="${id}"><h2 id="${id}">${group}</h2><p class="quiet">${ABOUT[group] ?? ''}</p>
<div>${all.filter((name) => SETTINGS[name].group === group).map((name) => settingField(name, config, rejected))}</div>${more}</section>`;
  })}`;
}
