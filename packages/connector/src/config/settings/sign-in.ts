/** Sign-in rules, password changes, and profiles. */
import { setting } from '@landbridge/runtime';
import { settingGroup } from '../parts.ts';
import { OFF_BY_DEFAULT } from './types.ts';

export const SIGN_IN_SETTINGS = {
  ...settingGroup('Sign-in', 'directory', {
    ALLOW_PASSWORD_EXPIRED: {
      label: 'Allow expired passwords',
      basic: true,
      ...OFF_BY_DEFAULT,
      description: 'Signs in users whose password is correct but expired.',
    },
    ALLOW_PASSWORD_CHANGE_REQUIRED: {
      label: 'Allow passwords that must be changed',
      basic: true,
      ...OFF_BY_DEFAULT,
      description: 'Signs in users whose password is correct but must be changed.',
    },
    LOCKOUT_RESERVE: {
      label: 'Attempts left before a lockout',
      basic: true,
      type: setting.integer(0, 100),
      default: 2,
      description:
        'How many attempts are left to a user before the directory locks the account, whatever comes through this connector: with a threshold of 5, the default tries no password after 3 wrong ones until the directory forgets them. The user can still sign in to a computer. Where the threshold is not higher than this, one attempt is made. With several connectors, allow one attempt more for each. `0`: every password is tried. The directory must show its count and its policy to the service account.',
    },
    DENY_SIGN_IN: {
      label: 'Users who can never sign in',
      basic: true,
      type: setting.text(),
      description:
        'An LDAP filter. Matching users can never sign in through this connector, and their passwords cannot be set or changed, whatever the hub requests. For example, `(adminCount=1)` matches administrators in Active Directory. Their passwords are never sent to the directory, and the answer is that of a wrong password. The log says `Denied`. The service account must be able to read the attributes in the filter.',
    },
    WRONG_PASSWORDS_PER_USER_PER_MINUTE: {
      label: 'Wrong passwords per user and minute',
      type: setting.integer(0, 100_000),
      default: 300,
      description:
        'The number of wrong passwords that the connector tries for one user per minute, whichever name of the user is used. Correct passwords do not count. `0`: no limit.',
    },
    SIGN_INS_PER_MINUTE: {
      label: 'Sign-ins per minute',
      type: setting.integer(0, 10_000_000),
      default: 0,
      description: 'The number of sign-ins that the connector accepts per minute. Excess sign-ins are rejected as busy. `0`: no limit.',
    },
    SEARCHES_PER_MINUTE: {
      label: 'Searches per minute',
      type: setting.integer(0, 100_000),
      default: 600,
      description:
        'The number of searches for users and lists of groups per minute. A list of more than 1000 entries counts once per 1000. Excess requests are rejected as busy. `0`: no limit.',
    },
    PASSWORD_EXPIRY_WARNING_DAYS: {
      label: 'Warn before a password expires',
      basic: true,
      type: setting.integer(0, 365),
      default: 5,
      description:
        'Users whose password expires within this many days have `passwordExpiresAt` in their profile (for example `2026-11-30T08:00:00.000Z`). `0`: never. Directories other than Active Directory report it only within the time that their own policy sets.',
    },
    ENABLE_WRITE_BACK: {
      label: 'Password resets by the hub',
      basic: true,
      ...OFF_BY_DEFAULT,
      part: 'hub',
      description:
        "Lets the hub set any user's password without the old one (a reset by an administrator). The service account needs the right to reset passwords.",
    },
    ENABLE_PASSWORD_SELF_CHANGE: {
      label: 'Users change their passwords',
      basic: true,
      ...OFF_BY_DEFAULT,
      part: 'hub',
      description:
        'Lets users change their own password with the old one, even if it has expired or must be changed. In Active Directory the service account needs no right for this; other directories must support the password modify operation (RFC 3062).',
    },
    ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD: {
      label: 'Set passwords through unicodePwd',
      type: setting.boolean(),
      description:
        'Sets passwords through the attribute `unicodePwd`, over an encrypted connection only, instead of `userPassword`. Unset: on for Active Directory, off for other directories. (Active Directory stores what is written to `userPassword` as readable text, unless its `dSHeuristics` say otherwise.)',
    },
    AUTO_UNLOCK_ON_PASSWORD_CHANGE: {
      label: 'Unlock accounts at a reset',
      ...OFF_BY_DEFAULT,
      description:
        'Unlocks the account (`lockoutTime` = 0) when `ENABLE_WRITE_BACK` sets its password. Without the right to unlock, the password is still set, and the log says so. Directories other than Active Directory unlock accounts by themselves.',
    },
    MUST_CHANGE_PASSWORD_AFTER_RESET: {
      label: 'Change the password after a reset',
      ...OFF_BY_DEFAULT,
      description:
        'Users must change a password set by `ENABLE_WRITE_BACK` before their next sign-in: `pwdLastSet` = 0 in Active Directory, `pwdReset` = TRUE elsewhere. The service account needs write access to that attribute.',
    },
  }),
  ...settingGroup('Users', 'directory', {
    PROFILE_MAPPER_FILE: {
      label: 'File of the profile mapper',
      type: setting.text(),
      description: 'The path of the profile mapper. Unset: `lib/profileMapper.js` (or `data/profileMapper/custom.js`).',
    },
    PROFILE_MAPPER: {
      label: 'Profile mapper',
      type: setting.text(),
      description: 'The source code of the profile mapper. Takes precedence over a file, except over `data/profileMapper/custom.js`.',
    },
    PROFILE_MAPPING_MEMORY_LIMIT_MB: {
      label: 'Memory of the profile mapper',
      type: setting.integer(16, 1024),
      default: 16,
      description: 'The memory limit of the profile mapper in megabytes.',
    },
    PROFILE_MAPPING_TIMEOUT_MS: {
      label: 'Time limit of the profile mapper',
      type: setting.integer(10, 600_000),
      default: 10_000,
      description: 'The time limit in milliseconds for mapping one profile.',
    },
    ORGANIZATION_UNITS_AS_DN: {
      label: 'Organizational units as a DN',
      ...OFF_BY_DEFAULT,
      description:
        'Puts the whole DN into `organizationUnits`, as Auth0 connectors do, instead of the names of the units, nearest first. Becomes `true` if the configuration of a replaced connector is taken over.',
    },
  }),
};
