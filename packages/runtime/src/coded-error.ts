/** The base class of errors: a stable code, a message, an action and a cause. */

/**
 * @param code stable and documented in `docs/errors.md`; callers test it, never the message
 * @param message what happened, to what; never contains a secret
 * @param action what the reader can do, in one sentence
 * @param fields of invalid input: what is wrong with each, as a predicate, such as `must be a domain`
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly action: string | undefined;
  readonly fields: Readonly<Record<string, string>>;

  constructor(code: Code, message: string, options: { action?: string; cause?: unknown; fields?: Readonly<Record<string, string>> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CodedError';
    this.code = code;
    this.action = options.action;
    this.fields = options.fields ?? {};
  }
}

/** One line: the message, followed by the messages of its causes if they add something. */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  // Causes can be circular in other code, and five levels are enough for a reader.
  for (let depth = 0; current !== undefined && current !== null && depth < 5; depth++) {
    const text = current instanceof Error ? messageOf(current) : readableText(current);
    if (text && !parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}

/** @returns text as it is, and anything else readable: `String` would make `[object Object]` of an object */
export function readableText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    // Circular.
    return Object.keys(value).join(', ');
  }
}

function messageOf(error: Error): string {
  // Node reports a failed connection to a name with several addresses as an AggregateError with an empty message.
  if (error instanceof AggregateError && error.message === '') return error.errors.map((inner) => errorText(inner)).join('; ');
  return error.message || error.name;
}
