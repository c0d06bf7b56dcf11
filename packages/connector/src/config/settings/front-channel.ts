/** The front channel: web server, Kerberos, client certificates. */
import { setting } from '@landbridge/runtime';
import { settingGroup } from '../parts.ts';
import { addressRanges, OFF_BY_DEFAULT } from './types.ts';

export const FRONT_CHANNEL_SETTINGS = settingGroup('Browsers', 'frontChannel', {
  PORT: {
    label: 'Port for browsers',
    basic: true,
    type: setting.integer(0, 65_535),
    default: 4000,
    part: 'hubAndFrontChannel',
    description:
      'The port of the connector for browsers. It is opened only if Kerberos, client certificates or a proxy that does Kerberos is enabled.',
  },
  LISTEN_ADDRESS: {
    label: 'Local address for browsers',
    type: setting.text(),
    description:
      'The local address on which that port is opened. Unset: all addresses, but only `127.0.0.1` if neither a certificate nor `TRUSTED_PROXIES` is set.',
  },
  SERVER_URL: {
    label: 'Address for browsers',
    basic: true,
    type: setting.url('http', 'https'),
    part: 'hubAndFrontChannel',
    description: 'The URL at which browsers reach the connector. Unset: `http://HOSTNAME:PORT`. The connector registers it with the hub.',
  },
  SITE_NAME: {
    label: 'Title of the sign-in form',
    basic: true,
    type: setting.text(),
    part: 'hubAndFrontChannel',
    description: 'The title of the sign-in form. Unset: the name of the connection.',
  },
  SSL_PFX: {
    label: 'Certificate for browsers (PKCS #12)',
    basic: true,
    type: setting.text(),
    secret: true,
    description: 'The TLS certificate and key for browsers (PKCS #12, base64).',
  },
  SSL_CERT: {
    label: 'Certificate for browsers (PEM)',
    type: setting.text(),
    description:
      'The TLS certificate as PEM, instead of `SSL_PFX`: followed by its intermediate certificates, as text or as the path of a file. A renewed file is used within a minute.',
  },
  SSL_KEY: {
    label: 'Key of the certificate for browsers',
    type: setting.text(),
    secret: true,
    description: 'The private key of `SSL_CERT`, in the same form.',
  },
  SSL_KEY_PASSWORD: {
    label: 'Password of the certificate for browsers',
    type: setting.text(),
    secret: true,
    description: 'The password of `SSL_PFX` or `SSL_KEY`.',
  },
  TRUSTED_PROXIES: {
    label: 'Reverse proxies in front',
    type: addressRanges,
    default: [],
    description:
      'Reverse proxies in front of the connector. Only they may connect without TLS, and only they may set `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-User` and `X-IISNode-Logon_User`.',
  },
  MAX_HEADER_SIZE: {
    label: 'Largest request headers',
    type: setting.integer(1024, 1_048_576),
    default: 16_384,
    description:
      'The limit in bytes for the headers of a request. With Kerberos it is at least 98,304, because the ticket of a user in a thousand groups is long.',
  },
  SESSION_MINUTES: {
    label: 'Session after the form',
    type: setting.integer(0, 1440),
    default: 60,
    description:
      'How long in minutes a user who signed in with the form does not see it again. `0`: the form is always shown. The account is checked each time in any case.',
  },
  SESSION_SECRET: {
    label: 'Key of session cookies',
    type: setting.text(),
    secret: true,
    kept: true,
    description:
      "Signs session cookies, together with the connector's private key. Created at random at the first start. Connectors behind one load balancer must share both: set them up from one export.",
  },
  KERBEROS_AUTH: {
    label: 'Kerberos',
    ...OFF_BY_DEFAULT,
    part: 'none',
    kept: true,
    description: 'Whether the connection uses Kerberos. Set by the hub.',
  },
  WITH_KERBEROS_PROXY_FRONTEND: {
    label: 'Kerberos at a reverse proxy',
    ...OFF_BY_DEFAULT,
    description:
      'A reverse proxy in front of the connector authenticates users with Kerberos and sends the user name in `X-Forwarded-User` (IIS: `X-IISNode-Logon_User`): `user@REALM`, `DOMAIN\\user` or `user`. Only `TRUSTED_PROXIES` may set it.',
  },
  KERBEROS_KEYTAB: {
    label: 'Keytab',
    basic: true,
    type: setting.text(),
    description:
      'The file with the key of the service principal name `HTTP/` plus the host of `SERVER_URL`, which verifies tickets. A changed file is used at once. Anyone who can read it can sign in as any user. Ignored on Windows, which uses the key of the account that runs the service.',
  },
  KERBEROS_REALMS: {
    label: 'Accepted Kerberos realms',
    type: setting.list(),
    description:
      'The accepted realms, matched exactly, for example `FABRIKAM.LOCAL`. Unset: the realm of the keytab, on Windows that of the computer. With `WITH_KERBEROS_PROXY_FRONTEND` also the domains allowed before a backslash; unset, the directory decides: Active Directory accepts its own domain, other directories find no user.',
  },
  KERBEROS_USER: {
    label: 'User of a Kerberos principal',
    type: setting.oneOf('account', 'userPrincipalName', 'krbPrincipalName'),
    default: 'account',
    description:
      'How a Kerberos principal maps to a user. `account`: the part before the realm is the user name. The others: the user whose attribute of that name holds the whole principal.',
  },
  KERBEROS_DEBUG: {
    label: 'Log Kerberos steps',
    ...OFF_BY_DEFAULT,
    description: 'Logs each step of verifying a Kerberos ticket, like the environment variable `DEBUG=kerberos-server`.',
  },
  KERBEROS_DEBUG_USER: {
    label: 'Kerberos test user',
    type: setting.text(),
    part: 'none',
    description: 'A setting of Auth0 connectors that signs every browser in as this user. Ignored.',
  },
  CLIENT_CERT_AUTH: {
    label: 'Client certificates',
    ...OFF_BY_DEFAULT,
    part: 'none',
    kept: true,
    description: 'Whether the connection uses client certificates. Set by the hub.',
  },
  CLIENT_CERT_CA: {
    label: 'Authorities of client certificates',
    basic: true,
    type: setting.text(),
    description:
      'The certificate authorities, root or intermediate, whose client certificates are accepted: PEM text, or the path of a file. An intermediate authority listed here needs no root. Unset: those of `CA_CERT`, `SSL_CA_FILE` and `SSL_CA_PATH`, as in Auth0 connectors; set it if they include an authority meant for something else.',
  },
  CLIENT_CERT_CRL: {
    label: 'Revocation lists',
    type: setting.list(),
    default: [],
    description:
      'Certificate revocation lists (PEM or DER): files, or folders of `.crl`, `.pem` and `.der` files, read again every minute. If there is any, each authority in the chain of a client certificate needs a current list, up to the root. The files may also hold certificates (PEM) of authorities above those of `CLIENT_CERT_CA`.',
  },
  CLIENT_CERT_OCSP: {
    label: 'Check revocation by OCSP',
    ...OFF_BY_DEFAULT,
    description:
      'Checks client certificates by OCSP at the responder that they name, and intermediate certificates that name one. A certificate is rejected unless the responder says that it is good. `HTTP_PROXY` and `NO_PROXY` apply.',
  },
  CLIENT_CERT_OCSP_URL: {
    label: 'OCSP responder',
    type: setting.url('http', 'https'),
    description: 'With `CLIENT_CERT_OCSP`: the responder for client certificates that name none.',
  },
  CLIENT_CERT_USER: {
    label: 'User of a client certificate',
    basic: true,
    type: setting.oneOf('cn', 'upn', 'mail', 'directory'),
    default: 'cn',
    description:
      'How a client certificate maps to a user. `cn`: its subject CN is the user name. `upn` or `mail`: the User Principal Name or mail address in its alternative names. `directory`: the entry that names this certificate (`altSecurityIdentities`, `userCertificate`).',
  },
});
