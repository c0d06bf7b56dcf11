/** Settings that systemd hands to a service as files which only it can read (systemd.exec(5), LoadCredential=). */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { withoutLineEnd } from './secret-files.ts';
import { readTextFile } from './text-file.ts';

/**
 * Adds the credentials `PROGRAM_SETTING` to the environment, which takes precedence: the setting itself, and the file that `SETTING_FILE` names.
 *
 * @throws if a credential cannot be read
 */
export function withCredentials(environment: NodeJS.ProcessEnv, program: string): NodeJS.ProcessEnv {
  const folder = environment.CREDENTIALS_DIRECTORY;
  if (!folder) return environment;
  const prefix = `${program}_`;
  const credentials = readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .filter((name) => !environment[`${name.slice(prefix.length)}_FILE`])
    .map((name) => [name.slice(prefix.length), withoutLineEnd(readTextFile(join(folder, name)))]);
  return { ...Object.fromEntries(credentials), ...environment };
}
