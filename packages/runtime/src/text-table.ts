/** Tables of commands: aligned columns with headers, cut to the width of the terminal. Pipes and files get the whole text. */
import { styleText } from 'node:util';
import { printable } from './printable.ts';

const GAP = '  ';
/** A column is never cut below this. */
const NARROWEST = 8;

/** Characters that take two columns in a terminal (Unicode TR 11, as far as names have them). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** Characters that take none. */
const COMBINING = /^(?:\p{Mn}|\p{Me}|\u200d)$/u;

export interface TableOptions {
  /** The columns of the terminal; undefined: unlimited. */
  width?: number | undefined;
  /** Makes the headers stand out. */
  header?: (text: string) => string;
}

/**
 * @param rows their first cells identify them and are never cut
 * @returns lines, each with a line end
 */
export function textTable(headers: readonly string[], rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const { width, header = (text) => text } = options;
  const cells = rows.map((row) => headers.map((_, column) => printable(row[column] ?? '')));
  const widths = headers.map((name, column) => Math.max(textWidth(name), ...cells.map((row) => textWidth(row[column] ?? ''))));
  if (width !== undefined) narrow(widths, width);
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => fitted(cell, widths[column] ?? 0))
      .join(GAP)
      .trimEnd();
  return [header(line(headers)), ...cells.map(line)].map((text) => `${text}\n`).join('');
}

/** Prints a table to standard output, in the width and with the colours of the terminal. */
export function printTable(headers: readonly string[], rows: readonly (readonly string[])[]): void {
  const { isTTY, columns } = process.stdout;
  process.stdout.write(
    textTable(headers, rows, {
      width: isTTY ? columns : undefined,
      header: (text) => styleText('bold', text, { stream: process.stdout }),
    }),
  );
}

/** The columns that a text takes in a terminal. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) if (!COMBINING.test(character)) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** Takes columns from the widest cells until the table fits or nothing can be cut. */
function narrow(widths: number[], available: number): void {
  for (let surplus = widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1)) - available; surplus > 0; surplus--) {
    const widest = widths.reduce((best, each, column) => (column > 0 && each > (widths[best] ?? 0) ? column : best), 1);
    const now = widths[widest];
    if (now === undefined || now <= NARROWEST) return;
    widths[widest] = now - 1;
  }
}

/** The text with blanks up to the width, or cut to it with an ellipsis. */
function fitted(text: string, width: number): string {
  const own = textWidth(text);
  if (own <= width) return text + ' '.repeat(width - own);
  let cut = '';
  let taken = 0;
  for (const character of text) {
    const next = textWidth(character);
    if (taken + next > width - 1) break;
    cut += character;
    taken += next;
  }
  return `${cut}…${' '.repeat(width - 1 - taken)}`;
}
