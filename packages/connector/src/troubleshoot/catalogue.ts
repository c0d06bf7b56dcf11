/**
 * All checks: title, what each does, and what to do if it fails. `docs/troubleshooting.md`, the command and the console show these texts.
 * A check's result says what it found.
 */

export interface CheckText {
  title: string;
  tries: string;
  /** What to do if it fails. */
  remedy: string;
}

export const CHECKS = {
  configuration: {
    title: 'Configuration',
    tries: 'Reads `config.json` and the environment, checks every setting, and reads the certificates, filters and mapper that they name.',
    remedy: 'Correct each setting in the result. If the file cannot be read, nothing else can be checked.',
  },
  'profile-mapper': {
    title: 'Profile mapper',
    tries: 'Loads the profile mapper in its sandbox.',
    remedy: 'Correct the line in the result. `landbridge-connector user NAME` shows the profile that it returns.',
  },
  files: {
    title: 'File permissions',
    tries: 'Checks owner and permissions of the home folder, the configuration and the private key.',
    remedy:
      'Anyone who can read the key can impersonate this connector. Make both files readable by the account of the service only (0600).',
  },
  disk: {
    title: 'Disk space',
    tries: 'Reads the free space of the disk with the home folder.',
    remedy: 'Free some space: saving settings writes a new file beside the old one, and logs need space too.',
  },
  'windows-domain': {
    title: 'Windows domain',
    tries: 'Runs `nltest /dsgetdc:`, which asks Windows for its domain controller.',
    remedy: 'The machine cannot reach its domain: check its network, its DNS servers, and its domain membership.',
  },
  'windows-account': {
    title: 'Windows service account',
    tries: 'Checks the account that this program runs as.',
    remedy: 'Run the service under its own account, which can read the directory, not as an administrator.',
  },
  'proxy-settings': {
    title: 'Proxy settings',
    tries: 'Shows which of `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` and their lower-case names apply to the hub.',
    remedy: 'Set the address of the proxy itself, not of a `.pac` file: look the proxy up in that file.',
  },
  'hub-reach': {
    title: 'Connection to the hub',
    tries: 'Opens a TCP connection to the hub, through the proxy if one applies.',
    remedy: 'Allow it in the firewall or proxy. A proxy that asks for a password (407) needs it in `HTTP_PROXY`.',
  },
  'hub-tls': {
    title: 'TLS with the hub',
    tries: 'Checks the certificate that arrives for the hub, and its issuer.',
    remedy: 'An unknown issuer is usually a proxy or firewall that inspects TLS: put its authority into `CA_CERT`, or exempt the hub.',
  },
  ticket: {
    title: 'Ticket',
    tries:
      'Reads the connection from the ticket URL. If the ticket names the identity of the hub, checks that this hub signed the answer, and whether the connector is enrolled.',
    remedy:
      'Get a new ticket from the hub: "Add a connector" in its dashboard. An answer that is not JSON or not signed by the hub comes from a proxy. A pending connector needs approval on the hub.',
  },
  'hub-clock': {
    title: 'Clock of the hub',
    tries: "Compares this machine's clock with the hub's (`/test`).",
    remedy:
      'Let NTP set this machine’s clock: up to `CLOCK_SKEW_LIMIT_SECONDS` it is corrected for requests of the hub, but Kerberos and certificates depend on this clock.',
  },
  'hub-websocket': {
    title: 'WebSocket to the hub',
    tries: 'Opens a WebSocket to the hub and closes it, without authenticating.',
    remedy: 'If HTTPS works but this fails, a proxy or firewall breaks upgrades: let it pass WebSockets to the hub.',
  },
  certificate: {
    title: "The connector's certificate",
    tries: 'Compares the certificate with the thumbprints that the hub knows, and checks its dates.',
    remedy: 'Restart the connector, which registers its certificate, or restore `certs/` from a backup.',
  },
  'hub-keys': {
    title: "The hub's keys",
    tries:
      'Reads the keys with which the hub signs requests: `TENANT_SIGNING_KEY`, else its JWKS document. A hub with an identity needs none.',
    remedy: 'Without them requests cannot be verified and are not answered. Restart the connector, which reads the ticket again.',
  },
  'directory-servers': {
    title: 'Directory servers',
    tries: 'Resolves the servers in `LDAP_URL`: their addresses, and for a domain its SRV records.',
    remedy: 'Correct `LDAP_URL`, or set `LDAP_DNS_SERVERS` if this machine does not use the domain’s DNS servers.',
  },
  'ldap-tcp': {
    title: 'Port of the directory server',
    tries: 'Opens a TCP connection.',
    remedy: 'The server is down, listens on another port, or a firewall blocks it.',
  },
  'ldap-tls': {
    title: 'TLS with the directory server',
    tries: 'Performs the handshake (directly, or by StartTLS) and checks the certificate and its chain.',
    remedy: 'Usually the directory’s authority is missing from `CA_CERT`, or the name in `LDAP_URL` is not in the certificate.',
  },
  'ldap-root-dse': {
    title: 'Directory type',
    tries: 'Reads the root DSE, in which a directory describes itself.',
    remedy: 'Without it the connector assumes Active Directory: set the queries, or make the root DSE readable.',
  },
  'ldap-clock': {
    title: 'Clock of the directory server',
    tries: 'Compares `currentTime` of the root DSE with this machine’s clock.',
    remedy: 'Set both by the same NTP server. Kerberos tolerates 5 minutes at most.',
  },
  'ldap-bind': {
    title: 'Service account',
    tries: 'Binds as the service account, once. A refused password is not tried at another server, so that the account is not locked.',
    remedy: 'Check `LDAP_BIND_USER` and set `LDAP_BIND_PASSWORD` again. Check whether the account is locked or its password expired.',
  },
  'ldap-search': {
    title: 'Search',
    tries: 'Reads the search base, and any entry below it.',
    remedy: 'Correct `LDAP_BASE`, or give the service account permission to read there.',
  },
  'ldap-latency': {
    title: 'Latency',
    tries: 'Reads the root DSE five times over one connection.',
    remedy:
      'Every sign-in waits for several answers: move the connector closer to the directory, or list another server first in `LDAP_URL`.',
  },
  'rights-users': {
    title: 'Permission to read users',
    tries: 'Reads a few users, and checks whether their `memberOf` is readable.',
    remedy: 'Give the service account permission to read users and their `memberOf`.',
  },
  'rights-groups': {
    title: 'Permission to read groups',
    tries: 'Reads a group.',
    remedy: 'Give the service account permission to read groups, or correct `LDAP_BASE_GROUPS`.',
  },
  'rights-token-groups': {
    title: 'Permission to read tokenGroups',
    tries: 'Reads the `tokenGroups` of a user, which only Active Directory has.',
    remedy: 'Add the service account to the group "Windows Authorization Access Group".',
  },
  'rights-reset': {
    title: 'Permission to reset passwords',
    tries: 'Reads the rights in the security descriptor of a user (Active Directory). No password is set.',
    remedy:
      'Delegate "Reset password" for the users to the service account. In other directories only an actual reset shows whether it works.',
  },
  'groups-of-user': {
    title: 'Groups of one user',
    tries: 'Finds the groups of the user in `--user` as a sign-in does, and in a second way, and compares them.',
    remedy: 'A group found in only one way is usually hidden from the service account, or outside `LDAP_BASE_GROUPS`.',
  },
  'kerberos-keytab': {
    title: 'Kerberos keytab',
    tries:
      'Reads the file in `KERBEROS_KEYTAB`: principals, key versions, encryption types. On Windows, which needs none, it names the account whose key is used.',
    remedy: 'Make a new keytab for the service principal (`ktpass`, `samba-tool domain exportkeytab`, `ktutil`).',
  },
  'kerberos-spn': {
    title: 'Service principal name',
    tries: 'Looks up `HTTP/` and the host of `SERVER_URL` in the directory, and whether several accounts have it.',
    remedy: 'Exactly one account must have it: `setspn -S HTTP/host account`. `setspn -X` finds duplicates.',
  },
  'kerberos-key-version': {
    title: 'Key version',
    tries: 'Compares the keytab’s key version with the account’s `msDS-KeyVersionNumber`.',
    remedy: 'The account’s password is newer than the keytab: make a new keytab.',
  },
  'front-channel': {
    title: 'Front channel',
    tries: 'Opens the address that browsers use, and checks its certificate.',
    remedy: 'Open the port in the firewall, check that the name in `SERVER_URL` resolves to this machine, and renew the certificate.',
  },
  'ocsp-responder': {
    title: 'OCSP responder',
    tries:
      'Asks the responder in `CLIENT_CERT_OCSP_URL` about a certificate that does not exist, once per authority in `CLIENT_CERT_CA`, and verifies the signature.',
    remedy: 'Allow it in the firewall or proxy. The authority, or a certificate that it issued for this purpose, must sign the answers.',
  },
} as const satisfies Record<string, CheckText>;

export type CheckId = keyof typeof CHECKS;
