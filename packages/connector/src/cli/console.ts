/** `console link`: a new one-time link into the console of the connector that runs with this home. */
import { consoleUrl } from '../admin/console.ts';
import { LINK_LIFETIME_MINUTES, newSignInLink } from '../admin/sign-in-link.ts';
import { assertHasFiles, loadConfig } from '../config/load.ts';
import type { CommandContext } from './program.ts';

/** @throws CodedError CONSOLE_NOT_WRITABLE, CONFIG_ENVIRONMENT_ONLY, CONFIG_UNREADABLE, CONFIG_NOT_JSON */
export function consoleLink({ home, environment }: CommandContext): void {
  const config = loadConfig(home, environment);
  assertHasFiles(config);
  const { CONSOLE_INSECURE_ADDRESS, CONSOLE_PORT } = config.values;
  process.stdout.write(
    `Open this within ${LINK_LIFETIME_MINUTES} minutes to choose a password for the console: ${consoleUrl(CONSOLE_INSECURE_ADDRESS, CONSOLE_PORT)}${newSignInLink(home)}\n`,
  );
}
