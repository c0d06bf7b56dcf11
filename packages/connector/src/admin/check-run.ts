/** A run of the checks that pages show while it goes on. */
import { CodedError, errorText } from '@landbridge/runtime';
import type { Environment } from '../config/load.ts';
import { CHECKS } from '../troubleshoot/catalogue.ts';
import type { CheckResult } from '../troubleshoot/check.ts';
import type { Troubleshooter } from '../troubleshoot/troubleshooter.ts';

export interface CheckRun {
  /** Settings that were typed and are tried before they are saved. */
  readonly changes: Readonly<Record<string, string>>;
  /** As they come. */
  readonly results: readonly CheckResult[];
  /** Names of checks that are at work. */
  running(): string[];
  isOver(): boolean;
  /** Why it ended, where that was not the end of the checks. */
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
      // What was just typed comes before everything, as it will when it is saved.
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
    results,
    running: () => [...running.values()],
    isOver: () => over,
    failure: () => failure,
    cancel: () => cancelling.abort(),
  };
}
