/** Controls a load process (`workload.ts`): sends it a cell, and measures the CPU time of watched processes meanwhile. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cpuMs, memoryMb } from './process-usage.ts';
import type { Cell, LoadMessage, Measured } from './workload.ts';

export interface Usage {
  /** CPU time of all threads per sign-in. */
  cpuMsPerLogin: number;
  memoryMb: number;
}

export interface CellResult<Name extends string> extends Measured {
  usage: Record<Name, Usage>;
}

export interface LoadProcess {
  pid: number;
  /** @param watched processes by their names in the result */
  run<Name extends string>(cell: Cell, watched: Record<Name, number>): Promise<CellResult<Name>>;
  stop(): void;
}

/** @param script a file in this folder; @param task its first message */
export async function startLoadProcess(script: string, task: object): Promise<LoadProcess> {
  const child = fork(join(import.meta.dirname, script));
  const gone = new AbortController();
  child.once('exit', () => gone.abort());
  const next = async (): Promise<LoadMessage> => {
    const message: LoadMessage | undefined = await once(child, 'message', { signal: gone.signal }).then(
      ([first]) => first,
      () => undefined,
    );
    return message ?? { type: 'failed', message: `${script} ended` };
  };
  const { pid } = child;
  child.send(task);
  const ready = await next();
  if (ready.type !== 'ready' || pid === undefined) throw new Error(`${script} did not start`);
  return {
    pid,
    async run(cell, watched) {
      const names = Object.keys(watched) as (keyof typeof watched)[];
      child.send(cell);
      const begin = await next();
      const before = names.map((name) => cpuMs(watched[name]));
      const end = begin.type === 'begin' ? await next() : begin;
      if (end.type !== 'end') throw new Error(end.type === 'failed' ? end.message : `${script} said ${end.type}`);
      const usage = Object.fromEntries(
        names.map((name, i) => [
          name,
          { cpuMsPerLogin: (cpuMs(watched[name]) - (before[i] ?? 0)) / end.logins, memoryMb: memoryMb(watched[name]).now } satisfies Usage,
        ]),
      ) as CellResult<keyof typeof watched>['usage'];
      return { ...end, usage };
    },
    stop: () => child.disconnect(),
  };
}
