/** Opens the directory for commands. Those about one user do not need the hub. */
import { type DirectoryParts, openDirectoryParts } from '../agent/directory-parts.ts';
import { bindPassword } from '../config/credentials.ts';
import { assertRunnable, type Config, loadConfig } from '../config/load.ts';
import { loadCertificate } from '../setup/certificate.ts';
import type { CommandContext } from './context.ts';
import { openLog } from './open-log.ts';

/** @throws CodedError if the directory cannot be used; also what `use` throws */
export async function askDirectory<T>({ home, environment }: CommandContext, use: (parts: DirectoryParts) => Promise<T>): Promise<T> {
  const config = loadConfig(home, environment);
  assertRunnable({ ...config, problems: config.problems.filter(({ name }) => name !== 'PROVISIONING_TICKET' && name !== 'AD_HUB') });
  return await withDirectory(config, use);
}

/** Opens the directory, and closes it after use. @throws as `askDirectory` */
export async function withDirectory<T>(config: Config, use: (parts: DirectoryParts) => Promise<T>): Promise<T> {
  // The command reports failures itself.
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
