/** `config check`: loads what `run` loads, and prints all problems and warnings. It writes nothing and contacts no server. */
import { resolve } from 'node:path';
import { type Config, loadConfig } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import { configWarnings } from '../config/warnings.ts';
import { configuredAuthorities } from '../frontchannel/certificates/authorities.ts';
import { readServices } from '../frontchannel/kerberos/gssapi.ts';
import { readServerCertificate } from '../frontchannel/server-certificate.ts';
import { filterWarnings, problemsOfFiles, problemText } from '../setup/problems-of-files.ts';
import { silentLog } from '../troubleshoot/silent-log.ts';
import { assertLoads } from '../users/mapper/profile-mapper.ts';
import type { CommandContext } from './context.ts';

/**
 * @returns the exit code: 1 if there is a problem
 * @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON
 */
export async function configCheck({ home, environment }: CommandContext): Promise<number> {
  const config = loadConfig(home, environment);
  const problems = [
    ...config.problems.map(({ message }) => message),
    ...problemsOfFiles(config),
    ...(await problemsOfMapper(config)),
    ...(await problemsOfFrontChannelFiles(config)),
  ];
  for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
  const warnings = [...configWarnings(config), ...filterWarnings(config.values)];
  for (const { message } of warnings) process.stdout.write(`warning: ${message}\n`);
  if (problems.length > 0) return 1;
  process.stdout.write(warnings.length === 0 ? 'The configuration is valid.\n' : 'The configuration is valid, with warnings.\n');
  return 0;
}

/** The front channel loads them once the hub enables it, so a bad one would show only then. */
async function problemsOfFrontChannelFiles({ values, home: { folder } }: Config): Promise<string[]> {
  const { log } = silentLog();
  const loads = [
    () => readServerCertificate(values, folder),
    () => (values.CLIENT_CERT_CA !== undefined || values.CLIENT_CERT_CRL.length > 0) && configuredAuthorities(values, folder),
    // Windows has the key of the service's account instead.
    async () =>
      values.KERBEROS_KEYTAB !== undefined && process.platform !== 'win32' && readServices(resolve(folder, values.KERBEROS_KEYTAB), log),
  ];
  const problems: string[] = [];
  for (const load of loads) {
    try {
      await load();
    } catch (error) {
      problems.push(problemText(error));
    }
  }
  return problems;
}

/** Loads the profile mapper in its sandbox. */
async function problemsOfMapper(config: Config): Promise<string[]> {
  let source: string | undefined;
  try {
    source = profileMapperSource(config);
  } catch {
    // Reported with the file problems.
    return [];
  }
  return assertLoads(source, config.values, silentLog().log).then(
    () => [],
    (error: unknown) => [problemText(error)],
  );
}
