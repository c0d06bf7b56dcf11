/** Which certificates are trusted, and the proxies on the way out. */
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
    description: "Certificates of further CAs that are trusted, for the hub and for the directory, beside the system's and Node's own.",
  },
  SSL_CA_FILE: { type: setting.text(), group: TRUST, part: 'all', description: 'A file of such certificates (PEM).' },
  SSL_CA_PATH: { type: setting.text(), group: TRUST, part: 'all', description: 'A folder of such files.' },
  AUTH_CERT: {
    type: setting.text(),
    group: TRUST,
    part: 'hub',
    description:
      "The connector's own certificate, as PEM text (line ends may be written `\\n`) or as the path of a file. Unset: `certs/cert.pem`, which is made at the first start and never overwritten.",
  },
  AUTH_CERT_KEY: {
    type: setting.text(),
    group: TRUST,
    part: 'hub',
    secret: true,
    description: 'The private key of that certificate, likewise. Unset: `certs/cert.key`.',
  },
  HTTP_PROXY: {
    type: proxyUrl,
    group: TRUST,
    part: 'hubAndFrontChannel',
    secret: true,
    description: 'The proxy through which the hub is reached, `https://` too. `http://user:password@host:port` where it wants a password.',
  },
  HTTPS_PROXY: {
    type: proxyUrl,
    group: TRUST,
    part: 'hubAndFrontChannel',
    secret: true,
    description: 'Another proxy for `https://` and `wss://` addresses.',
  },
  NO_PROXY: {
    type: setting.list(),
    default: [],
    group: TRUST,
    part: 'hubAndFrontChannel',
    description: 'Hosts that are reached without the proxy: `host`, `.domain`, either with `:port`, or `*`.',
  },
} as const satisfies ConnectorSettingList;
