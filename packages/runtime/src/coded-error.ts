/** The one error class: a stable code to switch on, a sentence on what happened, what to do about it, and the cause. */

/**
 * @param code stable and documented in `docs/errors.md`; callers switch on it, never on the message
 * @param message what happened, to what; never contains a password or another secret
 * @param action what the reader can do about it, one sentence
 */
export class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly action: string | undefined;

  constructor(code: Code, message: string, options: { action?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CodedError';
    this.code = code;
    this.action = options.action;
  }
}

/** One line for people: the message, with the messages of its causes behind it where they say more. */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  // Causes may be circular in foreign code; five levels are more than a reader wants.
  for (let depth = 0; current !== undefined && current !== null && depth < 5; depth++) {
    const text = current instanceof Error ? messageOf(current) : String(current);
    if (text && !parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}

function messageOf(error: Error): string {
  // Node reports a failed connection to a name with several addresses as an AggregateError with an empty message.
  if (error instanceof AggregateError && error.message === '') return error.errors.map((inner) => errorText(inner)).join('; ');
  return error.message || error.name;
}
