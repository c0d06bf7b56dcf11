/** Errors of a custom mapper, with advice for administrators. */
import { CodedError } from '@landbridge/runtime';
import type { SandboxErrorCode, SandboxFailure } from './messages.ts';

type MapperErrorCode = SandboxErrorCode | 'MAPPER_UNAVAILABLE' | 'MAPPER_BUSY';

/** More than the number of requests that a connector handles at once. */
export const MAX_WAITING = 1024;
/** A user waits for each mapping, and the hub gives up after this time. */
export const MAX_QUEUE_MS = 10_000;

const ACTIONS: Record<MapperErrorCode, string> = {
  MAPPER_SYNTAX: 'Correct the source of the profile mapper (lib/profileMapper.js, PROFILE_MAPPER or PROFILE_MAPPER_FILE).',
  MAPPER_FAILED: 'Correct the profile mapper; it must return a profile object, or hand one to its callback.',
  MAPPER_TIMEOUT: 'Make the profile mapper faster, or raise PROFILE_MAPPING_TIMEOUT_MS.',
  MAPPER_MEMORY: 'Reduce the memory the profile mapper uses, or raise PROFILE_MAPPING_MEMORY_LIMIT_MB.',
  MAPPER_UNAVAILABLE: 'Remove it from the profile mapper; docs/profile-mappers.md lists what is available.',
  MAPPER_BUSY: 'Make the profile mapper faster; it runs for one user at a time.',
};

export function mapperError(failure: Omit<SandboxFailure, 'code'> & { code: MapperErrorCode }): CodedError<MapperErrorCode> {
  const place = failure.line === undefined ? '' : ` (line ${failure.line})`;
  return new CodedError(failure.code, `The profile mapper failed: ${failure.message}${place}`, { action: ACTIONS[failure.code] });
}

const BUSY = {
  full: `${MAX_WAITING} mappings are waiting already`,
  timeout: `earlier mappings took longer than ${MAX_QUEUE_MS} ms`,
  closed: 'the connector is stopping',
};

export function mapperBusy(reason: keyof typeof BUSY): CodedError<MapperErrorCode> {
  return new CodedError('MAPPER_BUSY', `The profile mapper cannot take another entry: ${BUSY[reason]}`, { action: ACTIONS.MAPPER_BUSY });
}
