/** `config check`: everything that would keep the connector from starting, and every warning, at once. Nothing is written, nobody is asked. */

import { loadConfig } from '../config/load.ts';
import { configWarnings } from '../config/warnings.ts';
import { problemsOfFiles } from '../setup/problems-of-files.ts';
import type { CommandContext } from './program.ts';

/**
 * @returns the exit code: 1 with any problem
 * @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON
 */
export function configCheck({ home, environment }: CommandContext): number {
  const config = loadConfig(home, environment);
  const problems = [...config.problems.map(({ message }) => message), ...problemsOfFiles(config)];
  for (const problem of problems) process.stdout.write(`problem: ${problem}\n`);
  const warnings = configWarnings(config);
  for (const { message } of warnings) process.stdout.write(`warning: ${message}\n`);
  if (problems.length > 0) return 1;
  process.stdout.write(warnings.length === 0 ? 'The configuration is in order.\n' : 'The connector can start with this configuration.\n');
  return 0;
}
