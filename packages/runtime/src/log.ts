/**
 * The log: one line per event, for people (`text`) or for machines (`json`). Secrets are registered when they are read and
 * taken out of every line at the stream, so that no call can forget it. Lines are written asynchronously.
 */
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';

export type Log = Logger;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'text' | 'json';

export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  /** Where lines go; file descriptor 2 (standard error) by default, since standard output belongs to what commands print. */
  destination?: { write(line: string): unknown };
  /** Fields of every line, asked for when it is written: what is being done just then. */
  context?: () => object;
  /** Who gets each line as well, without secrets: a file, a window of the last lines. */
  copies?: readonly LogCopy[];
}

/** Takes lines of the log; must neither throw nor wait. */
export interface LogCopy {
  /**
   * @param line as it is written, in the log's format, with its end
   * @param json the same line as a JSON object, without an end
   */
  write(line: string, json: string): void;
}

/** Shorter values would blank out ordinary words. */
const SHORTEST_SECRET = 5;
const MASK = '[secret]';

const secrets = new Set<string>();

/** @returns a log, and the function that registers a value which must appear in no line, in this process, from now on */
export function createLog(options: LogOptions): { log: Log; flush: () => void; keepSecret: (value: string | undefined) => void } {
  const sink = options.destination ?? standardError();
  const stream: DestinationStream = {
    write(line: string) {
      const clean = withoutSecrets(line);
      const written = options.format === 'text' ? textLine(clean) : clean;
      sink.write(written);
      for (const copy of options.copies ?? []) copy.write(written, clean.trimEnd());
    },
  };
  const log = pino(
    {
      level: options.level,
      base: null,
      ...(options.context === undefined ? {} : { mixin: options.context }),
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
      // Belt and braces: fields of these names are never written, whatever their value.
      redact: { paths: ['password', '*.password', 'jwt', '*.jwt', 'authorization', '*.authorization'], censor: MASK },
    },
    stream,
  );
  return {
    log,
    flush: () => {
      if ('flushSync' in sink && typeof sink.flushSync === 'function') sink.flushSync();
    },
    keepSecret: (value) => {
      if (value !== undefined && value.length >= SHORTEST_SECRET) {
        secrets.add(value);
        // As it stands inside a JSON string, where it has quotes, backslashes or line ends.
        secrets.add(JSON.stringify(value).slice(1, -1));
      }
    },
  };
}

/** Lines wait this long for others to be written together with: a write costs more than making ten lines. */
const FLUSH_MS = 20;
const BUFFER_BYTES = 8 * 1024;

/** pino writes what is left when the process ends. */
function standardError(): { write(line: string): unknown; flushSync(): void } {
  const stream = pino.destination({ dest: 2, sync: false, minLength: BUFFER_BYTES });
  let isFlushDue = false;
  return {
    write(line) {
      stream.write(line);
      if (isFlushDue) return;
      isFlushDue = true;
      setTimeout(() => {
        isFlushDue = false;
        stream.flush();
      }, FLUSH_MS).unref();
    },
    flushSync: () => stream.flushSync(),
  };
}

function withoutSecrets(line: string): string {
  let clean = line;
  for (const secret of secrets) if (clean.includes(secret)) clean = clean.replaceAll(secret, MASK);
  return clean;
}

function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const fields = stdSerializers.errWithCause(error);
  return {
    code: 'code' in error ? error.code : undefined,
    message: fields.message,
    action: 'action' in error ? error.action : undefined,
    cause: error.cause === undefined ? undefined : errorFields(error.cause),
    // A stack helps only where the error is not one of ours, which say what happened by themselves.
    stack: error.name === 'CodedError' ? undefined : fields.stack,
  };
}

/** `2026-11-22 10:00:00.000Z  info  message  key=value …` */
function textLine(json: string): string {
  const { time, level, msg, ...fields }: Record<string, unknown> = JSON.parse(json);
  let line = `${String(time).replace('T', ' ')} ${String(level).padEnd(5)} ${oneLine(String(msg ?? ''))}`;
  for (const [key, value] of Object.entries(fields)) line += `  ${key}=${oneLine(fieldText(value))}`;
  return `${line}\n`;
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'object' && value !== null && 'message' in value) {
    const { code, message, action, cause } = value as Record<string, unknown>;
    const head = `${code === undefined ? '' : `${String(code)}: `}${String(message)}`;
    return `${head}${action === undefined ? '' : ` (${String(action)})`}${cause === undefined ? '' : `: ${fieldText(cause)}`}`;
  }
  return JSON.stringify(value) ?? String(value);
}

/** A user name with a line end in it must not be able to forge a line of the log. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
