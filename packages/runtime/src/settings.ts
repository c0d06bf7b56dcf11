/**
 * Settings as one list: name, type, default, description, whether it is secret, the part that uses it. Loading, validation, the reference in
 * `docs/configuration.md` and every form come from that list. A value comes from the environment (a secret also from the file that
 * `NAME_FILE` names there), else from the file, else from the default. Text (`"false"`) is converted to the setting's type.
 */
import { z } from 'zod';
import { withSecretFiles } from './secret-files.ts';

/** How a setting's value is read: `schema` accepts any JSON from the file, and text from the environment. */
export interface SettingType<T> {
  /** The accepted values, for documentation and messages. */
  describe: string;
  schema: z.ZodType<T>;
  /** All accepted texts, if they are few. */
  choices?: readonly string[];
  /** The text can have several lines. */
  multiline?: true;
}

const booleanText = z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off', ''], case: 'insensitive' });

/** The types of settings. Each accepts a JSON value and its text form. */
export const setting = {
  boolean: (): SettingType<boolean> => ({
    describe: '`true` or `false`',
    choices: ['true', 'false'],
    schema: z.union([z.boolean(), booleanText]),
  }),
  integer: (min: number, max: number): SettingType<number> => ({
    describe: `a whole number from ${min} to ${max}`,
    schema: z
      .union([
        z.number(),
        z
          .string()
          .trim()
          .regex(/^-?\d+$/, 'is not a whole number')
          .transform(Number),
      ])
      .pipe(z.number().int().min(min).max(max)),
  }),
  text: (): SettingType<string> => ({ describe: 'text', schema: z.union([z.string(), z.number().transform(String)]) }),
  oneOf: <const T extends readonly [string, ...string[]]>(...values: T): SettingType<T[number]> => ({
    describe: `one of ${values.map((value) => `\`${value}\``).join(', ')}`,
    choices: values,
    schema: z.enum(values),
  }),
  /** A list: a JSON array, or text separated by commas. */
  list: (): SettingType<string[]> => ({
    describe: 'a list (in the environment: separated by commas)',
    schema: z.union([
      z.array(z.string()),
      z.string().transform((text) =>
        text
          .split(',')
          .map((part) => part.trim())
          .filter(Boolean),
      ),
    ]),
  }),
  /** PEM texts: one, or an array; several certificates in one text are fine. */
  pem: (): SettingType<string[]> => ({
    describe: 'PEM text, or an array of PEM texts',
    multiline: true,
    schema: z
      .union([z.array(z.string()), z.string().transform((text) => (text === '' ? [] : [text]))])
      .transform((texts) => texts.map(withLineEnds)),
  }),
  url: (...schemes: string[]): SettingType<string> => ({
    describe: `a URL (${schemes.map((scheme) => `\`${scheme}://\``).join(', ')})`,
    schema: z
      .string()
      .trim()
      .refine((text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)), {
        error: `is not a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
      }),
  }),
};

/** Environment variables often cannot contain line ends, and have `\n` or blanks instead. */
function withLineEnds(pem: string): string {
  const blocks = /(-----BEGIN [A-Z0-9 ]+-----)([^-]+)(-----END [A-Z0-9 ]+-----)/g;
  const ofBlock = (whole: string, begin: string, body: string, end: string) =>
    // The headers of an encrypted key.
    body.includes(':') ? whole : `${begin}\n${body.trim().replace(/\s+/g, '\n')}\n${end}`;
  return pem.replaceAll('\\n', '\n').replace(blocks, ofBlock);
}

export interface Setting<T = unknown> {
  type: SettingType<T>;
  /** Without it, the setting is optional. */
  default?: T;
  /** What it is, in a few words: a form shows them, with the name beside. */
  label?: string;
  /** Most administrators need it: forms show it before the others. */
  basic?: true;
  /** For the administrator: what it does and when to change it. Markdown. */
  description: string;
  /** The heading in the reference and in forms. */
  group: string;
  /** Its value never leaves the process: not in logs, `config show` or an API. */
  secret?: true;
  /** Maintained by the program; administrators read it but do not set it. */
  kept?: true;
  /** Weakens security: shown as a warning while it is on. */
  insecure?: true;
  /** The part of the program that uses it; `restart`: a change applies after a restart. */
  part?: string;
}

/** Adds the group to each setting of a list. */
export function inGroup<const L extends Record<string, Omit<Setting<never>, 'group'> | Omit<Setting<unknown>, 'group'>>>(
  group: string,
  list: L,
): { [N in keyof L]: L[N] & { group: string } } {
  const grouped: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(list)) grouped[name] = { group, ...definition };
  // The loop above added every key of the list.
  return grouped as { [N in keyof L]: L[N] & { group: string } };
}

// A list of settings of any types: Setting<T> is invariant in T only through `default`, which loading never writes.
type SettingList = Record<string, Setting<never> | Setting<unknown>>;

/** A setting with a default always has a value; others can be undefined. */
export type SettingValues<L> = {
  readonly [K in keyof L]: L[K] extends { type: SettingType<infer T> } ? (L[K] extends { default: unknown } ? T : T | undefined) : never;
};

export type Origin = 'environment' | 'file' | 'default' | 'unset';

export interface SettingProblem {
  name: string;
  origin: Origin;
  /** A sentence that begins with the setting's name and never contains a secret value. */
  message: string;
}

export interface LoadedSettings<L> {
  values: SettingValues<L>;
  origins: Record<keyof L & string, Origin>;
  problems: SettingProblem[];
}

/**
 * @param list the settings this program has
 * @param sources `file`: the parsed file, `{}` without one; `environment`: variables with the names of the settings
 * @returns all problems at once; if there are any, `values` has defaults in their place and must not be used to run
 */
export function loadSettings<const L extends SettingList>(
  list: L,
  sources: { file: Readonly<Record<string, unknown>>; environment: Readonly<Record<string, string | undefined>> },
): LoadedSettings<L> {
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  const problems: SettingProblem[] = [];
  const secretFiles = withSecretFiles(list, sources.environment);
  const environment = withLevels(secretFiles.environment);
  for (const [name, definition] of Object.entries(list)) {
    const [given, origin] = pick(name, environment, sources.file);
    origins[name] = origin;
    values[name] = definition.default;
    const unusable = secretFiles.problems.get(name);
    if (unusable !== undefined) {
      problems.push({ name, origin: 'environment', message: unusable });
      continue;
    }
    if (given === undefined) {
      origins[name] = definition.default === undefined ? 'unset' : 'default';
      continue;
    }
    const asGiven = definition.type.schema.safeParse(given);
    const unquoted = asGiven.success ? undefined : withoutQuotes(given);
    const parsed = unquoted === undefined ? asGiven : definition.type.schema.safeParse(unquoted);
    if (parsed.success) values[name] = parsed.data;
    else {
      const shown = definition.secret ? 'its value (not shown)' : withoutUserInfo(JSON.stringify(given));
      problems.push({ name, origin, message: `${name} (from the ${origin}) must be ${definition.type.describe}, and ${shown} is not` });
    }
  }
  // The loop above set every key to a value of its type or to its default.
  return { values: values as SettingValues<L>, origins: origins as Record<keyof L & string, Origin>, problems };
}

/** The quotation marks of `NAME="value"` stay in the value if Docker reads it from an `--env-file`. Only for values that are invalid with them. */
function withoutQuotes(value: unknown): string | undefined {
  return typeof value === 'string' ? /^\s*(["'])(.*)\1\s*$/s.exec(value)?.[2] : undefined;
}

/** Masks a password in a URL. */
function withoutUserInfo(text: string): string {
  return text.replace(/\/\/[^\s"]*@/g, '//[secret]@');
}

function pick(name: string, environment: Record<string, unknown>, file: Readonly<Record<string, unknown>>): [unknown, Origin] {
  if (environment[name] !== undefined) return [environment[name], 'environment'];
  const fromFile = file[name];
  // `null` and an empty form field mean unset.
  if (fromFile !== undefined && fromFile !== null && fromFile !== '') return [fromFile, 'file'];
  return [undefined, 'unset'];
}

/** `GROUP_PROPERTIES||0=cn` means `{GROUP_PROPERTIES: ['cn']}`: `||` separates levels, numbers are array indexes. */
function withLevels(environment: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const nested = new Map<string, [string, string][]>();
  for (const [key, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    const [name, ...rest] = key.split('||');
    if (name === undefined || name === '') continue;
    if (rest.length === 0) result[name] = value;
    else nested.set(name, [...(nested.get(name) ?? []), [rest.join('||'), value]]);
  }
  for (const [name, pairs] of nested) {
    const inner = withLevels(Object.fromEntries(pairs));
    const keys = Object.keys(inner);
    result[name] = keys.every((key) => /^\d+$/.test(key)) ? keys.sort((a, b) => Number(a) - Number(b)).map((key) => inner[key]) : inner;
  }
  return result;
}

/** The reference in Markdown: a table per group, in the order of the list. */
export function settingsReference(list: SettingList): string {
  const groups = new Map<string, string[]>();
  for (const [name, definition] of Object.entries(list)) {
    const marks = [
      definition.secret && 'secret',
      definition.kept && 'managed by the program',
      definition.insecure && '**weakens security**',
      definition.part === 'restart' && 'applies after a restart',
    ];
    const notes = marks.filter(Boolean).join(', ');
    const fallback = definition.default === undefined ? '' : `\`${JSON.stringify(definition.default).replaceAll('|', '\\|')}\``;
    const label = definition.label === undefined ? '' : `${definition.label}<br>`;
    const row = `| ${label}\`${name}\` | ${definition.type.describe} | ${fallback} | ${definition.description.replaceAll('|', '\\|')}${notes ? ` (${notes})` : ''} |`;
    groups.set(definition.group, [...(groups.get(definition.group) ?? []), row]);
  }
  return [...groups]
    .map(([group, rows]) => `## ${group}\n\n| setting | type | default | what it does |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`)
    .join('\n');
}
