/** Certificates, and proxies to the hub. */
import { setting } from '@landbridge/runtime';
import type { ConnectorSettingList } from '../parts.ts';
import { proxyUrl } from './types.ts';

/** Group of the reference. */
const TRUST = 'Certificates and proxies';

export const TRUST_SETTINGS = {
  CA_CERT: {
    type: setting.pem(),
    default: [],
    group: TRUST,
    part: 'all',
    description: "Certificates of additional trusted CAs, for the hub and for the directory, besides the system's and Node's own.",
  },
  SSL_CA_FILE: { type: setting.text(), group: TRUST, part: 'all', description: 'A file with such certificates (PEM).' },
  SSL_CA_PATH: { type: setting.text(), group: TRUST, part: 'all', description: 'A folder with such files.' },
  AUTH_CERT: {
    type: setting.text(),
    group: TRUST,
    part: 'hub',
    description:
      "The connector's own certificate, as PEM text (line ends may be written as `\\n`) or as the path of a file. Unset: `certs/cert.pem`, which is created at the first start and never overwritten.",
  },
  AUTH_CERT_KEY: {
    type: setting.text(),
    group: TRUST,
    part: 'hub',
    secret: true,
    description: 'The private key of `AUTH_CERT`, in the same form. Unset: `certs/cert.key`.',
  },
  HTTP_PROXY: {
    type: proxyUrl,
    group: TRUST,
    part: 'hubAndFrontChannel',
    secret: true,
    description: 'The proxy to the hub, also for `https://`. With a password: `http://user:password@host:port`.',
  },
  HTTPS_PROXY: {
    type: proxyUrl,
    group: TRUST,
    part: 'hubAndFrontChannel',
    secret: true,
    description: 'A different proxy for `https://` and `wss://` addresses.',
  },
  NO_PROXY: {
    type: setting.list(),
    default: [],
    group: TRUST,
    part: 'hubAndFrontChannel',
    description: 'Hosts that are reached without the proxy: `host`, `.domain`, either with `:port`, or `*`.',
  },
} as const satisfies ConnectorSettingList;
