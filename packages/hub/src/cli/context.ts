/** What every command gets. */
import type { HubHome } from '../home.ts';
import type { Operator } from '../operator.ts';

export interface HubCommandContext {
  /** Opens the home folder and its store for the duration of `use`. */
  withHome<T>(use: (home: HubHome & { operator: Operator }) => Promise<T>): Promise<T>;
  /** Returns the home folder without opening anything. */
  folder(): Promise<string>;
  /** Prints a result to standard output. */
  print(line: string): void;
  /** Prints an explanation to standard error, where it does not disturb scripts. */
  note(line: string): void;
}
