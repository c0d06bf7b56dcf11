/** Where the connector's files are: everything lives in one folder, in the layout that is found there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface ConnectorHome {
  folder: string;
  /** `data`: the layout of installed connectors since 7.0; `root`: the one before, and ours. */
  layout: 'root' | 'data';
  configFile: string;
  certFile: string;
  keyFile: string;
  /** Where a custom profile mapper is looked for. */
  profileMapperFile: string;
}

export function findHome(folder: string): ConnectorHome {
  const inData = join(folder, 'data', 'config.json');
  // A 7.x installation may have left its older file behind, so the newer layout counts where both are there.
  const layout = existsSync(inData) ? 'data' : 'root';
  return {
    folder,
    layout,
    configFile: layout === 'data' ? inData : join(folder, 'config.json'),
    certFile: join(folder, 'certs', 'cert.pem'),
    keyFile: join(folder, 'certs', 'cert.key'),
    profileMapperFile: layout === 'data' ? join(folder, 'data', 'profileMapper', 'custom.js') : join(folder, 'lib', 'profileMapper.js'),
  };
}
