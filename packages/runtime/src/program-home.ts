/** The home: the folder with a program's files. Where it is by default, and how it is created. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, posix, resolve, win32 } from 'node:path';
import { CodedError, errorText } from './coded-error.ts';

/** A package contains bundled JavaScript; a checkout runs from the TypeScript source. */
const IS_PACKAGED = !import.meta.url.endsWith('.ts');

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param program such as `landbridge-hub`
 * @param given `--home`
 * @returns the absolute path: `--home`, else LANDBRIDGE_HOME, else the platform's folder in a package and the current folder in a checkout
 */
export function homeFolder(program: string, given: string | undefined, environment: Environment): string {
  return resolve(given ?? (environment.LANDBRIDGE_HOME || (IS_PACKAGED ? platformHome(program, process.platform, environment) : '.')));
}

/**
 * The Filesystem Hierarchy Standard's folder for variable data, Windows' for data of all users, and Apple's for support files.
 *
 * @returns such as `/var/lib/landbridge-hub`
 */
export function platformHome(program: string, platform: NodeJS.Platform, environment: Environment): string {
  const title = program.replace(/^landbridge-/, '').replace(/^./, (letter) => letter.toUpperCase());
  if (platform === 'win32') return win32.join(environment.ProgramData || 'C:\\ProgramData', 'Landbridge', title);
  if (platform === 'darwin') return posix.join('/Library/Application Support/Landbridge', title);
  return posix.join('/var/lib', program);
}

/** @throws CodedError HOME_UNUSABLE */
export function createHome(folder: string): void {
  try {
    makeFolder(folder);
  } catch (cause) {
    throw new CodedError('HOME_UNUSABLE', `The home ${folder} cannot be created: ${errorText(cause)}`, {
      cause,
      action: 'Choose another folder with --home.',
    });
  }
}

/**
 * Creates a folder with its parents, each with mode 0700. Node's own recursive `mkdirSync` never returns in `/proc`.
 *
 * @throws the file system's error
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path) && path !== dirname(path); path = dirname(path)) missing.unshift(path);
  for (const path of missing) {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      // Another process may have created it in the meantime.
      if (!existsSync(path)) throw error;
    }
  }
  // A file in its place.
  if (!statSync(folder).isDirectory()) mkdirSync(folder);
}
