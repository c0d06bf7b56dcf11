/**
 * A settings file: one JSON object, in which comments are allowed and survive changes. Messages give line and column but no text of the file,
 * because it may contain passwords. `JSON.parse` quotes the text, and does not always give a position.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

export type JsonObject = Readonly<Record<string, unknown>>;

const objectSchema = z.record(z.string(), z.unknown());

/** Strings are matched too, so that slashes inside them are not taken for comments. */
const STRING_OR_COMMENT = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings (RFC 8259, section 7)
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'nothing more';

/** @returns the object, or the problem as the end of a sentence that begins with the name of the file */
export function parseJsonObject(text: string): { object: JsonObject } | { problem: string } {
  const json = withoutComments(text);
  const notText = json.indexOf('\uFFFD');
  if (notText >= 0) return { problem: `is not valid UTF-8: ${placeIn(json, notText)}` };
  try {
    const result = objectSchema.safeParse(JSON.parse(json));
    return result.success ? { object: result.data } : { problem: 'is not a JSON object' };
  } catch {
    return { problem: `is not valid JSON: ${placeIn(json, jsonErrorIndex(json) ?? 0)}` };
  }
}

/**
 * @param text of an object that `parseJsonObject` accepts
 * @param changes new values by key. Undefined removes a key.
 * @returns the changed text. Comments stay, except those next to a removed key.
 */
export function withJsonChanges(text: string, changes: JsonObject): string {
  const parsed = parseJsonObject(text);
  const next = { ...('object' in parsed ? parsed.object : {}), ...changes };
  const plain = `${JSON.stringify(next, null, 2)}\n`;
  if (withoutComments(text) === text) return plain;
  const edited = Object.entries(changes).reduce((now, [key, value]) => edit(now, key, value), text);
  const result = parseJsonObject(edited);
  return 'object' in result && isDeepStrictEqual(result.object, JSON.parse(plain)) ? edited : plain;
}

/** Replaces comments by blanks, so that positions stay the same. */
function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (match) => (match.startsWith('"') ? match : match.replace(/[^\n]/g, ' ')));
}

/** Of a repeated key, the last one counts, as in JSON.parse. */
function edit(text: string, key: string, value: unknown): string {
  const json = withoutComments(text);
  const members = membersOf(json);
  const i = members.findLastIndex((member) => member.key === key);
  const member = members[i];
  if (value === undefined) {
    if (member === undefined) return text;
    const { start, end } = member;
    const previous = members[i - 1];
    // Including its comma: the one after it, or for the last member the one before it.
    const comma = i + 1 < members.length ? json.indexOf(',', end) : previous === undefined ? undefined : json.indexOf(',', previous.end);
    const without =
      comma === undefined
        ? text.slice(0, start) + text.slice(end)
        : comma < start
          ? text.slice(0, comma) + text.slice(comma + 1, start) + text.slice(end)
          : text.slice(0, start) + text.slice(end, comma) + text.slice(comma + 1);
    return edit(without, key, value);
  }
  if (member !== undefined) return text.slice(0, member.valueStart) + valueText(value) + text.slice(member.end);
  const last = members.at(-1);
  const line = `\n  ${JSON.stringify(key)}: ${valueText(value)}`;
  if (last !== undefined) return `${text.slice(0, last.end)},${line}${text.slice(last.end)}`;
  const inside = json.indexOf('{') + 1;
  return `${text.slice(0, inside)}${line}\n${text.slice(inside)}`;
}

function valueText(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', '\n  ');
}

interface Member {
  key: string;
  start: number;
  valueStart: number;
  end: number;
}

/** The members of the top-level object. */
function membersOf(json: string): Member[] {
  const members: Member[] = [];
  let member: Partial<Member> = {};
  let depth = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(json); match !== null; match = TOKEN.exec(json)) {
    const [whole, mark, string] = match;
    const end = match.index + whole.length;
    const start = end - whole.trimStart().length;
    if (mark === '{' || mark === '[') {
      if (depth === 1) member.valueStart ??= start;
      depth++;
    } else if (mark === '}' || mark === ']') depth--;
    if (depth !== 1 || mark === ':' || mark === '{') continue;
    if (mark === ',') member = {};
    else if (member.key === undefined && string !== undefined) member = { key: String(JSON.parse(string)), start };
    else if (member.key !== undefined && member.start !== undefined)
      members.push({ key: member.key, start: member.start, valueStart: member.valueStart ?? start, end });
  }
  return members;
}

/** @returns the index of the first syntax error; undefined if the text is valid JSON */
function jsonErrorIndex(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const afterValue = (): Expected => (open.length === 0 ? 'nothing more' : ', or end');
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const start = at + (/^[ \t\r\n]*/.exec(text.slice(at))?.[0].length ?? 0);
    if (match === null) return expected === 'nothing more' && start === text.length ? undefined : start;
    const [, mark, string] = match;
    const isValue = mark === undefined;
    const mayBeValue = expected === 'value' || expected === 'value or ]';
    if (isValue && mayBeValue) expected = afterValue();
    else if ((mark === '{' || mark === '[') && mayBeValue) {
      open.push(mark);
      expected = mark === '{' ? 'key or }' : 'value or ]';
    } else if (string !== undefined && (expected === 'key' || expected === 'key or }')) expected = ':';
    else if (mark === ':' && expected === ':') expected = 'value';
    else if (mark === ',' && expected === ', or end') expected = open.at(-1) === '{' ? 'key' : 'value';
    else if (mark === '}' && open.at(-1) === '{' && (expected === ', or end' || expected === 'key or }')) {
      open.pop();
      expected = afterValue();
    } else if (mark === ']' && open.at(-1) === '[' && (expected === ', or end' || expected === 'value or ]')) {
      open.pop();
      expected = afterValue();
    } else return start;
    at = TOKEN.lastIndex;
  }
}

function placeIn(text: string, index: number): string {
  const lines = text.slice(0, index).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}
