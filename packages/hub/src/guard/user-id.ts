/** The directory's own id of a user, independent of names. */
import type { Profile } from '@landbridge/protocol';

const MAX_ID_LENGTH = 1024;

/** @returns undefined if the profile has no usable id */
export function userIdOf(profile: Profile | undefined): string | undefined {
  const id = profile?.id;
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH ? id : undefined;
}
