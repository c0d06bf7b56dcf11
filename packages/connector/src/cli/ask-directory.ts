/** For commands that ask the directory about one person: the parts, open for as long as the command runs. The hub is not needed. */

import { type DirectoryParts, openDirectoryParts } from '../agent/directory-parts.ts';
import { bindPassword } from '../config/credentials.ts';
import { assertRunnable, loadConfig } from '../config/load.ts';
import { loadCertificate } from '../setup/certificate.ts';
import { openLog } from './open-log.ts';
import type { CommandContext } from './program.ts';

/** @throws CodedError what keeps the connector from using its directory, or whatever `use` throws */
export async function askDirectory<T>({ home, environment }: CommandContext, use: (parts: DirectoryParts) => Promise<T>): Promise<T> {
  const config = loadConfig(home, environment);
  assertRunnable({ ...config, problems: config.problems.filter(({ name }) => name !== 'PROVISIONING_TICKET' && name !== 'AD_HUB') });
  // What fails is told by the command itself; the log would tell it a second time.
  const { log, keepSecret } = openLog({ values: { ...config.values, LOG_LEVEL: 'error' } });
  const password = bindPassword(config, loadCertificate(config)?.privateKeyPem);
  keepSecret(password);
  const parts = await openDirectoryParts(config, password, log);
  try {
    return await use(parts);
  } finally {
    await parts.close();
  }
}
