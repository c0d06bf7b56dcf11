/** A run of the troubleshooter's checks, which pages follow while it is running. */
import { CodedError, errorText } from '@landbridge/runtime';
import type { Environment } from '../config/load.ts';
import { CHECKS } from '../troubleshoot/catalogue.ts';
import type { CheckResult } from '../troubleshoot/check.ts';
import type { Troubleshooter } from '../troubleshoot/troubleshooter.ts';

export interface CheckRun {
  /** Entered settings, checked before they are saved. */
  readonly changes: Readonly<Record<string, string>>;
  readonly userName: string | undefined;
  /** So far. */
  readonly results: readonly CheckResult[];
  /** Titles of the checks in progress. */
  running(): string[];
  isOver(): boolean;
  /** Why it ended early. */
  failure(): string | undefined;
  cancel(): void;
}

export function startCheckRun(
  troubleshooter: Troubleshooter,
  options: { home: string; environment: Environment; changes?: Readonly<Record<string, string>>; userName?: string | undefined },
): CheckRun {
  const { home, changes = {}, userName } = options;
  const results: CheckResult[] = [];
  const running = new Map<string, string>();
  const cancelling = new AbortController();
  let over = false;
  let failure: string | undefined;
  troubleshooter
    .run({
      home,
      // Entered settings take precedence, as they will once they are saved.
      environment: { ...options.environment, ...changes },
      userName,
      signal: cancelling.signal,
      onStarted: ({ id, target }) =>
        running.set(`${id} ${target}`, target === undefined ? CHECKS[id].title : `${CHECKS[id].title} (${target})`),
      onResult: (result) => {
        running.delete(`${result.id} ${result.target}`);
        results.push(result);
      },
    })
    .catch((error: unknown) => {
      failure = error instanceof CodedError ? error.message : errorText(error);
    })
    .finally(() => {
      over = true;
    });
  return {
    changes,
    userName,
    results,
    running: () => [...running.values()],
    isOver: () => over,
    failure: () => failure,
    cancel: () => cancelling.abort(),
  };
}
