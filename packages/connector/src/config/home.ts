/** The paths of the connector's files, all in one folder, in the layout found there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface ConnectorHome {
  folder: string;
  /** `data`: the layout of Auth0 connectors since 7.0; `root`: the earlier layout, and ours. */
  layout: 'root' | 'data';
  configFile: string;
  certFile: string;
  keyFile: string;
  /** The path of a custom profile mapper. */
  profileMapperFile: string;
}

export function findHome(folder: string): ConnectorHome {
  const inData = join(folder, 'data', 'config.json');
  // An upgraded Auth0 connector may have left its old file behind, so the newer layout takes precedence.
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
