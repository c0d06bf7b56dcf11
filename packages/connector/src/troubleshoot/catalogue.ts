/**
 * The one list of all checks: what each is called, what it tries, and what to do where it fails. `docs/troubleshooting.md`, the table
 * of the command and the console show these texts; what a check found out stands in its result.
 */

export interface CheckText {
  title: string;
  /** What is done to find out. */
  tries: string;
  /** What a failure means, and what helps. */
  remedy: string;
}

export const CHECKS = {
  configuration: {
    title: 'Configuration',
    tries: 'Reads `config.json` and the environment, checks every setting, and reads the certificates, filters and the mapper they name.',
    remedy: 'Correct each setting that is named. While the file cannot be read, nothing else can be checked.',
  },
  'profile-mapper': {
    title: 'Profile mapper',
    tries: 'Loads the profile mapper in its sandbox.',
    remedy: 'Correct the line that is named; `landbridge-connector user NAME` shows what it makes of a person.',
  },
  files: {
    title: 'File rights',
    tries: 'Looks at the owner and the rights of the home folder, of the configuration and of the private key.',
    remedy: 'Whoever reads the key can act as this connector. Make both files readable by the user of the service alone (0600).',
  },
  disk: {
    title: 'Disk space',
    tries: 'Asks how much is free where the home folder is.',
    remedy: 'Make room: settings are saved by writing a new file beside the old one, and logs need room too.',
  },
  'windows-domain': {
    title: 'Windows domain',
    tries: 'Runs `nltest /dsgetdc:`, which asks Windows for its domain controller.',
    remedy: 'The machine does not reach its domain: check its network, its DNS servers, and that it is a member.',
  },
  'windows-account': {
    title: 'Windows service account',
    tries: 'Looks at the account that this program runs as.',
    remedy: 'Run the service as an account of its own that reads the directory, and not as an administrator.',
  },
  'proxy-settings': {
    title: 'Proxy settings',
    tries: 'Shows which of `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` and their lower-case names count for the hub.',
    remedy: 'Give the address of the proxy itself. The address of a `.pac` file is none: look into that file for the proxy.',
  },
  'hub-reach': {
    title: 'The way to the hub',
    tries: 'Opens a connection to the host of the hub, through the proxy where one counts.',
    remedy: 'Let a firewall or the proxy allow it; a proxy that asks for a password (407) needs it in `HTTP_PROXY`.',
  },
  'hub-tls': {
    title: 'TLS with the hub',
    tries: 'Looks at the certificate that is shown for the hub, and who issued it.',
    remedy: 'An unknown issuer is mostly a proxy or firewall that opens TLS: put its authority into `CA_CERT`, or have the hub excepted.',
  },
  ticket: {
    title: 'Ticket',
    tries: 'Asks the ticket URL about the connection.',
    remedy: 'Copy the ticket again from the hub. An answer that is no JSON comes from something in between.',
  },
  'hub-clock': {
    title: "Clock and the hub's",
    tries: "Compares this machine's clock with that of the hub (`/test`).",
    remedy: 'Let NTP set this machine’s clock: with more than 5 seconds between them tokens are refused.',
  },
  'hub-websocket': {
    title: 'WebSocket to the hub',
    tries: 'Opens a WebSocket to the hub and closes it, without signing in as this connector.',
    remedy: 'Where HTTPS works and this does not, a proxy or firewall breaks upgrades: let it pass WebSockets to the hub.',
  },
  certificate: {
    title: "The connector's certificate",
    tries: 'Compares the certificate with the thumbprints that the hub knows, and looks at its dates.',
    remedy: 'Restart the connector, which registers its certificate; or put back the files of `certs/` from a backup.',
  },
  'hub-keys': {
    title: "The hub's keys",
    tries: 'Reads the keys with which the hub signs its requests: `TENANT_SIGNING_KEY`, else its JWKS document.',
    remedy: 'Without them no request can be checked, and none is answered. Read the ticket again by a restart.',
  },
  'directory-servers': {
    title: 'Directory servers',
    tries: 'Finds the servers of `LDAP_URL`: their addresses, and for a domain its SRV records.',
    remedy: 'Correct `LDAP_URL`; or set `LDAP_DNS_SERVERS` where this machine does not ask the DNS servers of the domain.',
  },
  'ldap-tcp': {
    title: 'Port of the directory server',
    tries: 'Opens a TCP connection.',
    remedy: 'The server is down, listens on another port, or a firewall is in between.',
  },
  'ldap-tls': {
    title: 'TLS with the directory server',
    tries: 'Makes the handshake (at once, or by StartTLS) and looks at the certificate and its chain.',
    remedy: 'Mostly the authority of the directory is missing in `CA_CERT`, or the name in `LDAP_URL` is not in the certificate.',
  },
  'ldap-root-dse': {
    title: 'Kind of directory',
    tries: 'Reads the root DSE, in which a directory says what it is.',
    remedy: 'Without it the directory is taken for an Active Directory: set the queries, or let the root DSE be read.',
  },
  'ldap-clock': {
    title: 'Clock of the directory server',
    tries: 'Compares `currentTime` of the root DSE with this machine’s clock.',
    remedy: 'Set both by the same NTP server. Kerberos refuses more than 5 minutes.',
  },
  'ldap-bind': {
    title: 'Service account',
    tries: 'Binds as the service account, once. A password that was refused is not tried at another server, so that it locks nobody out.',
    remedy: 'Check `LDAP_BIND_USER` and set `LDAP_BIND_PASSWORD` anew; look whether the account is locked or its password expired.',
  },
  'ldap-search': {
    title: 'Search',
    tries: 'Looks for the search base, and for anything below it.',
    remedy: 'Correct `LDAP_BASE`, or give the service account the right to read there.',
  },
  'ldap-latency': {
    title: 'Latency',
    tries: 'Reads the root DSE five times over one connection.',
    remedy: 'Every sign-in waits for several answers: put the connector near the directory, or another server first in `LDAP_URL`.',
  },
  'rights-people': {
    title: 'Right to read people',
    tries: 'Looks for a few people, and whether `memberOf` is shown of them.',
    remedy: 'Give the service account the right to read people and their `memberOf`.',
  },
  'rights-groups': {
    title: 'Right to read groups',
    tries: 'Looks for a group.',
    remedy: 'Give the service account the right to read groups, or correct `LDAP_BASE_GROUPS`.',
  },
  'rights-token-groups': {
    title: 'Right to read tokenGroups',
    tries: 'Reads `tokenGroups` of a person, which only Active Directory has.',
    remedy: 'Put the service account into the group "Windows Authorization Access Group".',
  },
  'rights-reset': {
    title: 'Right to reset passwords',
    tries: 'Reads the rights in the security descriptor of a person (Active Directory). No password is set.',
    remedy: 'Delegate "Reset password" for the people to the service account. Other directories do not tell; there only a reset shows it.',
  },
  'groups-of-user': {
    title: 'Groups of one person',
    tries: 'Finds the groups of the person given by `--user` as a sign-in does, and in a second way, and compares.',
    remedy: 'What one way finds and the other does not is mostly hidden from the service account, or outside of `LDAP_BASE_GROUPS`.',
  },
  'kerberos-keytab': {
    title: 'Kerberos keytab',
    tries:
      'Reads the file of `KERBEROS_KEYTAB`: principals, key versions, kinds of encryption. On Windows there is none, and it says which account matters.',
    remedy: 'Make the keytab anew (`ktpass`, `samba-tool domain exportkeytab`, `ktutil`) for the service principal.',
  },
  'kerberos-spn': {
    title: 'Service principal name',
    tries: 'Looks for `HTTP/host` of `SERVER_URL` in the directory, and whether several accounts have it.',
    remedy: 'Exactly one account must have it: `setspn -S HTTP/host account`; `setspn -X` finds duplicates.',
  },
  'kerberos-key-version': {
    title: 'Key version',
    tries: 'Compares the key version of the keytab with `msDS-KeyVersionNumber` of the account.',
    remedy: 'The password of the account was set after the keytab was made: make the keytab anew.',
  },
  'front-channel': {
    title: 'Front channel',
    tries: 'Opens the address at which browsers reach the connector, and looks at its certificate.',
    remedy: 'Open the port in the firewall, check that the name of `SERVER_URL` leads here, and renew the certificate.',
  },
  'ocsp-responder': {
    title: 'OCSP responder',
    tries:
      'Asks the responder of `CLIENT_CERT_OCSP_URL` about a certificate that nobody has, once for each authority of `CLIENT_CERT_CA`, and checks its signature.',
    remedy: 'Let the firewall or the proxy allow it; the authority, or a certificate that it has issued for this, has to sign the answers.',
  },
} as const satisfies Record<string, CheckText>;

export type CheckId = keyof typeof CHECKS;
