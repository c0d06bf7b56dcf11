/**
 * The configuration: read once from the environment and `config.json`, checked, complete, read-only. This folder owns settings and
 * their files; nothing else reads the environment or `config.json`.
 */
import { CodedError, loadSettings, type SettingProblem, settingOfSecretFile } from '@landbridge/runtime';
import { problemsOf } from './check.ts';
import { type FileContent, readConfigFile, updateConfigFile } from './config-file.ts';
import { isEnvironmentOnly } from './environment-only.ts';
import { type ConnectorHome, findHome } from './home.ts';
import { finishReplacement, type HomeFiles } from './home-files.ts';
import { type ConnectorSettings, SETTINGS, type SettingName } from './settings.ts';
import { firstStartChanges, takenOverSettings } from './take-over.ts';

export interface Config {
  readonly home: ConnectorHome;
  /** `OVERRIDE_CONFIG=false`: settings come only from the environment. The certificate and mapper in the home still apply. */
  readonly environmentOnly: boolean;
  readonly values: ConnectorSettings;
  readonly origins: Readonly<Record<SettingName, 'environment' | 'file' | 'default' | 'unset'>>;
  /** If there are any, the connector does not start. Each names its setting. */
  readonly problems: readonly SettingProblem[];
  /** The file as it was read, including unknown keys. */
  readonly file: FileContent;
  /** Mapper and certificate used instead of those in the home, while a configuration is tried before its files are written. */
  readonly candidate?: Pick<HomeFiles, 'mapper' | 'certificate'>;
}

type ConfigPlace = Pick<Config, 'home' | 'environmentOnly'>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Lower-case names that other programs use; the upper-case name takes precedence. */
const ALIASES = { http_proxy: 'HTTP_PROXY', https_proxy: 'HTTPS_PROXY', no_proxy: 'NO_PROXY' } as const;

/**
 * Finishes an interrupted replacement of the files, and otherwise writes nothing.
 *
 * @param folder the home
 * @returns the configuration with all its problems
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
 * As `loadConfig`, for a connector that starts: also creates what is created once (session secret, version), and takes over the
 * configuration of a replaced connector.
 *
 * @returns also whether the configuration was taken over just now, and why that could not be saved
 * @throws CodedError as `loadConfig`
 */
export function loadConfigForStart(folder: string, environment: Environment): { config: Config; takenOver: boolean; notSaved?: unknown } {
  const config = loadConfig(folder, environment);
  if (config.environmentOnly || config.problems.length > 0) return { config, takenOver: false };
  const { changes, takenOver } = firstStartChanges(config.file);
  if (Object.keys(changes).length === 0) return { config, takenOver };
  try {
    updateConfigFile(config.home.configFile, changes);
  } catch (notSaved) {
    // The file may be mounted read-only, and sign-ins do not need it.
    return { config, takenOver, notSaved };
  }
  return { config: loadConfig(folder, environment), takenOver };
}

/** @throws CodedError CONFIG_INVALID with all problems, one per line */
export function assertRunnable({ problems, home, environmentOnly }: Config): void {
  if (problems.length === 0) return;
  throw new CodedError('CONFIG_INVALID', problems.map(({ message }) => message).join('\n       '), {
    action: environmentOnly ? 'Set it in the environment.' : `Run setup, or set it in the environment or in ${home.configFile}.`,
  });
}

/** @throws CodedError CONFIG_ENVIRONMENT_ONLY if the connector has no files */
export function assertHasFiles({ environmentOnly }: Pick<Config, 'environmentOnly'>): void {
  if (!environmentOnly) return;
  throw new CodedError('CONFIG_ENVIRONMENT_ONLY', 'OVERRIDE_CONFIG=false: this connector has no files to read or write', {
    action: 'Change the environment instead, or remove OVERRIDE_CONFIG from it.',
  });
}

/** @returns the configuration with these keys of the file changed; nothing is written */
export function withChanges(config: Config, changes: Readonly<Record<string, unknown>>, environment: Environment): Config {
  const changed = withSettingsFile(config, { ...config.file, ...changes }, environment);
  return config.candidate === undefined ? changed : { ...changed, candidate: config.candidate };
}

/** As `withChanges` for entered settings: they override the environment, because they will be in the file without it. */
export function withEntered(config: Config, changes: Readonly<Record<string, unknown>>, environment: Environment): Config {
  const isNewTicket = changes.PROVISIONING_TICKET !== undefined && changes.PROVISIONING_TICKET !== config.values.PROVISIONING_TICKET;
  // A new ticket may belong to another hub.
  const entered = { ...changes, ...(isNewTicket && { HUB_IDENTITY: undefined }) };
  const isReplaced = (variable: string) => Object.hasOwn(changes, settingOfSecretFile(SETTINGS, variable) ?? variable);
  return withChanges(config, entered, Object.fromEntries(Object.entries(environment).filter(([variable]) => !isReplaced(variable))));
}

/** @returns the configuration with these files in place of those in the home; nothing is written */
export function withFiles(config: ConfigPlace, files: HomeFiles, environment: Environment): Config {
  return { ...withSettingsFile(config, files.settings, environment), candidate: files };
}

/** @returns the configuration with this content of `config.json`; nothing is written */
export function withSettingsFile({ home, environmentOnly }: ConfigPlace, file: FileContent, environment: Environment): Config {
  // Also before the first start has written the file, and if it cannot be written.
  const effective = { ...file, ...takenOverSettings(file) };
  const { values, origins, problems } = loadSettings(SETTINGS, { file: effective, environment: withAliases(environment) });
  return { home, environmentOnly, values, origins, file, problems: [...problems, ...problemsOf(values, problems, home.layout)] };
}

function withAliases(environment: Environment): Environment {
  const result: Record<string, string | undefined> = { ...environment };
  for (const [alias, name] of Object.entries(ALIASES)) {
    // An empty variable turns a proxy off.
    const value = environment[name] ?? environment[alias];
    result[name] = value === '' ? undefined : value;
  }
  return result;
}
