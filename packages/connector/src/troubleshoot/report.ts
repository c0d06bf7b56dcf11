/** Results as text: one line per check with what it found, and one with what to do. */
import type { CheckResult } from './check.ts';

const MARKS: Record<CheckResult['status'], string> = { pass: 'ok  ', warn: 'WARN', fail: 'FAIL', skipped: '--  ' };

/** @returns one or two lines, which may contain control characters */
export function resultLines(result: CheckResult): string[] {
  const name = result.target === undefined ? result.title : `${result.title} (${result.target})`;
  const head = `${MARKS[result.status]}  ${name}: ${result.found}${result.status === 'skipped' ? '' : `  [${result.ms} ms]`}`;
  return result.action === undefined || result.status === 'pass' ? [head] : [head, `      ${result.action}`];
}

/** `12 ok, 1 warning, 2 failed, 5 skipped` */
export function summary(results: readonly CheckResult[]): string {
  const count = (status: CheckResult['status']) => results.filter((result) => result.status === status).length;
  const warnings = count('warn');
  return `${count('pass')} ok, ${warnings} warning${warnings === 1 ? '' : 's'}, ${count('fail')} failed, ${count('skipped')} skipped`;
}

export function isWell(results: readonly CheckResult[]): boolean {
  return results.every(({ status }) => status !== 'fail');
}
