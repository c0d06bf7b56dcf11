/** Removes secrets from text that leaves this machine: results and the logs of a support package. */
import type { Config } from '../config/load.ts';
import { isSettingName, SETTINGS, type SettingName } from '../config/settings.ts';

export const MASK = '[secret]';

const LIKE_A_SECRET = /pas{1,2}w|pwd|secret|token|credential|key/i;

/** Masking shorter values would hide ordinary words. */
const SHORTEST_SECRET = 5;

/** Secrets recognised by their form: a log may hold those of an earlier configuration. */
const SECRET_FORMS: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  // A ticket's last part.
  [/(\/p\/ad\/)[^\s/"'?]+/g, `$1${MASK}`],
  [/(:\/\/)[^\s/"'@]+@/g, `$1${MASK}@`],
  // One-time links, such as the console's or a hub's invitation, and authorization codes.
  [/((?:[?&]|%3F|%26)code(?:=|%3D))[^\s&"'<>]+/gi, `$1${MASK}`],
  // A JWT: its base64url header begins with `{"`.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, MASK],
  [/\$2\$\.[0-9a-f.]+/gi, MASK],
  [
    /\b((?:password|passwd|pwd|secret|authorization|cookie)["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|(?:(?:bearer|basic|negotiate) )?[^\s,;}]+)/gi,
    `$1${MASK}`,
  ],
];

export interface Redactor {
  /** Masks this value too. */
  keepSecret(value: string | undefined): void;
  /** Masks known secrets. */
  redact(text: string): string;
  /** Also masks text that looks like a secret. */
  redactLog(text: string): string;
}

/** @param config its secret settings are masked; undefined if it cannot be read */
export function createRedactor(config: Pick<Config, 'values' | 'file'> | undefined): Redactor {
  const secrets = new Set<string>();

  function keepSecret(value: string | undefined): void {
    if (value === undefined || value.length < SHORTEST_SECRET) return;
    secrets.add(value);
    // As written in JSON and in URLs.
    secrets.add(JSON.stringify(value).slice(1, -1));
    secrets.add(encodeURIComponent(value));
  }

  function redact(text: string): string {
    let clean = text;
    // The longest first: a ticket contains its own last part.
    for (const secret of [...secrets].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, MASK);
    return clean;
  }

  for (const [name, definition] of Object.entries(SETTINGS)) {
    if (config === undefined || !isSettingName(name) || !('secret' in definition)) continue;
    // An invalid value is only in the file.
    for (const value of [config.values[name], config.file[name]]) {
      if (typeof value === 'string') for (const secret of secretsIn(name, value)) keepSecret(secret);
    }
  }
  for (const [name, value] of Object.entries(config?.file ?? {})) {
    // Perhaps a mistyped setting.
    if (!isSettingName(name) && typeof value === 'string' && LIKE_A_SECRET.test(name)) keepSecret(value);
  }
  return {
    keepSecret,
    redact,
    redactLog(text) {
      let clean = redact(text);
      for (const [form, mask] of SECRET_FORMS) clean = clean.replace(form, mask);
      return clean;
    },
  };
}

function secretsIn(name: SettingName, value: string): string[] {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  switch (name) {
    case 'PROVISIONING_TICKET': {
      const last = url?.pathname.split('/').filter(Boolean).at(-1);
      return [value, ...(last === undefined ? [] : [last])];
    }
    case 'HTTP_PROXY':
    case 'HTTPS_PROXY': {
      // The proxy's address stays visible.
      const password = url?.password ?? /:([^:@/]+)@/.exec(value)?.[1] ?? '';
      return [password, decoded(password)];
    }
    default:
      return [value];
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
