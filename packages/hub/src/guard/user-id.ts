/** By what a directory itself knows a person, whatever the name is. */
import type { Profile } from '@landbridge/protocol';

/** @returns the directory's own id of the person, where the profile has one */
export function userIdOf(profile: Profile | undefined): string | undefined {
  const id = profile?.id;
  return typeof id === 'string' && id !== '' && id.length <= 1024 ? id : undefined;
}
