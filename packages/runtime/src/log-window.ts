/** The latest log lines in memory for a live view, bounded in number and size, with filters. */
import type { LogCopy, LogLevel } from './log.ts';

export interface LogRecord {
  /** Increases by one with each line of this process, so that a live view can resume. */
  number: number;
  time: string;
  level: string;
  message: string;
  /** Further fields, such as `user`, `correlationId` and `err`. */
  fields: Readonly<Record<string, unknown>>;
}

export interface LogFilter {
  /** This level and higher ones. */
  level?: LogLevel;
  /** Part of the line as it was written, fields included, in any case. */
  text?: string;
  /** Part of a user name, in any case. */
  user?: string;
  /** Must match exactly. */
  correlationId?: string;
  /** Only later lines. */
  after?: number;
}

export interface LogWindow extends LogCopy {
  /** @returns the newest `limit` matching lines, oldest first */
  lines(filter?: LogFilter, limit?: number): LogRecord[];
  /** @returns a function that unsubscribes */
  subscribe(filter: LogFilter, onLine: (record: LogRecord) => void): () => void;
  /** Removes all lines; numbers continue. */
  clear(): void;
}

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error', 'fatal'];
/** A longer line would evict too many others. */
const MAX_LINE_CHARACTERS = 16_384;

/** @param maxLines also limits the total number of characters */
export function createLogWindow(maxLines = 5000, maxCharacters = 4 * 1024 * 1024): LogWindow {
  /** JSON, parsed only when it is read. */
  let kept: { number: number; json: string }[] = [];
  let characters = 0;
  let number = 0;
  const subscribers = new Set<{ filter: LogFilter; onLine: (record: LogRecord) => void }>();

  function dropOldest(): void {
    let first = 0;
    while (kept.length - first > maxLines || characters > maxCharacters) {
      characters -= kept[first]?.json.length ?? 0;
      first++;
    }
    // Many at a time, because removing the first element of a long array moves all others.
    if (first > 0) kept = kept.slice(first);
  }

  return {
    write(_line, json) {
      number++;
      const short = json.length <= MAX_LINE_CHARACTERS ? json : shortened(json);
      kept.push({ number, json: short });
      characters += short.length;
      if (kept.length > maxLines * 1.1 || characters > maxCharacters) dropOldest();
      if (subscribers.size === 0) return;
      const record = recordOf({ number, json: short });
      for (const { filter, onLine } of subscribers) {
        if (!fits(record, filter)) continue;
        try {
          onLine(record);
        } catch {
          // A failing subscriber must not affect logging.
        }
      }
    },
    lines(filter = {}, limit = maxLines) {
      dropOldest();
      const found: LogRecord[] = [];
      for (let i = kept.length - 1; i >= 0 && found.length < limit; i--) {
        const line = kept[i];
        if (line === undefined || line.number <= (filter.after ?? 0)) break;
        const record = recordOf(line);
        if (fits(record, filter)) found.push(record);
      }
      return found.reverse();
    },
    subscribe(filter, onLine) {
      const subscriber = { filter, onLine };
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },
    clear() {
      kept = [];
      characters = 0;
    },
  };
}

function recordOf({ number, json }: { number: number; json: string }): LogRecord {
  const { time, level, msg, ...fields }: Record<string, unknown> = JSON.parse(json);
  return { number, time: String(time ?? ''), level: String(level ?? ''), message: String(msg ?? ''), fields };
}

function shortened(json: string): string {
  const { time, level, msg, user, correlationId }: Record<string, unknown> = JSON.parse(json);
  return JSON.stringify({
    time,
    level,
    msg: String(msg ?? '').slice(0, 1000),
    user: typeof user === 'string' ? user.slice(0, 256) : undefined,
    correlationId: typeof correlationId === 'string' ? correlationId.slice(0, 256) : undefined,
    shortened: `${json.length} characters`,
  });
}

function fits({ level, message, fields, number }: LogRecord, filter: LogFilter): boolean {
  if (filter.after !== undefined && number <= filter.after) return false;
  if (filter.level !== undefined && LEVELS.indexOf(level) < LEVELS.indexOf(filter.level)) return false;
  if (filter.correlationId !== undefined && fields.correlationId !== filter.correlationId) return false;
  if (filter.text !== undefined && !`${message} ${JSON.stringify(fields)}`.toLowerCase().includes(filter.text.toLowerCase())) return false;
  if (filter.user === undefined) return true;
  return typeof fields.user === 'string' && fields.user.toLowerCase().includes(filter.user.toLowerCase());
}
