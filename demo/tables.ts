/** The demo's output: a profile and the users to try, in aligned columns. */
import type { FabrikamUser } from '@landbridge/directory';

/** Rows as indented lines; each column but the last is as wide as its longest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd()).join('\n');
}

/** A profile, one field per row. */
export function fieldRows(profile: Readonly<Record<string, unknown>>): string[][] {
  return Object.entries(profile).map(([name, value]) => [name, valueText(value)]);
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  if (typeof value === 'object' && value !== null) return Object.values(value).map(valueText).join(', ');
  return String(value);
}

/** Users to try, with password and expected result. Users with an interesting full name appear with both names. */
export function userRows(users: readonly FabrikamUser[]): string[][] {
  const rows = users.flatMap(({ name, cn, password, expect }) => {
    const fullName = /[^A-Za-z0-9-]/.test(cn) ? [[cn, password, expect]] : [];
    return [[name, password, expect], ...fullName];
  });
  const [first, ...others] = rows;
  const wrong = [first?.[0] ?? '', 'wrong', 'refused: wrong password (five in a row lock the account)'];
  return [['user name', 'password', 'expected result'], ...(first ? [first] : []), wrong, ...others];
}
