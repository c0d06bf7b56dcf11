/** Runs the statements of one SQLite database: prepared once, rows validated by a schema, errors with the file's name. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';

export interface Sql {
  all<T>(row: z.ZodType<T>, text: string, ...values: SQLInputValue[]): T[];
  one<T>(row: z.ZodType<T>, text: string, ...values: SQLInputValue[]): T | undefined;
  /** @returns the number of changed rows */
  change(text: string, ...values: SQLInputValue[]): number;
  /** Runs `work` in a transaction; other processes wait. */
  transaction<T>(work: () => T): T;
  close(): void;
}

export function sqlOn(database: DatabaseSync, path: string): Sql {
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

  return {
    all: (row, text, ...values) => run(text, (statement) => statement.all(...values).map((found) => row.parse(found))),
    one: (row, text, ...values) =>
      run(text, (statement) => {
        const found: Record<string, SQLOutputValue> | undefined = statement.get(...values);
        return found === undefined ? undefined : row.parse(found);
      }),
    change: (text, ...values) => run(text, (statement) => Number(statement.run(...values).changes)),
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

/** Schemas of SQLite columns. Times are epoch milliseconds. */
export const column = {
  date: z.number().transform((epochMs) => new Date(epochMs)),
  optionalDate: z
    .number()
    .nullable()
    .transform((epochMs) => (epochMs === null ? undefined : new Date(epochMs))),
  json: z.string().transform((text) => z.record(z.string(), z.unknown()).parse(JSON.parse(text))),
  bit: z.number().transform((bit) => bit === 1),
  optionalText: z
    .string()
    .nullable()
    .transform((text) => text ?? undefined),
};
