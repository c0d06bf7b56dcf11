/** Runs the statements of one SQLite database: prepared once, rows validated by a schema, errors with the file's name. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';
import type { Place, Sealing } from '../sealing.ts';

/** Times are kept as epoch milliseconds, switches as 0 or 1, lists and objects as JSON, and undefined as NULL. */
type Value = SQLInputValue | Date | boolean | undefined | readonly unknown[] | Readonly<Record<string, unknown>>;

/** The fields of a table that are encrypted with the key outside the database. */
interface Sealed {
  fields: readonly string[];
  /** The fields that identify the row. They never change. */
  by: readonly string[];
  /** What happens to a row whose key is lost. `clear` empties the fields. */
  ifLost: 'delete' | 'clear';
}

/** A query without its conditions, and what its rows hold. */
interface View<T> {
  select: string;
  row: z.ZodType<T>;
  name?: string;
  sealed?: Sealed | undefined;
}

interface Table<T> extends View<T> {
  name: string;
  fields: string[];
  /** Their names in the table. */
  columns: string[];
}

export interface Sql {
  /** @param rest of the query: conditions and order */
  all<T>(view: View<T>, rest: string, ...values: Value[]): T[];
  one<T>(view: View<T>, rest: string, ...values: Value[]): T | undefined;
  /** @returns the number of changed rows */
  change(text: string, ...values: Value[]): number;
  /**
   * @param rest after the values, which may be conditional (`FROM … WHERE …`) and are `$NAME` there; an upsert needs at least `WHERE true`
   * @param more columns which are not part of the row as it is read
   * @returns whether a row was added or updated
   */
  insert<T extends { [N in keyof T]: Value }>(table: Table<T>, row: T, rest?: string, more?: Record<string, Value>): boolean;
  /** Encrypts a value for `change`. @param row the fields that identify it */
  seal(table: Table<unknown>, field: string, row: Readonly<Record<string, unknown>>, value: string | undefined): string | undefined;
  /** Runs `work` in a transaction; other processes wait. */
  transaction<T>(work: () => T): T;
  close(): void;
}

export function sqlOn(database: DatabaseSync, path: string, sealing: Sealing): Sql {
  const statements = new Map<string, StatementSync>();

  function run<T>(text: string, use: (statement: StatementSync) => T): T {
    try {
      let statement = statements.get(text);
      if (statement === undefined) {
        statement = database.prepare(text);
        statements.set(text, statement);
      }
      return use(statement);
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      throw new CodedError('STORE_FAILED', `A query of the database ${path} failed`, {
        cause,
        action: 'Check the free space and permissions of its folder. If the file is damaged, restore it from a backup.',
      });
    }
  }

  function read<T>(view: View<T>, found: Readonly<Record<string, unknown>>): T {
    if (view.sealed === undefined) return view.row.parse(found);
    const opened = view.sealed.fields.map((field) => [field, openValue(sealing, placeOf(view, field, found), found[field])]);
    return view.row.parse({ ...found, ...Object.fromEntries(opened) });
  }

  return {
    all: (view, rest, ...values) =>
      run(`${view.select} ${rest}`, (statement) => statement.all(...values.map(inSql)).map((found) => read(view, found))),
    one: (view, rest, ...values) =>
      run(`${view.select} ${rest}`, (statement) => {
        const found = statement.get(...values.map(inSql));
        return found === undefined ? undefined : read(view, found);
      }),
    seal: (table, field, row, value) => (value === undefined ? undefined : sealValue(sealing, placeOf(table, field, row), value)),
    change: (text, ...values) => run(text, (statement) => Number(statement.run(...values.map(inSql)).changes)),
    insert(table, row, rest = '', more = {}) {
      const { name, fields, columns, sealed } = table;
      const added = Object.keys(more);
      const given: Record<string, Value> = { ...row, ...more };
      for (const field of sealed?.fields ?? []) {
        const value = given[field];
        if (isSealable(value)) given[field] = sealValue(sealing, placeOf(table, field, given), value);
      }
      const stored = [...fields, ...added];
      const text = `INSERT INTO ${name} (${[...columns, ...added.map(columnName)]}) SELECT ${stored.map((field) => `$${field}`)} ${rest}`;
      const values = Object.fromEntries(stored.map((field) => [field, inSql(given[field])]));
      return run(text, (statement) => statement.run(values).changes === 1);
    },
    transaction(work) {
      run('BEGIN IMMEDIATE', (statement) => statement.run());
      try {
        const result = work();
        run('COMMIT', (statement) => statement.run());
        return result;
      } catch (error) {
        run('ROLLBACK', (statement) => statement.run());
        throw error;
      }
    },
    close() {
      statements.clear();
      if (database.isOpen) database.close();
    },
  };
}

function inSql(value: Value): SQLInputValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Date) return value.getTime();
  return typeof value === 'object' && !ArrayBuffer.isView(value) ? JSON.stringify(value) : value;
}

function placeOf(table: View<unknown>, field: string, row: Readonly<Record<string, unknown>>): Place {
  return [table.name ?? '', columnName(field), ...(table.sealed?.by ?? []).map((name) => String(row[name]))];
}

/** Text stays text, and bytes stay bytes. */
type Sealable = string | Uint8Array;

function isSealable(value: unknown): value is Sealable {
  return typeof value === 'string' || value instanceof Uint8Array;
}

/** @returns text as base64url */
export function sealValue<T extends Sealable>(sealing: Sealing, place: Place, value: T): T extends string ? string : Uint8Array;
export function sealValue(sealing: Sealing, place: Place, value: Sealable): Sealable {
  return typeof value === 'string' ? sealing.seal(place, Buffer.from(value, 'utf8')).toString('base64url') : sealing.seal(place, value);
}

/** @throws CodedError SECRET_UNREADABLE */
export function openValue(sealing: Sealing, place: Place, value: unknown): unknown {
  if (typeof value === 'string') return sealing.open(place, Buffer.from(value, 'base64url')).toString('utf8');
  return value instanceof Uint8Array ? new Uint8Array(sealing.open(place, value)) : value;
}

/** `createdAt` is `created_at`. */
function columnName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** @param from the table, or several joined ones */
export function viewOf<S extends z.ZodRawShape>(from: string, fields: S) {
  const columns = Object.keys(fields).map((field) => `${columnName(field)} AS ${field}`);
  return { select: `SELECT ${columns} FROM ${from}`, row: z.object(fields) };
}

/** All tables with encrypted fields, for changing the key. */
export const SEALED_TABLES: { name: string; columns: string[]; by: string[]; ifLost: Sealed['ifLost'] }[] = [];

export function tableOf<S extends z.ZodRawShape>(name: string, fields: S, sealed?: Sealed) {
  const names = Object.keys(fields);
  if (sealed !== undefined) {
    const { ifLost } = sealed;
    SEALED_TABLES.push({ name, columns: sealed.fields.map(columnName), by: sealed.by.map(columnName), ifLost });
  }
  return { ...viewOf(name, fields), name, fields: names, columns: names.map(columnName), sealed };
}

const json = z.string().transform((text): unknown => JSON.parse(text));

export const column = {
  text: z.string(),
  number: z.number(),
  date: z.number().transform((epochMs) => new Date(epochMs)),
  optionalDate: z
    .number()
    .nullable()
    .transform((epochMs) => (epochMs === null ? undefined : new Date(epochMs))),
  json: json.pipe(z.record(z.string(), z.unknown())),
  list: json.pipe(z.array(z.string())),
  optionalList: json
    .pipe(z.array(z.string()))
    .nullable()
    .transform((list) => list ?? undefined),
  bit: z.number().transform((bit) => bit === 1),
  optionalText: z
    .string()
    .nullable()
    .transform((text) => text ?? undefined),
};
