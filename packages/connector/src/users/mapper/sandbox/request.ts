/** Converts an entry to the message for the sandbox. */
import type { MapRequest } from './messages.ts';

/** Binary values are sent beside the JSON, which cannot hold bytes. */
export function requestFor(raw: Readonly<Record<string, unknown>>): MapRequest {
  const binaries: Uint8Array[] = [];
  const paths: (string | number)[][] = [];
  const take = (value: unknown, path: (string | number)[]): unknown => {
    if (value instanceof Uint8Array) {
      binaries.push(value);
      paths.push(path);
      return null;
    }
    if (Array.isArray(value)) return value.map((item, index) => take(item, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, take(item, [...path, key])]));
    }
    return value;
  };
  const rawJson = JSON.stringify(hasBytes(raw) ? take(raw, []) : raw);
  return { rawJson, binaryPaths: JSON.stringify(paths), binaries };
}

function hasBytes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return value instanceof Uint8Array || Object.values(value).some(hasBytes);
}
