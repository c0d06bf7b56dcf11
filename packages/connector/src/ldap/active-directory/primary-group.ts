/** A user's primary group, which `memberOf` does not include: it is given as a RID in the user's domain. */
import { type Entry, firstText } from '../entry.ts';

/** Attributes to request of a user's entry. */
export const PRIMARY_GROUP_ATTRIBUTES: readonly string[] = ['primaryGroupID', 'objectSid'];

/**
 * The domain part of the user's `objectSid` with `primaryGroupID` as its last sub-authority (MS-ADTS, section 3.1.1.4.5.10; format of a
 * SID: MS-DTYP, section 2.4.2.2).
 *
 * @returns the group's `objectSid`; undefined if the entry does not show both attributes, or they are invalid
 */
export function primaryGroupSid(user: Entry): Buffer | undefined {
  const number = firstText(user, 'primaryGroupID');
  const own = user.attributes.get('objectsid')?.values[0];
  if (number === undefined || own === undefined || !/^\d{1,10}$/.test(number) || Number(number) > 0xffffffff) return undefined;
  const subAuthorities = own[1] ?? 0;
  if (subAuthorities < 2 || own.length !== 8 + subAuthorities * 4) return undefined;
  const sid = Buffer.from(own);
  sid.writeUInt32LE(Number(number), sid.length - 4);
  return sid;
}
