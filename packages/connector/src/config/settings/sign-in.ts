/** What a sign-in accepts, how passwords are changed, and what the profile holds. */
import { setting } from '@landbridge/runtime';
import type { ConnectorSettingList } from '../parts.ts';

/** Groups of the reference. */
const SIGN_IN = 'Signing in and passwords';
const PROFILE = 'Profile';

export const SIGN_IN_SETTINGS = {
  ALLOW_PASSWORD_EXPIRED: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    part: 'directory',
    description: 'Signs people in whose password is right but expired.',
  },
  ALLOW_PASSWORD_CHANGE_REQUIRED: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    part: 'directory',
    description: 'Signs people in whose password is right but must be changed.',
  },
  PASSWORD_EXPIRY_WARNING_DAYS: {
    type: setting.integer(0, 365),
    default: 5,
    group: SIGN_IN,
    part: 'directory',
    description:
      'The profile of people whose password expires within so many days has `passwordExpiresAt` (as in `2026-11-30T08:00:00.000Z`); 0 for never. Other directories than Active Directory tell it only within the time that their own policy sets.',
  },
  ENABLE_WRITE_BACK: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    part: 'hub',
    description:
      'Lets the hub set anybody’s password without the old one (an administrator’s reset). The service account needs the right to reset them.',
  },
  ENABLE_PASSWORD_SELF_CHANGE: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    part: 'hub',
    description:
      'Lets people change their own password with the old one, also one that has expired or must be changed. The service account needs no right for it in Active Directory; elsewhere the directory must know the password modify operation (RFC 3062).',
  },
  ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD: {
    type: setting.boolean(),
    group: SIGN_IN,
    part: 'directory',
    description:
      'Sets passwords in the attribute `unicodePwd`, over an encrypted connection only, instead of in `userPassword`. Unset: in Active Directory it does, elsewhere not. (Active Directory keeps what is written to `userPassword` as readable text, unless its `dSHeuristics` say otherwise.)',
  },
  AUTO_UNLOCK_ON_PASSWORD_CHANGE: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    part: 'directory',
    description:
      'Unlocks the account (`lockoutTime` = 0) when its password is set by `ENABLE_WRITE_BACK`. Without the right to do so the password is set all the same, and the log says so. Directories other than Active Directory unlock by themselves.',
  },
  MUST_CHANGE_PASSWORD_AFTER_RESET: {
    type: setting.boolean(),
    default: false,
    group: SIGN_IN,
    part: 'directory',
    description:
      'A password set by `ENABLE_WRITE_BACK` must be changed by its owner before the next sign-in: `pwdLastSet` = 0 in Active Directory, `pwdReset` = TRUE elsewhere. The service account needs the right to write that.',
  },
  PROFILE_MAPPER_FILE: {
    type: setting.text(),
    group: PROFILE,
    part: 'directory',
    description: 'Another path of the profile mapper than `lib/profileMapper.js` (or `data/profileMapper/custom.js`).',
  },
  PROFILE_MAPPER: {
    type: setting.text(),
    group: PROFILE,
    part: 'directory',
    description: 'The source of the profile mapper itself; comes before a file.',
  },
  PROFILE_MAPPING_MEMORY_LIMIT_MB: {
    type: setting.integer(16, 1024),
    default: 16,
    group: PROFILE,
    part: 'directory',
    description: 'How many megabytes of memory a profile mapper may use.',
  },
  PROFILE_MAPPING_TIMEOUT_MS: {
    type: setting.integer(10, 600_000),
    default: 10_000,
    group: PROFILE,
    part: 'directory',
    description: 'How long in milliseconds a profile mapper may take for one person.',
  },
  ORGANIZATION_UNITS_AS_DN: {
    type: setting.boolean(),
    default: false,
    group: PROFILE,
    part: 'directory',
    description:
      'Gives `organizationUnits` as the whole DN, as installed connectors do, instead of the names of the units, nearest first. A configuration taken over from an installed connector gets `true`.',
  },
} as const satisfies ConnectorSettingList;
