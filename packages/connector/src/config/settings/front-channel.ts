/** Signing in browsers inside the network: server, Kerberos, client certificates. */
import { setting } from '@landbridge/runtime';
import type { ConnectorSettingList } from '../parts.ts';
import { addressRanges } from './types.ts';

/** Group of the reference. */
const FRONT_CHANNEL = 'Kerberos and client certificates';

export const FRONT_CHANNEL_SETTINGS = {
  PORT: {
    type: setting.integer(0, 65_535),
    default: 4000,
    group: FRONT_CHANNEL,
    part: 'hubAndFrontChannel',
    description:
      'The port at which browsers reach the connector. It is opened only where Kerberos, client certificates or a proxy that does Kerberos are on.',
  },
  LISTEN_ADDRESS: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'The address of this machine on which that port is opened. Unset: all of them; without a certificate and without `TRUSTED_PROXIES`, only `127.0.0.1`.',
  },
  SERVER_URL: {
    type: setting.url('http', 'https'),
    group: FRONT_CHANNEL,
    part: 'hubAndFrontChannel',
    description: 'The address at which browsers reach the connector. Unset: `http://HOSTNAME:PORT`. The hub is told it.',
  },
  SITE_NAME: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'hubAndFrontChannel',
    description: 'The title of the sign-in form. Unset: the name of the connection.',
  },
  SSL_PFX: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    secret: true,
    description: 'The certificate and key (PKCS #12, base64) with which browsers are served.',
  },
  SSL_CERT: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'The same as PEM, in place of `SSL_PFX`: the certificate with those of its authorities behind it, as text or as the path of a file. A file that changes is taken up within a minute.',
  },
  SSL_KEY: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    secret: true,
    description: 'The private key of `SSL_CERT`, likewise.',
  },
  SSL_KEY_PASSWORD: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    secret: true,
    description: 'The password of `SSL_PFX` or `SSL_KEY`.',
  },
  TRUSTED_PROXIES: {
    type: addressRanges,
    default: [],
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'Reverse proxies in front of the connector. Only these may come without TLS, and only they are believed for whom they ask (`X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-User`).',
  },
  MAX_HEADER_SIZE: {
    type: setting.integer(1024, 1_048_576),
    default: 16_384,
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'How many bytes the headers of a browser may have. With Kerberos it is at least 98,304: the ticket of a person in a thousand groups is long.',
  },
  SESSION_MINUTES: {
    type: setting.integer(0, 1440),
    default: 60,
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'How long in minutes somebody who signed in at the form is not asked again. `0`: each time. The account is looked at each time in any case.',
  },
  SESSION_SECRET: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    secret: true,
    kept: true,
    description:
      "Signs session cookies, together with the connector's private key. Random, made at the first start. Connectors behind one load balancer need the same of both: set them up from one export.",
  },
  KERBEROS_AUTH: {
    type: setting.boolean(),
    default: false,
    group: FRONT_CHANNEL,
    part: 'none',
    kept: true,
    description: 'The connection wants Kerberos. Set by the hub.',
  },
  WITH_KERBEROS_PROXY_FRONTEND: {
    type: setting.boolean(),
    default: false,
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'A reverse proxy in front of the connector does Kerberos and says in `X-Forwarded-User` who it is: `user@REALM`, `DOMAIN\\user` or `user`. Believed of `TRUSTED_PROXIES` only.',
  },
  KERBEROS_KEYTAB: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'The file with the key of the service principal name `HTTP/` and the host of `SERVER_URL`, by which tickets are checked. A file that changes counts at once. Whoever can read it can sign in as anybody. Ignored on Windows, which has the key of the account that the service runs as.',
  },
  KERBEROS_REALMS: {
    type: setting.list(),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'The realms whose people are taken, to the letter, for example `FABRIKAM.LOCAL`. Unset: that of the keytab, on Windows that of the computer. With `WITH_KERBEROS_PROXY_FRONTEND` also the domains that may stand before a backslash; unset, the directory decides, which Active Directory does by its own domain, and others by finding nobody.',
  },
  KERBEROS_USER: {
    type: setting.oneOf('account', 'userPrincipalName', 'krbPrincipalName'),
    default: 'account',
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'Who a Kerberos principal is. `account`: what stands before the realm is a user name. The others: the person who has the whole principal in that attribute.',
  },
  KERBEROS_DEBUG: {
    type: setting.boolean(),
    default: false,
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description: 'Logs each step by which a Kerberos ticket is checked. The environment variable `DEBUG=kerberos-server` does it too.',
  },
  KERBEROS_DEBUG_USER: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'none',
    description: 'Of installed connectors, where it signs everybody in as that person. Ignored.',
  },
  CLIENT_CERT_AUTH: {
    type: setting.boolean(),
    default: false,
    group: FRONT_CHANNEL,
    part: 'none',
    kept: true,
    description: 'The connection wants client certificates. Set by the hub.',
  },
  CLIENT_CERT_CA: {
    type: setting.text(),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'The authorities whose client certificates are taken, roots or intermediate ones: PEM text, or the path of a file. Where it is set, an intermediate one counts without its root. Unset: those of `CA_CERT`, `SSL_CA_FILE` and `SSL_CA_PATH`, as installed connectors do; set it where those hold an authority that is there for something else.',
  },
  CLIENT_CERT_CRL: {
    type: setting.list(),
    default: [],
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'Certificate revocation lists (PEM or DER): files, or folders of `.crl`, `.pem` and `.der` files, read again each minute. With any, every authority in the chain of a client certificate needs a current one, up to the root; certificates (PEM) of authorities that are above those of `CLIENT_CERT_CA` may stand beside them.',
  },
  CLIENT_CERT_OCSP: {
    type: setting.boolean(),
    default: false,
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      'Client certificates are asked about, by OCSP, at the responder that they name, and so are those above them that name one. Where there is no answer, or none that says that a certificate is good, it is not taken. `HTTP_PROXY` and `NO_PROXY` count.',
  },
  CLIENT_CERT_OCSP_URL: {
    type: setting.url('http', 'https'),
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description: "With `CLIENT_CERT_OCSP`: the responder that is asked about people's certificates that name none.",
  },
  CLIENT_CERT_USER: {
    type: setting.oneOf('cn', 'upn', 'mail', 'directory'),
    default: 'cn',
    group: FRONT_CHANNEL,
    part: 'frontChannel',
    description:
      "By what a client certificate's person is found: its subject CN as a user name; the User Principal Name or the mail address in its alternative names; or the entry that names this certificate (`altSecurityIdentities`, `userCertificate`).",
  },
} as const satisfies ConnectorSettingList;
