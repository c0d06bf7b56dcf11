/** Formats output for a terminal. */

/** A heading, its lines indented, and an empty line. */
export function block(heading: string, lines: readonly string[]): string {
  return `${heading}\n${lines.map((line) => `  ${line}\n`).join('')}\n`;
}
