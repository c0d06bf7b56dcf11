/** Guessing protection and the credential cache. */
import { inGroup, setting } from '@landbridge/runtime';

export const GUARD_SETTINGS = {
  ...inGroup('Guessing protection', {
    GUARD_USER_ATTEMPTS: {
      type: setting.integer(0, 1000),
      default: 4,
      description:
        "How many different wrong passwords of one user within `GUARD_WINDOW_MINUTES` reach the directory. After that, the user's sign-ins are rejected until the first of them is that old. Keep it below the lockout threshold of your directories. `0`: no limit.",
    },
    GUARD_ADDRESS_ATTEMPTS: {
      type: setting.integer(0, 1_000_000),
      default: 300,
      description:
        'How many wrong passwords from one network address (IPv6: one /64) are allowed within `GUARD_WINDOW_MINUTES`; four times as many from its /24 (IPv6: twice from its /56, four times from its /48). After that, sign-ins from there are rejected. A wrong password for an unknown name counts three times, and limits are up to a tenth lower at random, so that they do not reveal which names exist. A whole company may share one address. `0`: no limit.',
    },
    GUARD_WINDOW_MINUTES: {
      type: setting.integer(1, 1440),
      default: 30,
      description: 'How long in minutes a wrong password counts. Use at least the observation window of your directories.',
    },
    GUARD_WAIT_SECONDS: {
      type: setting.integer(0, 3600),
      default: 30,
      description:
        'How long in seconds a user must wait after the third wrong password. Each further one multiplies the wait by four. `0`: no wait.',
    },
    GUARD_REPEAT_MINUTES: {
      type: setting.integer(0, 1440),
      default: 5,
      description:
        'How long in minutes a wrong password is rejected again without asking the directory, and without counting again, so that a device with an old password does not lock its user out. `0`: the directory is always asked.',
    },
    GUARD_SPRAY_USERS: {
      type: setting.integer(0, 100_000),
      default: 10,
      description:
        'For how many users of a connection one and the same password may be wrong within `GUARD_WINDOW_MINUTES`. From then on it counts as password spraying: the hub raises an alarm, and tries that password only once in 30 seconds. `0`: no limit.',
    },
  }),
  ...inGroup('Credential cache', {
    CREDENTIAL_CACHE: {
      type: setting.boolean(),
      default: true,
      description:
        'Lets users who signed in before sign in while no connector or no directory answers, if their connection allows it. `false` also deletes cached credentials.',
    },
    CREDENTIAL_CACHE_MAX_AGE_HOURS: {
      type: setting.integer(1, 8760),
      default: 24,
      description: 'How long in hours a cached credential is valid after the last sign-in that the directory confirmed.',
    },
    CREDENTIAL_CACHE_AFTER_SECONDS: {
      type: setting.integer(0, 86_400),
      default: 30,
      description:
        'How long in seconds the directory of a connection must not have answered before the cache does. After a flood of sockets that may keep connectors out, the cache is closed for ten minutes. Operators can open or close it for a connection.',
    },
  }),
};
