/** The hub's version. */
import packageJson from '../package.json' with { type: 'json' };

export const HUB_VERSION: string = packageJson.version;
