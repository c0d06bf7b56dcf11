/** `config check`: prints all problems and warnings. It writes nothing and contacts no server. */
import { type Config, loadConfig } from '../config/load.ts';
import { profileMapperSource } from '../config/profile-mapper-source.ts';
import { configWarnings } from '../config/warnings.ts';
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
  const problems = [...config.problems.map(({ message }) => message), ...problemsOfFiles(config), ...(await problemsOfMapper(config))];
  for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
  const warnings = [...configWarnings(config), ...filterWarnings(config.values)];
  for (const { message } of warnings) process.stdout.write(`warning: ${message}\n`);
  if (problems.length > 0) return 1;
  process.stdout.write(warnings.length === 0 ? 'The configuration is valid.\n' : 'The configuration is valid, with warnings.\n');
  return 0;
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
