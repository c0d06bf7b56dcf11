/** What every command gets. */
import type { Environment } from '../config/load.ts';

export interface CommandContext {
  /** The absolute path of the home folder. */
  home: string;
  environment: Environment;
}
