/** One setting in a form: its label, its field, the origin of its value, what is wrong with the input, and reading the input. */
import type { Setting } from '@landbridge/runtime';
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { Config } from '../config/load.ts';
import { SETTINGS, type SettingName } from '../config/settings.ts';
import { formText } from './page-context.ts';

/** Settings that have a page of their own. */
const ELSEWHERE: Partial<Record<SettingName, { path: string; label: string }>> = {
  PROFILE_MAPPER: { path: '/mapper', label: 'Profile mapper' },
  SSL_PFX: { path: '/server', label: 'Server' },
  LDAP_CLIENT_CERT: { path: '/server#directory-certificate', label: 'Server' },
  LDAP_CLIENT_KEY: { path: '/server#directory-certificate', label: 'Server' },
  LDAP_CLIENT_PFX: { path: '/server#directory-certificate', label: 'Server' },
  CA_CERT: { path: '/server', label: 'Server' },
};

/** A rejected form, to be corrected. */
export interface RejectedForm {
  form: FormData;
  problems: ReadonlyMap<SettingName, string>;
  /** Typed secrets, which the session keeps because no page shows them. */
  secrets: ReadonlyMap<SettingName, string>;
}

export function definitionOf(name: SettingName): Setting<unknown> {
  const definition: Setting<never> | Setting<unknown> = SETTINGS[name];
  // Only read, so the type of its default does not matter.
  return { ...definition, type: { ...definition.type, schema: definition.type.schema } };
}

export function labelOf(name: SettingName): string {
  return definitionOf(name).label ?? name;
}

/** Whether somebody chose the value, and it is not the default. What the connector writes itself does not count. */
export function isChanged(name: SettingName, config: Config): boolean {
  const definition = definitionOf(name);
  if (definition.kept) return false;
  const origin = config.origins[name];
  return (origin === 'file' || origin === 'environment') && shown(config.values[name]) !== shown(definition.default);
}

export function settingField(name: SettingName, config: Config, rejected?: RejectedForm): Html {
  const definition = definitionOf(name);
  const origin =
    name === 'LDAP_BIND_PASSWORD' && config.values.LDAP_BIND_CREDENTIALS !== undefined
      ? config.origins.LDAP_BIND_CREDENTIALS
      : config.origins[name];
  const isFixed = origin === 'environment' || definition.kept === true || ELSEWHERE[name] !== undefined;
  const changed = isChanged(name, config);
  const marks = [
    origin === 'environment' && 'from the environment, so it cannot be changed here',
    definition.part === 'restart' && 'applies after a restart',
    definition.insecure && 'weakens security',
    definition.kept && 'managed by the connector',
  ].filter(Boolean);
  const fallback = shown(definition.default) === '' ? '' : ` Default: ${shown(definition.default)}.`;
  const problem = rejected?.problems.get(name);
  const label = html`${labelOf(name)}${changed ? html` <span class="badge">changed</span>` : ''}`;
  return html`<div class="setting${changed ? ' changed' : ''}${problem === undefined ? '' : ' wrong'}"><div class="about">
${isFixed ? html`<p class="name">${label}</p>` : html`<label for="${name}">${label}</label>`} <code>${name}</code>
<p class="hint" id="${name}-hint">${markdown(definition.description)}${fallback}</p></div>
<div class="value">${isFixed ? fixed(name, config) : input(name, definition, config, rejected)}
${problem === undefined ? '' : html`<p class="problem" id="${name}-problem">${problem}</p>`}
${marks.length === 0 ? '' : html`<p class="hint${definition.insecure && changed ? ' warn' : ''}">${marks.join(', ')}</p>`}</div></div>`;
}

function input(name: SettingName, definition: Setting<unknown>, config: Config, rejected: RejectedForm | undefined): Html {
  const isWrong = rejected?.problems.has(name) === true;
  const described = html` aria-describedby="${isWrong ? `${name}-problem ` : ''}${name}-hint"${isWrong ? html` aria-invalid="true"` : ''}`;
  if (definition.secret) {
    const isSet = config.values[name] !== undefined || (name === 'LDAP_BIND_PASSWORD' && config.values.LDAP_BIND_CREDENTIALS !== undefined);
    const isKept = rejected?.secrets.has(name) === true;
    const state = isKept ? 'entered; not saved yet' : isSet ? 'set; leave empty to keep it' : 'not set';
    return html`<input id="${name}" name="${name}" type="password" autocomplete="new-password" placeholder="${state}"${described}>
${config.origins[name] === 'file' ? html`<p class="check"><input type="checkbox" id="remove-${name}" name="remove" value="${name}"><label for="remove-${name}">Remove<span class="hidden"> ${name}</span></label></p>` : ''}`;
  }
  const typed = rejected?.form.has(name) ? formText(rejected.form, name) : undefined;
  const value = typed ?? (config.origins[name] === 'file' ? shown(config.values[name]) : '');
  const { choices, multiline } = definition.type;
  if (choices !== undefined) {
    const unset = definition.default === undefined ? 'not set' : `default (${choiceLabel(shown(definition.default))})`;
    return html`<select id="${name}" name="${name}"${described}><option value="">${unset}</option>
${choices.map((choice) => html`<option value="${choice}"${choice === value ? html` selected` : ''}>${choiceLabel(choice)}</option>`)}</select>`;
  }
  if (multiline)
    return html`<textarea id="${name}" name="${name}" rows="4" class="code" spellcheck="false"${described}>${value}</textarea>`;
  return html`<input id="${name}" name="${name}" value="${value}" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="${definition.default === undefined ? '' : shown(definition.default)}"${described}>`;
}

function choiceLabel(choice: string): string {
  return choice === 'true' ? 'on' : choice === 'false' ? 'off' : choice;
}

function fixed(name: SettingName, config: Config): Html {
  const elsewhere = ELSEWHERE[name];
  if (elsewhere !== undefined && config.origins[name] !== 'environment')
    return html`<p>Set it on the page <a href="${elsewhere.path}">${elsewhere.label}</a>.</p>`;
  if (definitionOf(name).secret) return html`<p>${config.values[name] === undefined ? 'not set' : 'set (hidden)'}</p>`;
  return html`<p><code>${shown(config.values[name]) || '–'}</code></p>`;
}

/**
 * @param secrets of a rejected form: they count where the field is empty now
 * @returns the changed settings; invalid input as sentences; and the typed secrets, in case the form is rejected
 */
export function changesOf(
  names: readonly SettingName[],
  config: Config,
  form: FormData,
  before: ReadonlyMap<SettingName, string> = new Map(),
): { changes: Record<string, unknown>; problems: Map<SettingName, string>; secrets: Map<SettingName, string> } {
  const changes: Record<string, unknown> = {};
  const problems = new Map<SettingName, string>();
  const secrets = new Map<SettingName, string>();
  for (const name of names) {
    const definition = definitionOf(name);
    const origin = config.origins[name];
    if (origin === 'environment' || definition.kept || ELSEWHERE[name] !== undefined || !form.has(name)) continue;
    const isRemoved = definition.secret && form.getAll('remove').includes(name);
    // A password may begin or end with a space.
    const text = definition.secret ? formText(form, name) || (isRemoved ? '' : (before.get(name) ?? '')) : formText(form, name).trim();
    if (definition.secret && text === '') {
      if (isRemoved) changes[name] = undefined;
      continue;
    }
    if (definition.secret) secrets.set(name, text);
    const current = origin === 'file' ? shown(config.values[name]) : '';
    if (text === current) continue;
    if (text === '') changes[name] = undefined;
    else {
      const read = definition.type.schema.safeParse(text);
      if (read.success) changes[name] = read.data;
      else problems.set(name, `${name} must be ${definition.type.describe.replaceAll('`', '')}.`);
    }
  }
  return { changes, problems, secrets };
}

/** As text. Not for secrets. */
export function shown(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map(String).join(value.some((one) => String(one).includes('\n')) ? '\n' : ', ');
  return String(value);
}

/** Descriptions use backticks, but no other Markdown. */
function markdown(text: string): Html {
  return html`${text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}
