/** Log, limits for requests, and shutdown. */
import { inGroup, setting } from '@landbridge/runtime';

export const SERVICE_SETTINGS = {
  ...inGroup('Log', {
    LOG_LEVEL: {
      type: setting.oneOf('debug', 'info', 'warn', 'error'),
      default: 'info',
      description: 'The lowest level that is logged.',
    },
    LOG_FORMAT: {
      type: setting.oneOf('text', 'json'),
      default: 'text',
      description: '`text` for people, `json` for machines.',
    },
  }),
  ...inGroup('Requests', {
    LOGIN_TIMEOUT_MS: {
      type: setting.integer(100, 600_000),
      default: 30_000,
      description:
        'The time limit in milliseconds for a sign-in, a search, a list of groups or a password change, from the API call to the answer.',
    },
    MAX_REQUESTS_PER_CONNECTOR: {
      type: setting.integer(1, 100_000),
      default: 256,
      description:
        'The number of requests in flight at one connector. If all connectors are at the limit, further requests are rejected as busy.',
    },
    MAX_REQUESTS: {
      type: setting.integer(1, 1_000_000),
      default: 4096,
      description:
        'The number of requests in flight at all connectors together. Further requests are rejected as busy; the hub has no queue.',
    },
    STOP_READY_DELAY_MS: {
      type: setting.integer(0, 15_000),
      default: 0,
      description:
        'When the hub stops, `/readyz` reports it this many milliseconds before new requests are rejected. Behind a load balancer, set it to twice the interval of its health checks. The sum with `STOP_GRACE_MS` is at most 20000.',
    },
    STOP_GRACE_MS: {
      type: setting.integer(0, 20_000),
      default: 10_000,
      description: 'How long in milliseconds requests in flight may take to finish when the hub stops.',
    },
  }),
};
