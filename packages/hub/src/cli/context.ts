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
  /** Prints an explanation to standard error, where it does not disturb scripts. */
  note(line: string): void;
}
