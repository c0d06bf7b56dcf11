/** Runs checks in parallel as far as they do not depend on each other, each with a time limit, and reports each result at once. */
import { CHECKS } from './catalogue.ts';
import { type Check, type CheckOutcome, type CheckResult, failedBy } from './check.ts';

export interface RunOptions {
  signal: AbortSignal;
  /** Removes secrets from results. */
  redact: (text: string) => string;
  onStarted?: ((check: Pick<Check, 'id' | 'target'>) => void) | undefined;
  onResult?: ((result: CheckResult) => void) | undefined;
}

const TIMEOUT_MS = 15_000;

/** @returns all results in the order of the checks; the checks that one added follow it */
export async function runChecks(checks: readonly Check[], options: RunOptions): Promise<CheckResult[]> {
  // Text from a directory or a certificate must not add lines.
  const clean = (text: string) => options.redact(text).replace(/\s+/g, ' ').trim();
  const running = new Map<Check, Promise<CheckResult[]>>();

  /** The check's own result, then those of the checks that it added. */
  function start(check: Check): Promise<CheckResult[]> {
    let results = running.get(check);
    if (results === undefined) {
      results = perform(check);
      running.set(check, results);
    }
    return results;
  }

  const own = new Map<Check, Promise<CheckResult>>();

  function ownResult(check: Check): Promise<CheckResult> {
    void start(check);
    return own.get(check) ?? Promise.reject(new TypeError(`the check ${check.id} was not started`));
  }

  async function perform(check: Check): Promise<CheckResult[]> {
    const done = Promise.withResolvers<CheckResult>();
    own.set(check, done.promise);
    const obstacle = await obstacleOf(check);
    const started = performance.now();
    let outcome: CheckOutcome;
    if (obstacle !== undefined) outcome = { status: 'skipped', because: `"${titleOf(obstacle)}" did not pass` };
    else if (options.signal.aborted) outcome = { status: 'skipped', because: 'the run was cancelled' };
    else {
      options.onStarted?.(check);
      outcome = await bounded(check, options.signal);
    }
    const result: CheckResult = {
      id: check.id,
      title: CHECKS[check.id].title,
      target: check.target,
      tried: CHECKS[check.id].tries,
      status: outcome.status,
      found: clean(outcome.status === 'skipped' ? outcome.because : outcome.found),
      action: actionOf(check, outcome),
      ...('offered' in outcome && outcome.offered !== undefined && { offered: outcome.offered }),
      because: obstacle && { id: obstacle.id, target: obstacle.target },
      ms: Math.round(performance.now() - started),
    };
    options.onResult?.(result);
    done.resolve(result);
    const added = 'then' in outcome ? (outcome.then ?? []) : [];
    return [result, ...(await Promise.all(added.map(start))).flat()];
  }

  /** Every failure says what to do. */
  function actionOf({ id }: Check, outcome: CheckOutcome): string | undefined {
    if (outcome.status === 'skipped') return undefined;
    const action = outcome.action ?? (outcome.status === 'fail' ? CHECKS[id].remedy : undefined);
    return action === undefined ? undefined : clean(action);
  }

  async function obstacleOf(check: Check): Promise<Check | undefined> {
    for (const need of check.needs ?? []) if (!passed(await ownResult(need))) return need;
    const any = check.needsAny ?? [];
    const results = await Promise.all(any.map(ownResult));
    return any.length === 0 || results.some(passed) ? undefined : any[0];
  }

  return (await Promise.all(checks.map(start))).flat();
}

function passed({ status }: CheckResult): boolean {
  return status === 'pass' || status === 'warn';
}

function titleOf({ id, target }: Check): string {
  return target === undefined ? CHECKS[id].title : `${CHECKS[id].title} ${target}`;
}

async function bounded(check: Check, cancelled: AbortSignal): Promise<CheckOutcome> {
  const timeoutMs = check.timeoutMs ?? TIMEOUT_MS;
  const ended = new AbortController();
  const late = Promise.withResolvers<CheckOutcome>();
  const timer = setTimeout(() => {
    late.resolve({
      status: 'fail',
      found: `No result within ${timeoutMs / 1000} s`,
      action: 'Check what is in between: something accepts the connection but does not answer.',
    });
    ended.abort();
  }, timeoutMs);
  const onCancel = () => {
    late.resolve({ status: 'skipped', because: 'the run was cancelled' });
    ended.abort();
  };
  cancelled.addEventListener('abort', onCancel, { once: true });
  try {
    // Whatever a check does after its time limit is ignored.
    const work = Promise.resolve(ended.signal)
      .then((signal) => check.run(signal))
      .catch((error: unknown) => failedBy(error));
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    cancelled.removeEventListener('abort', onCancel);
  }
}
