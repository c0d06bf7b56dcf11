/** The last sign-ins and how many there were in each minute of the last hour, read from the log as it is written: no password is in it. */
import type { LogRecord, LogWindow } from '@landbridge/runtime';

export interface SignInSeen {
  at: Date;
  user: string;
  /** `ok`, or the name of the refusal. */
  result: string;
  ms: number | undefined;
  /** For finding its lines in the log. */
  correlationId: string;
}

export interface Minute {
  from: Date;
  ok: number;
  refused: number;
  failed: number;
}

export interface Activity {
  /** The newest first. */
  last(): readonly SignInSeen[];
  /** The last 60, oldest first. */
  minutes(): Minute[];
  close(): void;
}

const MINUTE_MS = 60_000;
const MINUTES = 60;
const KEPT = 50;
const UNDECIDED = 'Unexpected Error';

export function createActivity(window: LogWindow, now: () => number = Date.now): Activity {
  const seen: SignInSeen[] = [];
  const byMinute = new Map<number, Omit<Minute, 'from'>>();
  const minuteOf = (ms: number) => Math.floor(ms / MINUTE_MS);

  const close = window.subscribe({}, ({ message, fields, time }: LogRecord) => {
    if (message !== 'authenticate_user' || typeof fields.result !== 'string') return;
    const at = new Date(Number.isNaN(Date.parse(time)) ? now() : time);
    seen.unshift({
      at,
      user: String(fields.user ?? ''),
      result: fields.result,
      ms: typeof fields.ms === 'number' ? fields.ms : undefined,
      correlationId: String(fields.correlationId ?? ''),
    });
    seen.length = Math.min(seen.length, KEPT);
    const minute = byMinute.get(minuteOf(at.getTime())) ?? { ok: 0, refused: 0, failed: 0 };
    minute[fields.result === 'ok' ? 'ok' : fields.result === UNDECIDED ? 'failed' : 'refused']++;
    byMinute.set(minuteOf(at.getTime()), minute);
    for (const key of byMinute.keys()) if (key <= minuteOf(now()) - MINUTES) byMinute.delete(key);
  });

  return {
    last: () => seen,
    minutes() {
      const newest = minuteOf(now());
      return Array.from({ length: MINUTES }, (_, index) => {
        const minute = newest - MINUTES + 1 + index;
        return { from: new Date(minute * MINUTE_MS), ...(byMinute.get(minute) ?? { ok: 0, refused: 0, failed: 0 }) };
      });
    },
    close,
  };
}
