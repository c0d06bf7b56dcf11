/** `config check`: everything that would keep the connector from starting, and every warning, at once. Nothing is written, nobody is asked. */
import { CodedError, errorText } from '@landbridge/runtime';
import { bindPassword } from '../config/credentials.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import { settingFilter } from '../ldap/directory.ts';
import { configuredCertificates } from '../network/trust.ts';
import { loadCertificate } from '../setup/certificate.ts';
import { userDnTemplate } from '../users/user-dn.ts';
import type { CommandContext } from './program.ts';

const FILTERS = [
  'LDAP_USER_BY_NAME',
  'LDAP_SEARCH_QUERY',
  'LDAP_SEARCH_ALL_QUERY',
  'LDAP_SEARCH_GROUPS',
  'LDAP_SEARCH_LIST_GROUPS_QUERY',
  'LDAP_HEARTBEAT_SEARCH_QUERY',
] as const;

/**
 * @returns the exit code: 1 with any problem
 * @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON
 */
export function configCheck({ home, environment }: CommandContext): number {
  const config = loadConfig(home, environment);
  const problems = [...config.problems.map(({ message }) => message), ...problemsOfFiles(config)];
  for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
  for (const { message } of config.warnings) process.stdout.write(`warning: ${message}\n`);
  if (problems.length > 0) return 1;
  process.stdout.write(
    config.warnings.length === 0 ? 'The configuration is in order.\n' : 'The connector can start with this configuration.\n',
  );
  return 0;
}

/** What only shows when certificates, keys, mappers and filters are really read. */
function problemsOfFiles(config: Config): string[] {
  const { values } = config;
  const checks = [
    () => configuredCertificates(values),
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
      return [`${errorText(error)}${error instanceof CodedError && error.action !== undefined ? `. ${error.action}` : ''}`];
    }
  });
}
