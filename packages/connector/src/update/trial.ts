/**
 * The trial of a new version: restart the service, wait until the new version is online, and otherwise go back. It runs in a process of its own,
 * outside the service, so that the restart does not end it.
 */
import { spawnSync } from 'node:child_process';
import { errorText, sleep } from '@landbridge/runtime';
import { z } from 'zod';
import { readRunningFile } from '../config/running-file.ts';
import { removeOthers, switchTo } from './installation.ts';
import { mainProcessOf } from './service-unit.ts';

export const trialPlan = z.object({
  home: z.string(),
  path: z.string(),
  newFolder: z.string(),
  oldVersion: z.string(),
  newVersion: z.string(),
  restart: z.array(z.string()).min(1),
  /** The service's unit, if systemd runs it. */
  unit: z.string().optional(),
  limitMs: z.int().positive(),
});
export type TrialPlan = z.infer<typeof trialPlan>;
export interface TrialResult {
  updated: boolean;
  text: string;
}

const LOOK_MS = 250;

/** @param mainProcess in place of systemd, for tests */
export async function runTrial(plan: TrialPlan, mainProcess = mainProcessOf): Promise<TrialResult> {
  const { home, path, newFolder, oldVersion, newVersion } = plan;
  let oldFolder: string | undefined;
  let problem: string;
  try {
    const before = readRunningFile(home)?.pid;
    oldFolder = switchTo(path, newFolder, oldVersion);
    restart(plan.restart);
    if (await comesOnline(plan, before, mainProcess)) {
      removeOthers(path, [oldFolder, newFolder]);
      return { updated: true, text: `Version ${newVersion} is online. ${oldFolder} keeps version ${oldVersion}.` };
    }
    problem = `it was not online within ${plan.limitMs / 1000} s`;
  } catch (error) {
    problem = errorText(error);
  }
  if (oldFolder === undefined) return { updated: false, text: `Version ${newVersion} was not installed: ${problem}.` };
  try {
    switchTo(path, oldFolder, newVersion);
    restart(plan.restart);
    return { updated: false, text: `Version ${newVersion} was rolled back: ${problem}. Version ${oldVersion} runs again.` };
  } catch (error) {
    return { updated: false, text: `Version ${newVersion} failed (${problem}), and going back failed too: ${errorText(error)}.` };
  }
}

/**
 * The account of the service writes `running.json`, so the file decides only whether the new version stays. With systemd it must also name the
 * main process of the unit, so that no other process of the account can write it.
 */
async function comesOnline(
  { home, newVersion, limitMs, unit }: TrialPlan,
  pidBefore: number | undefined,
  mainProcess: typeof mainProcessOf,
): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const running = readRunningFile(home);
    const isNew = running?.version === newVersion && running.online && running.pid !== pidBefore;
    if (isNew && (unit === undefined || mainProcess(unit) === running.pid)) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

function restart([program = '', ...args]: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the service could not be restarted: ${error?.message ?? stderr.trim()}`);
}
