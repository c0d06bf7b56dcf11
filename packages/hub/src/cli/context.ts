/** What every command gets. */
import type { AuditChain } from '../audit/chain.ts';
import type { HubHome } from '../home.ts';
import type { Operator } from '../operator.ts';

export interface HubCommandContext {
  /** Opens the home folder and its store for the duration of `use`. @throws CodedError HUB_KEY_MISMATCH */
  withHome<T>(use: (home: HubHome & { operator: Operator }) => Promise<T>): Promise<T>;
  /** The same with whatever key the home has. */
  withAnyKey<T>(use: (home: HubHome) => Promise<T>): Promise<T>;
  /** Returns the home folder and its key, without opening the store. */
  closedHome(): Promise<{ folder: string; chain: AuditChain }>;
  /** Prints a result to standard output. */
  print(line: string): void;
  /** Prints an explanation to standard error, where it does not disturb scripts. */
  note(line: string): void;
}
