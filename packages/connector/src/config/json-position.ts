/**
 * Finds where a text stops being JSON. `JSON.parse` does not always name a position, and its messages quote the text, which may be a
 * password.
 */

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings (RFC 8259, section 7)
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'nothing more';

/** @returns line and column (from 1) of the first error; undefined if the text is JSON */
export function jsonErrorPosition(text: string): { line: number; column: number } | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const afterValue = (): Expected => (open.length === 0 ? 'nothing more' : ', or end');
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const start = at + (/^[ \t\r\n]*/.exec(text.slice(at))?.[0].length ?? 0);
    if (match === null) return expected === 'nothing more' && start === text.length ? undefined : positionOf(text, start);
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
    } else return positionOf(text, start);
    at = TOKEN.lastIndex;
  }
}

function positionOf(text: string, index: number): { line: number; column: number } {
  const lines = text.slice(0, index).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
