/**
 * The trial of a new version: restart the service, wait until the new version is online, and otherwise go back. It runs in a process of its own,
 * outside the service, so that the restart does not end it.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errorText, sleep } from '@landbridge/runtime';
import { z } from 'zod';
import { readRunningFile } from '../config/running-file.ts';
import { removeOthers, switchTo } from './installation.ts';

export const trialPlan = z.object({
  home: z.string(),
  path: z.string(),
  newFolder: z.string(),
  oldVersion: z.string(),
  newVersion: z.string(),
  restart: z.array(z.string()).min(1),
  limitMs: z.int().positive(),
});
export type TrialPlan = z.infer<typeof trialPlan>;
export interface TrialResult {
  updated: boolean;
  text: string;
}

const LOOK_MS = 250;

export async function runTrial(plan: TrialPlan): Promise<TrialResult> {
  const { home, path, newFolder, oldVersion, newVersion } = plan;
  let oldFolder: string | undefined;
  let problem: string;
  try {
    const before = readRunningFile(home)?.pid;
    oldFolder = switchTo(path, newFolder, oldVersion);
    restart(plan.restart);
    if (await comesOnline(plan, before)) {
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

async function comesOnline({ home, newVersion, limitMs }: TrialPlan, pidBefore: number | undefined): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const running = readRunningFile(home);
    if (running?.version === newVersion && running.online && running.pid !== pidBefore) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

function restart([program = '', ...args]: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the service could not be restarted: ${error?.message ?? stderr.trim()}`);
}

/** @returns the systemd service that a process belongs to */
export function serviceOf(pid: number): string | undefined {
  try {
    return /\/([\w@.:-]+\.service)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
