/** Runs the troubleshooter in a new home folder with these settings, for tests. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CheckId } from '../catalogue.ts';
import type { CheckResult } from '../check.ts';
import { createTroubleshooter, type Troubleshooter, type TroubleshootOptions } from '../troubleshooter.ts';

/** A folder with a config.json that only its owner can read; removed with the test. */
export function homeWith(t: TestContext, settings: Record<string, unknown>): string {
  const home = mkdtempSync(join(tmpdir(), 'troubleshoot-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  writeFileSync(join(home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
  return home;
}

export interface Findings {
  all: CheckResult[];
  /** The only result of this check. */
  of(id: CheckId, target?: string): CheckResult;
  /** `id` of each that failed. */
  failed: CheckId[];
}

export async function runIn(
  t: TestContext,
  settings: Record<string, unknown>,
  options: Partial<TroubleshootOptions> & { troubleshooter?: Troubleshooter } = {},
): Promise<Findings> {
  const { troubleshooter = createTroubleshooter(), ...rest } = options;
  const all = await troubleshooter.run({ home: homeWith(t, settings), environment: {}, ...rest });
  return {
    all,
    of(id, target) {
      const found = all.filter((result) => result.id === id && (target === undefined || result.target === target));
      assert.equal(found.length, 1, `${found.length} results of ${id} ${target ?? ''}`);
      return found[0] ?? assert.fail();
    },
    failed: all.filter(({ status }) => status === 'fail').map(({ id }) => id),
  };
}
