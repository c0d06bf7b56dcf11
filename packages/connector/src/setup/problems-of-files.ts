/** Problems that only show when certificates, keys, mapper and filters of a configuration are read. */
import { CodedError, errorText } from '@landbridge/runtime';
import { bindPassword } from '../config/credentials.ts';
import type { Config } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import type { Warning } from '../config/warnings.ts';
import { settingFilter } from '../ldap/directory.ts';
import { withEscapedValues } from '../ldap/filter-text.ts';
import { readDirectoryCertificate } from '../network/directory-certificate.ts';
import { configuredCertificates } from '../network/trust.ts';
import { userDnTemplate } from '../users/user-dn.ts';
import { loadCertificate } from './certificate.ts';

const FILTERS = [
  'LDAP_USER_BY_NAME',
  'LDAP_SEARCH_QUERY',
  'LDAP_SEARCH_ALL_QUERY',
  'LDAP_SEARCH_GROUPS',
  'LDAP_SEARCH_LIST_GROUPS_QUERY',
  'LDAP_HEARTBEAT_SEARCH_QUERY',
  'DENY_SIGN_IN',
] as const;

/** @returns a sentence for each problem, with what to do */
export function problemsOfFiles(config: Config): string[] {
  const { values } = config;
  const checks = [
    () => configuredCertificates(values),
    () => readDirectoryCertificate(values, config.home.folder),
    () => bindPassword(config, loadCertificate(config)?.privateKeyPem),
    () => profileMapperSource(config),
    () => values.LDAP_USER_DN === undefined || userDnTemplate(values.LDAP_USER_DN),
    ...FILTERS.map((name) => () => {
      const filter = values[name];
      if (filter !== undefined) settingFilter(name, filter);
    }),
  ];
  return checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      return [problemText(error)];
    }
  });
}

/** Filters in the form of replaced connectors, which are accepted with their values escaped. */
export function filterWarnings(values: Config['values']): Warning[] {
  return FILTERS.flatMap((name) => {
    const text = values[name];
    const escaped = text === undefined ? undefined : withEscapedValues(text);
    if (escaped === text) return [];
    return [
      { name, message: `${name} contains parentheses inside a value. They are treated as part of the value. Escape them: ${escaped}` },
    ];
  });
}

/** An error as one line: what happened, and what to do. */
export function problemText(error: unknown): string {
  return `${errorText(error)}${error instanceof CodedError && error.action !== undefined ? `. ${error.action}` : ''}`;
}
