/** Addresses, certificate and proxies of the hub. */
import { inGroup, setting } from '@landbridge/runtime';
import { networks } from './types.ts';

export const NETWORK_SETTINGS = {
  ...inGroup('Network', {
    PORT: {
      type: setting.integer(0, 65535),
      default: 4100,
      description: 'The TCP port to listen on. `0`: a free port.',
    },
    LISTEN_ADDRESS: {
      type: setting.text(),
      default: '127.0.0.1',
      description:
        'The address to listen on. Before you open it to other machines, set `TLS_CERT_FILE`, or put a TLS proxy in front of the hub. Otherwise passwords cross the network in clear text.',
    },
    PUBLIC_URL: {
      type: setting.url('http', 'https'),
      description:
        'The URL at which connectors and browsers reach the hub, without a path. It is part of every ticket. Unset: `http://localhost:PORT`, or `https://localhost:PORT` with `TLS_CERT_FILE`.',
    },
    TLS_CERT_FILE: {
      type: setting.text(),
      description:
        'PEM file with the certificate of the hub, followed by its intermediate certificates. With it the hub only serves HTTPS. A renewed file is used within a minute, without a restart.',
    },
    TLS_KEY_FILE: {
      type: setting.text(),
      description: 'PEM file with the private key of that certificate, unencrypted, and readable only by the account of the hub.',
    },
    TLS_EXPIRY_WARNING_DAYS: {
      type: setting.integer(0, 365),
      default: 14,
      description: 'The log warns once a day when the certificate expires within this many days.',
    },
    TRUSTED_PROXIES: {
      type: networks(),
      default: [],
      description:
        'The proxies in front of the hub. Only they may set `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Request-Id`; from other addresses these headers are ignored. A listed host can claim any client address.',
    },
  }),
};
