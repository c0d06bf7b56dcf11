/** `console link`: prints a new one-time link for the console of the connector that uses this home folder. */
import { consoleUrl } from '../admin/console.ts';
import { LINK_LIFETIME_MINUTES, newSignInLink } from '../admin/sign-in-link.ts';
import { assertHasFiles, loadConfig } from '../config/load.ts';
import type { CommandContext } from './context.ts';

/** @throws CodedError CONSOLE_NOT_WRITABLE, CONFIG_ENVIRONMENT_ONLY, CONFIG_UNREADABLE, CONFIG_NOT_JSON */
export function consoleLink({ home, environment }: CommandContext): void {
  const config = loadConfig(home, environment);
  assertHasFiles(config);
  const { CONSOLE_INSECURE_ADDRESS, CONSOLE_PORT } = config.values;
  process.stdout.write(
    `Open this link within ${LINK_LIFETIME_MINUTES} minutes to set the password of the console: ${consoleUrl(CONSOLE_INSECURE_ADDRESS, CONSOLE_PORT)}${newSignInLink(home)}\n`,
  );
}
