/** An entry or a profile as readable JSON: binary values become their size, and long values are cut. */
const LONGEST_VALUE = 2000;

export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => readable(inner), 2) ?? 'undefined';
}

function readable(value: unknown): unknown {
  // JSON.stringify calls toJSON of buffers first.
  if (isBufferJson(value)) return `(${value.data.length} bytes)`;
  return typeof value === 'string' && value.length > LONGEST_VALUE
    ? `${value.slice(0, LONGEST_VALUE)}… (${value.length} characters)`
    : value;
}

function isBufferJson(value: unknown): value is { type: 'Buffer'; data: unknown[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value &&
    Array.isArray(value.data)
  );
}
