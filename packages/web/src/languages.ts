/** The languages of users' pages: the choice among them, and texts with their placeholders filled. */
import { de } from './texts-de.ts';
import { en, type TextKey, type UserTexts } from './texts-en.ts';
import { es } from './texts-es.ts';
import { fr } from './texts-fr.ts';
import { it } from './texts-it.ts';
import { ja } from './texts-ja.ts';
import { pt } from './texts-pt.ts';
import { zh } from './texts-zh.ts';

export const LANGUAGES = { en, de, fr, es, it, pt, ja, zh } as const satisfies Record<string, UserTexts>;
export type Language = keyof typeof LANGUAGES;

/** For `lang` and `Content-Language` (RFC 5646), if it says more than the key. */
const TAGS: Partial<Record<Language, string>> = { pt: 'pt-BR', zh: 'zh-Hans' };
/** Of `Accept-Language` and `ui_locales`; browsers send far less. */
const MAX_HEADER_LENGTH = 500;

type Placeholders<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
type Values<K extends TextKey> = [Placeholders<(typeof en)[K]>] extends [never] ? [] : [Record<Placeholders<(typeof en)[K]>, string>];

/** Texts without placeholders. */
export type PlainKey = { [K in TextKey]: [Placeholders<(typeof en)[K]>] extends [never] ? K : never }[TextKey];

/** Texts in one language. */
export interface Speech {
  language: Language;
  /** The language tag. */
  tag: string;
  say<K extends TextKey>(key: K, ...values: Values<K>): string;
  /** For a time to wait: "30 seconds", "2 minutes", "1 day". Rounded up. */
  duration(seconds: number): string;
}

export function speechIn(language: Language): Speech {
  const tag = TAGS[language] ?? language;
  return {
    language,
    tag,
    say: (key, ...[values]) => withValues(LANGUAGES[language][key], values ?? {}),
    duration(seconds) {
      const [count, unit] = [
        [seconds, 'second'],
        [seconds / 60, 'minute'],
        [seconds / 3600, 'hour'],
        [seconds / 86_400, 'day'],
      ].findLast(([count], index) => index === 0 || Number(count) >= 1.5) as [number, string];
      return new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.max(1, Math.ceil(count)));
    },
  };
}

function withValues(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}

/**
 * @param wanted.uiLocales of the application (OpenID Connect Core, section 3.1.2.1): language tags by preference, separated by spaces
 * @param wanted.acceptLanguage the browser's header (RFC 9110, section 12.5.4)
 */
export function languageFor({ uiLocales = '', acceptLanguage = '' }: { uiLocales?: string; acceptLanguage?: string }): Language {
  const requested = uiLocales.slice(0, MAX_HEADER_LENGTH).toLowerCase().split(/\s+/);
  const accepted = acceptLanguage
    .slice(0, MAX_HEADER_LENGTH)
    .toLowerCase()
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(/\s*;\s*/);
      const quality = parameters.find((parameter) => parameter.startsWith('q='));
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
    })
    .filter(({ quality }) => quality > 0)
    // A stable sort: the first of equal quality wins.
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
  return [...requested, ...accepted].map((tag) => tag.split('-', 1)[0] ?? '').find(isLanguage) ?? 'en';
}

function isLanguage(text: string): text is Language {
  return Object.hasOwn(LANGUAGES, text);
}
