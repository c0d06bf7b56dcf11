/**
 * The answer file of `setup`: one `NAME = value` per line, as in a systemd EnvironmentFile. NAME is a setting, the file of a secret setting
 * (`NAME_FILE`), or one of `SPECIAL_ANSWERS`. All problems are reported together, each with its line and without its value.
 */
import { CodedError, settingOfSecretFile, withSecretFiles } from '@landbridge/runtime';
import { isSettingName, SETTINGS } from '../config/settings.ts';
import { settingMeant } from '../config/warnings.ts';

/** Answers that are not settings. */
const SPECIAL_ANSWERS = ['HUB', 'IMPORT', 'IMPORT_PASSPHRASE_FILE'] as const;

export interface Answers {
  /** As for `config.json`; undefined removes the setting. */
  settings: Record<string, unknown>;
  /** The address of the hub, to enrol by a code. */
  hub: string | undefined;
  /** A file or folder to import if the home is new; `auto`: an installed Auth0 connector, if there is one. */
  importFrom: string | undefined;
  passphraseFile: string | undefined;
}

interface Line {
  name: string;
  value: string;
  number: number;
}

/**
 * @param file its name, for messages
 * @throws CodedError ANSWERS_INVALID
 */
export function readAnswers(file: string, text: string): Answers {
  const problems: string[] = [];
  const complain = (number: number, what: string) => problems.push(`${file}, line ${number}: ${what}`);
  const lines = new Map<string, Line>();
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const number = index + 1;
    if (/^\s*(?:[#;].*)?$/.test(raw)) continue;
    const [, name, value] = /^\s*([A-Za-z][A-Za-z0-9_]*)\s*=(.*)$/.exec(raw) ?? [];
    const earlier = name === undefined ? undefined : lines.get(name);
    if (name === undefined || value === undefined) complain(number, 'it must be NAME=value, a comment that begins with #, or empty');
    else if (earlier !== undefined) complain(number, `${name} is already set in line ${earlier.number}`);
    else if (!isKnown(name)) complain(number, unknownName(name));
    else lines.set(name, { name, value: unquoted(value.trim()), number });
  }
  const given = Object.fromEntries([...lines.values()].map(({ name, value }) => [name, value]));
  const { environment: values, problems: unusable } = withSecretFiles(SETTINGS, given);
  const settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (!isSettingName(name)) continue;
    const { number } = lines.get(name) ?? lines.get(`${name}_FILE`) ?? { number: 0 };
    if (value === '' || value === undefined) settings[name] = undefined;
    else if (SETTINGS[name].type.schema.safeParse(value).success) settings[name] = value;
    else complain(number, `${name} must be ${SETTINGS[name].type.describe}${'secret' in SETTINGS[name] ? '' : `, and "${value}" is not`}`);
  }
  for (const [name, what] of unusable) complain(lines.get(`${name}_FILE`)?.number ?? 0, what.replace('in the environment', 'here'));
  // The password that is stored encrypted is removed with it.
  if ('LDAP_BIND_PASSWORD' in settings && settings.LDAP_BIND_PASSWORD === undefined) settings.LDAP_BIND_CREDENTIALS = undefined;
  if (problems.length > 0) {
    throw new CodedError('ANSWERS_INVALID', problems.join('\n       '), { action: 'docs/unattended.md explains the answer file.' });
  }
  return {
    settings,
    hub: given.HUB || undefined,
    importFrom: given.IMPORT || undefined,
    passphraseFile: given.IMPORT_PASSPHRASE_FILE || undefined,
  };
}

function isKnown(name: string): boolean {
  return isSettingName(name) || settingOfSecretFile(SETTINGS, name) !== undefined || SPECIAL_ANSWERS.some((special) => special === name);
}

function unknownName(name: string): string {
  const ofFile = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : '';
  if (isSettingName(ofFile)) return `${name} is not an answer, because ${ofFile} is not a secret: set ${ofFile} itself`;
  const meant = settingMeant(name);
  return `${name} is not a setting${meant === undefined ? '' : `; was ${meant} meant?`}`;
}

/** Quotation marks keep blanks at the beginning or end. There are no escape sequences. */
function unquoted(value: string): string {
  return /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
}
