/** The properties of the MSI with which an installation without questions sets the connector up. */

interface Answer {
  property: string;
  /** Hidden in the logs of the installer. */
  isSecret: boolean;
}

/** Settings as in the answer file of `setup`, the path of such a file instead, and the option to save what fails. */
export const ANSWERS: readonly Answer[] = [
  { property: 'PROVISIONING_TICKET', isSecret: true },
  { property: 'PROVISIONING_TICKET_FILE', isSecret: false },
  { property: 'LDAP_URL', isSecret: false },
  { property: 'LDAP_BASE', isSecret: false },
  { property: 'LDAP_BIND_USER', isSecret: false },
  { property: 'LDAP_BIND_PASSWORD', isSecret: true },
  { property: 'LDAP_BIND_PASSWORD_FILE', isSecret: false },
  { property: 'SSL_CA_FILE', isSecret: false },
  { property: 'HTTPS_PROXY', isSecret: true },
  { property: 'CONSOLE_PORT', isSecret: false },
  { property: 'ANSWERS', isSecret: false },
  { property: 'SAVE_ANYWAY', isSecret: false },
];
