/** Certificates, and proxies to the hub. */
import { setting } from '@landbridge/runtime';
import { settingGroup } from '../parts.ts';
import { optionalPath, proxyUrl } from './types.ts';

export const TRUST_SETTINGS = {
  ...settingGroup('Certificates', 'all', {
    CA_CERT: {
      label: 'Trusted authorities',
      basic: true,
      type: setting.pem(),
      default: [],
      description: "Certificates of additional trusted CAs, for the hub and for the directory, besides the system's and Node's own.",
    },
    SSL_CA_FILE: {
      label: 'File with trusted authorities',
      type: setting.text(),
      description:
        'A PEM file with such certificates. With `SSL_CA_PATH` it may instead be a regular expression that selects the files in that folder, such as `.+\\.crt$`. Changes to the file apply within a minute.',
    },
    SSL_CA_PATH: {
      label: 'Folder with trusted authorities',
      type: optionalPath,
      description:
        'A folder with such files, which may be symbolic links. Changes to the folder apply within a minute. `false`, as in a replaced connector, means no folder.',
    },
    SSL_OPENSSLDIR_PATTERN: {
      label: 'Pattern for system certificates',
      type: setting.text(),
      part: 'none',
      description: "A setting of Auth0 connectors that finds the system's certificates, which are always trusted. Ignored.",
    },
  }),
  ...settingGroup('Hub', 'hubAndFrontChannel', {
    AUTH_CERT: {
      label: 'Certificate of the connector',
      type: setting.text(),
      part: 'hub',
      description:
        "The connector's own certificate, as PEM text (line ends may be written as `\\n`) or as the path of a file. Unset: `certs/cert.pem`, which is created at the first start and never overwritten.",
    },
    AUTH_CERT_KEY: {
      label: 'Key of the connector',
      type: setting.text(),
      part: 'hub',
      secret: true,
      description: 'The private key of `AUTH_CERT`, in the same form. Unset: `certs/cert.key`.',
    },
    HTTP_PROXY: {
      label: 'Proxy',
      basic: true,
      type: proxyUrl,
      secret: true,
      description: 'The proxy to the hub, also for `https://`. With a password: `http://user:password@host:port`.',
    },
    HTTPS_PROXY: {
      label: 'Proxy for HTTPS',
      type: proxyUrl,
      secret: true,
      description: 'A different proxy for `https://` and `wss://` addresses.',
    },
    NO_PROXY: {
      label: 'Hosts reached without the proxy',
      type: setting.list(),
      default: [],
      description: 'Hosts that are reached without the proxy: `host`, `.domain`, either with `:port`, or `*`.',
    },
  }),
};
