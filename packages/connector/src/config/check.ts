/** Checks settings against each other. The list of settings checks each one alone. */
import { readTicket } from '@landbridge/protocol';
import type { SettingProblem } from '@landbridge/runtime';
import type { ConnectorHome } from './home.ts';
import { ldapTransport } from './ldap-transport.ts';
import { isLoopback } from './loopback.ts';
import type { ConnectorSettings, SettingName } from './settings.ts';

/**
 * @param known problems of single settings; no second problem of such a setting is reported
 * @param layout of the home
 * @returns further problems that keep the connector from starting
 */
export function problemsOf(values: ConnectorSettings, known: readonly SettingProblem[], layout: ConnectorHome['layout']): SettingProblem[] {
  const wrong = new Set(known.map((problem) => problem.name));
  const problems: SettingProblem[] = [];
  const add = (name: SettingName, message: string) => {
    if (!wrong.has(name)) problems.push({ name, origin: 'unset', message });
  };
  if (
    values.PROVISIONING_TICKET === undefined &&
    (values.AD_HUB === undefined || values.CONNECTION === undefined || values.REALM === undefined)
  ) {
    add('PROVISIONING_TICKET', 'PROVISIONING_TICKET is missing: the ticket URL of the connection, which the hub shows');
  }
  if (values.PROVISIONING_TICKET !== undefined && readTicket(values.PROVISIONING_TICKET).kind === 'damaged') {
    add('PROVISIONING_TICKET', 'PROVISIONING_TICKET is incomplete: copy the whole ticket URL again');
  }
  for (const name of ['PROVISIONING_TICKET', 'AD_HUB'] as const) {
    if (!mayReachHub(values[name], values)) {
      add(
        name,
        `${name} is not encrypted (https or wss), so passwords would cross the network in clear text. HUB_INSECURE_NO_TLS=true allows it`,
      );
    }
  }
  if (values.LDAP_URL === undefined) add('LDAP_URL', 'LDAP_URL is missing: the directory server, for example ldaps://dc1.example.com');
  if (values.LDAP_BIND_METHOD === 'external') {
    if (values.LDAP_CLIENT_CERT === undefined && values.LDAP_CLIENT_PFX === undefined) {
      add('LDAP_CLIENT_CERT', 'LDAP_CLIENT_CERT is missing: with LDAP_BIND_METHOD=external it is what the connector binds with');
    }
    if (values.LDAP_URL?.some((url) => ldapTransport(url, values) === 'none')) {
      add('LDAP_BIND_METHOD', 'LDAP_BIND_METHOD=external needs TLS: use ldaps:// in LDAP_URL, or set LDAP_STARTTLS=true');
    }
  } else if (!values.ANONYMOUS_SEARCH_ENABLED) {
    const hasPassword = values.LDAP_BIND_PASSWORD !== undefined || values.LDAP_BIND_CREDENTIALS !== undefined;
    if (values.LDAP_BIND_USER === undefined && values.LDAP_USER_DN === undefined) {
      add(
        'LDAP_BIND_USER',
        'LDAP_BIND_USER is missing: the service account that searches (or LDAP_USER_DN, or ANONYMOUS_SEARCH_ENABLED=true if the directory allows it)',
      );
    } else if (values.LDAP_BIND_USER !== undefined && !hasPassword) {
      add(
        'LDAP_BIND_PASSWORD',
        layout === 'data'
          ? 'LDAP_BIND_PASSWORD is missing: the Auth0 connector keeps it in the key store of the operating system, which no other program can read. Run `landbridge-connector setup` once and enter the password of LDAP_BIND_USER'
          : 'LDAP_BIND_PASSWORD is missing: the password of the service account LDAP_BIND_USER',
      );
    }
  }
  if (
    values.LDAP_STARTTLS === false &&
    !values.LDAP_INSECURE_NO_TLS &&
    values.LDAP_URL?.some((url) => ldapTransport(url, values) === 'starttls')
  ) {
    add(
      'LDAP_STARTTLS',
      'LDAP_STARTTLS is off and LDAP_URL is not encrypted, so passwords would cross the network in clear text. LDAP_INSECURE_NO_TLS=true allows it',
    );
  }
  if (values.LDAP_STARTTLS && values.LDAP_URL?.some((url) => url.toLowerCase().startsWith('ldaps:'))) {
    add('LDAP_STARTTLS', 'LDAP_STARTTLS is on, but LDAP_URL begins with ldaps://, which is encrypted already. Remove one of them');
  }
  if ((values.AUTH_CERT === undefined) !== (values.AUTH_CERT_KEY === undefined)) {
    const missing = values.AUTH_CERT === undefined ? 'AUTH_CERT' : 'AUTH_CERT_KEY';
    add(missing, `${missing} is missing: set both AUTH_CERT and AUTH_CERT_KEY, or neither`);
  }
  if (values.LDAP_CLIENT_PFX === undefined && (values.LDAP_CLIENT_CERT === undefined) !== (values.LDAP_CLIENT_KEY === undefined)) {
    const missing = values.LDAP_CLIENT_CERT === undefined ? 'LDAP_CLIENT_CERT' : 'LDAP_CLIENT_KEY';
    add(missing, `${missing} is missing: set both LDAP_CLIENT_CERT and LDAP_CLIENT_KEY, or neither`);
  }
  return problems;
}

/** @returns whether passwords may be sent to this address: it is encrypted, local, or explicitly allowed */
export function mayReachHub(address: string | undefined, values: Pick<ConnectorSettings, 'HUB_INSECURE_NO_TLS'>): boolean {
  if (address === undefined || values.HUB_INSECURE_NO_TLS) return true;
  const url = new URL(address);
  return url.protocol === 'https:' || url.protocol === 'wss:' || isLoopback(url.hostname);
}
