/** The connector's version. */
import manifest from '../package.json' with { type: 'json' };

export const CONNECTOR_VERSION: string = manifest.version;
