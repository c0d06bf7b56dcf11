/**
 * Finds the attributes that a custom mapper reads, so that the directory is asked only for these, and a photo of 12 MB that nobody
 * maps is never read. Every use of the mapper's first parameter must name an attribute (`raw.mail`, `raw['mail;lang-de']`, `{ mail } = raw`,
 * `'mail' in raw`). Any other use (`Object.keys(raw)`, `raw[name]`, `return raw`) may read any attribute.
 */
import { Script } from 'node:vm';

const NAME = '[A-Za-z_$][\\w$]*';
/** For a mapper with more names, requesting everything is cheaper. */
const MAX_NAMES = 300;
/** An attribute description (RFC 4512, section 2.5). */
const ATTRIBUTE = /^[A-Za-z][A-Za-z0-9-]*(;[A-Za-z0-9-]+)*$/;
/** Code that can reach the parameter without naming it, or run text as code. */
const INDIRECT = /\b(?:arguments|eval|Function|with)\b/;

/** @returns the attributes as spelled in the mapper; undefined if it may read others */
export function attributesReadBy(source: string): string[] | undefined {
  const code = withoutComments(source);
  if (code === undefined || INDIRECT.test(code)) return undefined;
  const names = new Set<string>();
  const start = new RegExp(
    `\\bexports\\s*=\\s*(?:async\\s+)?(?:function\\s*(?:${NAME})?\\s*\\(\\s*(${NAME}|\\{[^{}]*\\})|\\(\\s*(${NAME}|\\{[^{}]*\\})|(${NAME})\\s*=>)`,
  ).exec(code);
  const parameter = start?.[1] ?? start?.[2] ?? start?.[3];
  if (start === null || parameter === undefined) return undefined;
  if (parameter.startsWith('{')) return addPattern(parameter, names) ? known(names) : undefined;

  // Not a property name, but the operand of a spread.
  const raw = `(?<![\\w$])(?<!(?<!\\.\\.)\\.)${parameter.replaceAll('$', '\\$')}`;
  let rest = code.replace(start[0], (text) => text.slice(0, text.lastIndexOf(parameter)));
  let isPlain = true;
  rest = rest.replace(new RegExp(`(\\{[^{}]*\\})\\s*=\\s*${raw}(?![\\w$])(?!\\s*[.\\[(?])`, 'g'), (_text, pattern: string) => {
    isPlain &&= addPattern(pattern, names);
    return ' ';
  });
  const uses = [
    `${raw}\\s*\\??\\.\\s*(${NAME})`,
    `${raw}\\s*(?:\\?\\.)?\\[\\s*(?:'([^'\\\\]*)'|"([^"\\\\]*)")\\s*\\]`,
    `(?:'([^'\\\\]*)'|"([^"\\\\]*)")\\s+in\\s+${raw}(?![\\w$])`,
  ];
  for (const use of uses) {
    rest = rest.replace(new RegExp(use, 'g'), (_text, ...found: unknown[]) => {
      const name = found.slice(0, 2).find((part) => typeof part === 'string');
      if (typeof name === 'string') names.add(name);
      return ' ';
    });
  }
  const isUsedOtherwise = new RegExp(`${raw}(?![\\w$])`).test(rest);
  return isPlain && !isUsedOtherwise ? known(names) : undefined;
}

/**
 * For a mapper that may read any attribute: it uses the spellings in its source, and a server without a schema may use others.
 *
 * @returns gives an attribute the mapper's spelling, unless the source also uses the original one
 */
export function mapperSpelling(source: string): (name: string) => string {
  const words = [...source.matchAll(/\.\s*([A-Za-z][A-Za-z0-9-]*)|(['"])([A-Za-z][A-Za-z0-9;-]*)\2/g)].map(
    (found) => found[1] ?? found[3] ?? '',
  );
  const exact = new Set(words);
  const spellings = new Map(words.map((word) => [word.toLowerCase(), word]));
  return (name) => (exact.has(name) ? name : (spellings.get(name.toLowerCase()) ?? name));
}

/** @returns false if the destructuring pattern captures attributes that it does not name */
function addPattern(pattern: string, names: Set<string>): boolean {
  const inner = pattern.slice(1, -1);
  if (inner.includes('...') || inner.includes('[')) return false;
  for (const part of inner.split(',')) {
    const name = new RegExp(`^\\s*(?:'([^']*)'|"([^"]*)"|(${NAME}))`).exec(part);
    const read = name?.[1] ?? name?.[2] ?? name?.[3];
    if (read !== undefined) names.add(read);
  }
  return true;
}

function known(names: ReadonlySet<string>): string[] | undefined {
  const attributes = [...names].filter((name) => ATTRIBUTE.test(name));
  return attributes.length > MAX_NAMES ? undefined : attributes;
}

/** @returns undefined if the source cannot be parsed, because the remainder is then not a program */
function withoutComments(source: string): string | undefined {
  const text = source.replace(/^\uFEFF/, '');
  // Strings and regular expressions may contain text that looks like a comment.
  const tokens =
    /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"|`(?:[^`\\]|\\[\s\S])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<=[=(,:[!&|?{};]\s*|\breturn\s*)\/(?![/*])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\//g;
  const code = text.replace(tokens, (token) => (token.startsWith('//') || token.startsWith('/*') ? ' ' : token));
  try {
    new Script(`(function (exports, require, module) {${code}\n})`);
    return code;
  } catch {
    return undefined;
  }
}
