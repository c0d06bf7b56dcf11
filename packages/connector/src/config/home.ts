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

/** Without a configuration file (settings can come from the environment), the other files identify the layout. */
export function findHome(folder: string): ConnectorHome {
  const [data, root] = [pathsOf(folder, 'data'), pathsOf(folder, 'root')];
  // An upgraded Auth0 connector may have left its old files behind, so the newer layout takes precedence.
  const found = [data, root].find(({ configFile }) => existsSync(configFile));
  const home = found ?? (hasCertificate(data) || existsSync(data.profileMapperFile) ? data : root);
  // Never make a key next to one of the other layout.
  const other = home === data ? root : data;
  return hasCertificate(home) || !hasCertificate(other) ? home : { ...home, certFile: other.certFile, keyFile: other.keyFile };
}

export function pathsOf(folder: string, layout: ConnectorHome['layout']): ConnectorHome {
  const top = layout === 'data' ? join(folder, 'data') : folder;
  return {
    folder,
    layout,
    configFile: join(top, 'config.json'),
    certFile: join(top, 'certs', 'cert.pem'),
    keyFile: join(top, 'certs', 'cert.key'),
    profileMapperFile: layout === 'data' ? join(top, 'profileMapper', 'custom.js') : join(top, 'lib', 'profileMapper.js'),
  };
}

/** An incomplete pair counts too: it must be repaired, not ignored. */
function hasCertificate({ certFile, keyFile }: ConnectorHome): boolean {
  return existsSync(certFile) || existsSync(keyFile);
}
