/** Clocks, enrolment and heartbeats of connectors. */
import { DEFAULT_CLOCK_SKEW_LIMIT_SECONDS } from '@landbridge/protocol';
import { inGroup, setting } from '@landbridge/runtime';

export const CONNECTOR_SETTINGS = {
  ...inGroup('Connectors', {
    CLOCK_SKEW_LIMIT_SECONDS: {
      type: setting.integer(5, 3600),
      default: DEFAULT_CLOCK_SKEW_LIMIT_SECONDS,
      description:
        "How far the clock of a Landbridge connector may be off, in seconds. It corrects itself by this hub's clock. Kerberos and certificates are judged by the connector's own clock.",
    },
    ENROLMENT_HOURS: {
      type: setting.integer(1, 720),
      default: 24,
      description:
        'The number of hours during which a ticket enrols a connector without approval. A ticket enrols one connector; further ones wait for an operator.',
    },
    HEARTBEAT_INTERVAL_MS: {
      type: setting.integer(50, 60_000),
      default: 5_000,
      description: 'How often in milliseconds each connector is pinged. One that misses three pings in a row is disconnected.',
    },
  }),
};
