/** One setting in a form: its field, the origin of its value, and reading the input. */
import type { Setting } from '@landbridge/runtime';
import type { Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { Config } from '../config/load.ts';
import { SETTINGS, type SettingName } from '../config/settings.ts';
import { formText } from './page-context.ts';

const ORIGINS = { environment: 'from the environment', file: 'set here', default: 'default', unset: 'not set' } as const;

/** Settings that have a page of their own. */
const ELSEWHERE: Partial<Record<SettingName, { path: string; label: string }>> = {
  PROFILE_MAPPER: { path: '/mapper', label: 'Profile mapper' },
  SSL_PFX: { path: '/server', label: 'Server' },
  CA_CERT: { path: '/server', label: 'Server' },
};

function definitionOf(name: SettingName): Setting<unknown> {
  const definition: Setting<never> | Setting<unknown> = SETTINGS[name];
  // Only read, so the type of its default does not matter.
  return { ...definition, type: { ...definition.type, schema: definition.type.schema } };
}

/** @param typed a rejected form, to be corrected */
export function settingField(name: SettingName, config: Config, typed: FormData | undefined): Html {
  const definition = definitionOf(name);
  const origin =
    name === 'LDAP_BIND_PASSWORD' && config.values.LDAP_BIND_CREDENTIALS !== undefined
      ? config.origins.LDAP_BIND_CREDENTIALS
      : config.origins[name];
  const isFixed = origin === 'environment' || definition.kept === true || ELSEWHERE[name] !== undefined;
  const marks = [
    ORIGINS[origin],
    definition.part === 'restart' && 'applies after a restart',
    definition.insecure && 'weakens security',
    definition.kept && 'managed by the connector',
  ].filter(Boolean);
  const fallback = shown(definition.default) === '' ? '' : ` Default: ${shown(definition.default)}.`;
  return html`<div class="setting"><div class="about">
${isFixed ? html`<p class="name">${name}</p>` : html`<label for="${name}">${name}</label>`}
<p class="hint" id="${name}-hint">${markdown(definition.description)}${fallback}</p></div>
<div>${isFixed ? fixed(name, config) : input(name, definition, config, typed?.has(name) ? formText(typed, name) : undefined)}<p class="hint${definition.insecure && origin === 'file' ? ' warn' : ''}">${marks.join(', ')}</p></div></div>`;
}

function input(name: SettingName, definition: Setting<unknown>, config: Config, typed: string | undefined): Html {
  const described = html` aria-describedby="${name}-hint"`;
  if (definition.secret) {
    const isSet = config.values[name] !== undefined || (name === 'LDAP_BIND_PASSWORD' && config.values.LDAP_BIND_CREDENTIALS !== undefined);
    return html`<input id="${name}" name="${name}" type="password" autocomplete="new-password" placeholder="${isSet ? 'set; leave empty to keep it' : 'not set'}"${described}>
${config.origins[name] === 'file' ? html`<p class="check"><input type="checkbox" id="remove-${name}" name="remove" value="${name}"><label for="remove-${name}">Remove ${name}</label></p>` : ''}`;
  }
  const value = typed ?? (config.origins[name] === 'file' ? shown(config.values[name]) : '');
  const { choices, multiline } = definition.type;
  if (choices !== undefined) {
    const unset = definition.default === undefined ? 'not set' : `default (${shown(definition.default)})`;
    return html`<select id="${name}" name="${name}"${described}><option value="">${unset}</option>
${choices.map((choice) => html`<option value="${choice}"${choice === value ? html` selected` : ''}>${choice}</option>`)}</select>`;
  }
  if (multiline)
    return html`<textarea id="${name}" name="${name}" rows="4" class="code" spellcheck="false"${described}>${value}</textarea>`;
  return html`<input id="${name}" name="${name}" value="${value}" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="${definition.default === undefined ? '' : shown(definition.default)}"${described}>`;
}

function fixed(name: SettingName, config: Config): Html {
  const elsewhere = ELSEWHERE[name];
  if (elsewhere !== undefined && config.origins[name] !== 'environment')
    return html`<p>Set it on the page <a href="${elsewhere.path}">${elsewhere.label}</a>.</p>`;
  if (definitionOf(name).secret) return html`<p>${config.values[name] === undefined ? 'not set' : 'set (hidden)'}</p>`;
  return html`<p><code>${shown(config.values[name]) || '–'}</code></p>`;
}

/** @returns the changed settings, and invalid input as sentences */
export function changesOf(
  names: readonly SettingName[],
  config: Config,
  form: FormData,
): { changes: Record<string, unknown>; problems: string[] } {
  const changes: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const name of names) {
    const definition = definitionOf(name);
    const origin = config.origins[name];
    if (origin === 'environment' || definition.kept || ELSEWHERE[name] !== undefined || !form.has(name)) continue;
    const given = formText(form, name);
    // A password may begin or end with a space.
    const text = definition.secret ? given : given.trim();
    if (definition.secret && text === '') {
      if (form.getAll('remove').includes(name)) changes[name] = undefined;
      continue;
    }
    const before = origin === 'file' ? shown(config.values[name]) : '';
    if (text === before) continue;
    if (text === '') changes[name] = undefined;
    else {
      const read = definition.type.schema.safeParse(text);
      if (read.success) changes[name] = read.data;
      else problems.push(`${name} must be ${definition.type.describe.replaceAll('`', '')}.`);
    }
  }
  return { changes, problems };
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
