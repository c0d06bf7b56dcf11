/** Reads a change of a connection's settings from outside. */
import { CodedError } from '@landbridge/runtime';
import type { z } from 'zod';
import { connectionChanges } from '../store/connection-settings.ts';

/**
 * @returns the change, with normalized values
 * @throws CodedError INVALID_REQUEST, which names the field and never its value
 */
export function readConnectionChanges(given: unknown): z.infer<typeof connectionChanges> {
  const result = connectionChanges.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    if (key === 'name') {
      throw new CodedError('INVALID_REQUEST', 'The field "name" cannot be changed', {
        action: 'Tokens and tickets contain it. Change "displayName", which users see.',
      });
    }
    throw new CodedError('INVALID_REQUEST', `The field "${key.slice(0, 64)}" is not a setting of a connection`);
  }
  const field = issue?.path.join('.') ?? '';
  // The first problem of each field.
  const fields = Object.fromEntries(result.error.issues.map(({ path, message }) => [String(path[0] ?? ''), message]).reverse());
  throw new CodedError('INVALID_REQUEST', `${field === '' ? 'The body' : `The field "${field}"`}: ${issue?.message ?? 'is invalid'}`, {
    fields,
  });
}
