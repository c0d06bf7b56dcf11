/**
 * Secrets that the environment names as files, as Docker, Kubernetes and Vault provide them: `NAME_FILE` is the path of a file with the value of
 * the secret setting `NAME`. The file is read each time the settings are, so that a reload uses a changed secret.
 */
import { errorCodeOf, LET_READ, readTextFile } from './text-file.ts';

const SUFFIX = '_FILE';

type SecretList = Readonly<Record<string, { description: string; secret?: true }>>;

/** @returns the secret setting whose file this environment variable names; undefined for any other variable */
export function settingOfSecretFile(list: SecretList, variable: string): string | undefined {
  if (!variable.endsWith(SUFFIX) || Object.hasOwn(list, variable)) return undefined;
  const name = variable.slice(0, -SUFFIX.length);
  return Object.hasOwn(list, name) && list[name]?.secret ? name : undefined;
}

/** @returns the environment with the secrets from their files, and a sentence by setting for each file that cannot be used */
export function withSecretFiles(
  list: SecretList,
  environment: Readonly<Record<string, string | undefined>>,
): { environment: Record<string, string | undefined>; problems: Map<string, string> } {
  const result: Record<string, string | undefined> = { ...environment };
  const problems = new Map<string, string>();
  for (const [variable, path] of Object.entries(environment)) {
    const name = path ? settingOfSecretFile(list, variable) : undefined;
    if (!path || name === undefined) continue;
    if (environment[name]) {
      problems.set(name, `${name} and ${variable} are both set in the environment: remove one of them`);
      continue;
    }
    delete result[name];
    try {
      const value = withoutLineEnd(readTextFile(path));
      if (value === '') problems.set(name, `${name} is missing: ${path}, which ${variable} names, is empty`);
      else result[name] = value;
    } catch (error) {
      problems.set(name, `${name} is missing: ${path}, which ${variable} names, cannot be read (${errorCodeOf(error)}). ${LET_READ}`);
    }
  }
  return { environment: result, problems };
}

/** Editors and `echo` add one. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '');
}
