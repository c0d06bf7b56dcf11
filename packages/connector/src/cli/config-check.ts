/** `config check`: prints all problems and warnings. It writes nothing and contacts no server. */
import { loadConfig } from '../config/load.ts';
import { configWarnings } from '../config/warnings.ts';
import { problemsOfFiles } from '../setup/problems-of-files.ts';
import type { CommandContext } from './context.ts';

/**
 * @returns the exit code: 1 if there is a problem
 * @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON
 */
export function configCheck({ home, environment }: CommandContext): number {
  const config = loadConfig(home, environment);
  const problems = [...config.problems.map(({ message }) => message), ...problemsOfFiles(config)];
  for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
  const warnings = configWarnings(config);
  for (const { message } of warnings) process.stdout.write(`warning: ${message}\n`);
  if (problems.length > 0) return 1;
  process.stdout.write(warnings.length === 0 ? 'The configuration is valid.\n' : 'The configuration is valid, with warnings.\n');
  return 0;
}
