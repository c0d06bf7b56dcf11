/** Access to the metrics. */
import { inGroup, setting } from '@landbridge/runtime';
import { networks } from './types.ts';

export const METRICS_SETTINGS = {
  ...inGroup('Metrics', {
    METRICS_ADDRESSES: {
      type: networks(),
      default: ['127.0.0.0/8', '::1/128'],
      description:
        'The addresses that may read `/metrics` without the token. A request through a proxy that is not in `TRUSTED_PROXIES` does not count as local. An empty list: none.',
    },
    METRICS_TOKEN: {
      type: setting.text(),
      secret: true,
      description: 'Clients with `Authorization: Bearer TOKEN` may read `/metrics` from any address.',
    },
  }),
};
