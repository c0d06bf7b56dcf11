/**
 * The configuration of one start: read once from the environment and `config.json`, checked, complete, read-only. This folder owns
 * what is configured and how it is kept; nothing outside it reads the environment or that file.
 */
import { CodedError, loadSettings, type SettingProblem, setting } from '@landbridge/runtime';
import { problemsOf } from './check.ts';
import { type FileContent, readConfigFile, updateConfigFile } from './config-file.ts';
import { type ConnectorHome, findHome } from './home.ts';
import { finishReplacement, type HomeFiles } from './home-files.ts';
import { type ConnectorSettings, SETTINGS, type SettingName } from './settings.ts';
import { firstStartChanges } from './take-over.ts';

export interface Config {
  readonly home: ConnectorHome;
  /** `OVERRIDE_CONFIG=false`: the environment only; no file is read or written. */
  readonly environmentOnly: boolean;
  readonly values: ConnectorSettings;
  readonly origins: Readonly<Record<SettingName, 'environment' | 'file' | 'default' | 'unset'>>;
  /** With any, the connector does not run. Each names its setting. */
  readonly problems: readonly SettingProblem[];
  /** The file as it was read, with keys that are no settings. */
  readonly file: FileContent;
  /** Mapper and certificate that stand in for those of the home: of a configuration that is tried before its files are written. */
  readonly candidate?: Pick<HomeFiles, 'mapper' | 'certificate'>;
}

type ConfigPlace = Pick<Config, 'home' | 'environmentOnly'>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names that other programs use for the same thing; the upper-case one counts where both are set. */
const ALIASES = { http_proxy: 'HTTP_PROXY', https_proxy: 'HTTPS_PROXY', no_proxy: 'NO_PROXY' } as const;

/**
 * @param folder the home of all files
 * @returns the configuration with all its problems at once; nothing is written, except that a replacement of the files that was
 *   interrupted is finished
 * @throws CodedError CONFIG_UNREADABLE, CONFIG_NOT_JSON, HOME_FILES_NOT_WRITABLE
 */
export function loadConfig(folder: string, environment: Environment): Config {
  const home = findHome(folder);
  const environmentOnly = isEnvironmentOnly(environment);
  if (!environmentOnly) finishReplacement(home);
  const file = environmentOnly ? {} : readConfigFile(home.configFile);
  return withSettingsFile({ home, environmentOnly }, file, environment);
}

/**
 * As `loadConfig`, for a connector that starts: what is made once (session secret, version) is made and written, and a configuration
 * of an installed connector is taken over.
 *
 * @returns also whether it was taken over just now
 * @throws CodedError also CONFIG_NOT_WRITABLE
 */
export function loadConfigForStart(folder: string, environment: Environment): { config: Config; takenOver: boolean } {
  const config = loadConfig(folder, environment);
  if (config.environmentOnly || config.problems.length > 0) return { config, takenOver: false };
  const { changes, takenOver } = firstStartChanges(config.file);
  if (Object.keys(changes).length === 0) return { config, takenOver };
  updateConfigFile(config.home.configFile, changes);
  return { config: loadConfig(folder, environment), takenOver };
}

/** @throws CodedError CONFIG_INVALID with every problem, one a line, where there is any */
export function assertRunnable({ problems, home, environmentOnly }: Config): void {
  if (problems.length === 0) return;
  throw new CodedError('CONFIG_INVALID', problems.map(({ message }) => message).join('\n       '), {
    action: environmentOnly ? 'Set it in the environment.' : `Run setup, or set it in the environment or in ${home.configFile}.`,
  });
}

/** @throws CodedError CONFIG_ENVIRONMENT_ONLY where no file is read or written */
export function assertHasFiles({ environmentOnly }: Pick<Config, 'environmentOnly'>): void {
  if (!environmentOnly) return;
  throw new CodedError('CONFIG_ENVIRONMENT_ONLY', 'OVERRIDE_CONFIG=false: this connector has no files to read or write', {
    action: 'Change the environment instead, or take OVERRIDE_CONFIG out of it.',
  });
}

/** @returns the configuration with these keys of the file changed; nothing is written */
export function withChanges(config: Config, changes: Readonly<Record<string, unknown>>, environment: Environment): Config {
  return withSettingsFile(config, { ...config.file, ...changes }, environment);
}

/** @returns the configuration with these files in place of those in the home; nothing is written */
export function withFiles(config: ConfigPlace, files: HomeFiles, environment: Environment): Config {
  return { ...withSettingsFile(config, files.settings, environment), candidate: files };
}

/** @returns the configuration with this content of `config.json`; nothing is written */
export function withSettingsFile({ home, environmentOnly }: ConfigPlace, file: FileContent, environment: Environment): Config {
  const { values, origins, problems } = loadSettings(SETTINGS, { file, environment: withAliases(environment) });
  return { home, environmentOnly, values, origins, file, problems: [...problems, ...problemsOf(values, problems)] };
}

function withAliases(environment: Environment): Environment {
  const result: Record<string, string | undefined> = { ...environment };
  for (const [alias, name] of Object.entries(ALIASES)) {
    // An empty variable is how people switch a proxy off.
    const value = environment[name] ?? environment[alias];
    result[name] = value === '' ? undefined : value;
  }
  return result;
}

function isEnvironmentOnly(environment: Environment): boolean {
  const given = setting.boolean().schema.safeParse(environment.OVERRIDE_CONFIG ?? 'true');
  return given.success && !given.data;
}
