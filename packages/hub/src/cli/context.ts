/** What every command gets. */
import type { HubHome } from '../home.ts';
import type { HomeKey } from '../home-key.ts';
import type { Operator } from '../operator.ts';
import type { HubSettings } from '../settings.ts';

export interface HubCommandContext {
  /** Opens the home folder and its store for the duration of `use`. @param options.creates the folder need not exist */
  withHome<T>(use: (home: HubHome & { operator: Operator }) => Promise<T>, options?: { creates?: boolean }): Promise<T>;
  /** Like `withHome`, but accepts a database that belongs to another key. */
  withAnyKey<T>(use: (home: HubHome) => Promise<T>): Promise<T>;
  /** Returns the home and its key without opening the store. @param backup a backup to be restored with this key */
  closedHome(backup?: string): Promise<{ folder: string; key: HomeKey }>;
  /** Reads the settings without opening the store. */
  settings(): Promise<HubSettings>;
  /** Prints a result to standard output. */
  print(line: string): void;
  /** Prints a list as a table, or with `--json` as the API answers it: an object that has the list by its name. */
  printList(list: PrintedList): void;
  /** Prints an explanation to standard error, where it does not disturb scripts. */
  note(line: string): void;
}

export interface PrintedList {
  json: boolean | undefined;
  /** Of the list in the JSON object. */
  name: string;
  /** For JSON: everything about each item. */
  items: readonly unknown[];
  headers: readonly string[];
  rows: readonly (readonly string[])[];
  /** Said instead of an empty table. */
  empty: string;
}

/** For every list and `show`. */
export const JSON_OPTION = ['--json', 'print JSON'] as const;

/** A time in a table, to the minute, in UTC. */
export function minute(time: Date | undefined): string {
  return time === undefined ? 'never' : `${time.toISOString().slice(0, 16)}Z`;
}
