/**
 * The log: one line per event, as text or JSON. Secrets are registered when they are read and masked in every line on its way to the
 * destination, so that no caller can forget to do so.
 */
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { readableText } from './coded-error.ts';
import { printable } from './printable.ts';
import { openStandardError } from './standard-error.ts';

export type Log = Logger;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'text' | 'json';

export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  /** Standard error by default: standard output is for the results of commands. */
  destination?: { write(line: string): unknown };
  /** Returns fields to add to a line, such as the request that it belongs to. */
  context?: () => object;
  /** Further destinations, such as a file. Secrets are masked there too. */
  copies?: readonly LogCopy[];
}

/** A further destination of the log. It must neither throw nor block. */
export interface LogCopy {
  /**
   * @param line in the log's format, with its line end
   * @param json the same as JSON, without a line end
   */
  write(line: string, json: string): void;
}

/** Masking shorter values would mask ordinary words. */
const SHORTEST_SECRET = 5;
const MASK = '[secret]';

const secrets = new Set<string>();

/** @returns the log, and `keepSecret`, which masks a value in every later line of this process */
export function createLog(options: LogOptions): { log: Log; keepSecret: (value: string | undefined) => void } {
  const sink = options.destination ?? openStandardError();
  const stream: DestinationStream = {
    write(line: string) {
      const clean = printable(withoutSecrets(line.trimEnd()));
      const written = options.format === 'text' ? textLine(clean) : `${clean}\n`;
      sink.write(written);
      for (const copy of options.copies ?? []) copy.write(written, clean);
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
      // A second line of defence: these fields are masked whatever their value.
      redact: { paths: ['password', '*.password', 'jwt', '*.jwt', 'authorization', '*.authorization'], censor: MASK },
    },
    stream,
  );
  return {
    log,
    keepSecret: (value) => {
      if (value !== undefined && value.length >= SHORTEST_SECRET) {
        secrets.add(value);
        // JSON escapes quotes, backslashes and line ends.
        secrets.add(JSON.stringify(value).slice(1, -1));
      }
    },
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
    // Our own errors explain themselves without a stack.
    stack: error.name === 'CodedError' ? undefined : fields.stack,
  };
}

/** `2026-11-22 10:00:00.000Z  info  message  key=value …` */
function textLine(json: string): string {
  const { time, level, msg, ...fields }: Record<string, unknown> = JSON.parse(json);
  let line = `${String(time).replace('T', ' ')} ${String(level).padEnd(5)} ${printable(String(msg ?? ''))}`;
  for (const [key, value] of Object.entries(fields)) line += `  ${printable(key)}=${printable(fieldText(value))}`;
  return `${line}\n`;
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'object' && value !== null && 'message' in value) {
    const { code, message, action, cause } = value as Record<string, unknown>;
    const head = `${code === undefined ? '' : `${readableText(code)}: `}${readableText(message)}`;
    return `${head}${action === undefined ? '' : ` (${readableText(action)})`}${cause === undefined ? '' : `: ${fieldText(cause)}`}`;
  }
  return JSON.stringify(value) ?? String(value);
}
