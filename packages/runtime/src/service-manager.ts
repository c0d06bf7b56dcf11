/** The common interface of systemd, launchd and the service control manager of Windows, and how the program talks to them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodedError } from './coded-error.ts';
import { SERVICE_FILE_MARK, type ServiceProgram } from './service-program.ts';

export interface ServiceManager {
  /** Installs and starts the service. @returns whether it changed anything */
  install(): boolean;
  /** Stops and removes the service; data stay. @returns whether it changed anything */
  remove(): boolean;
  status(): ServiceStatus;
}

export interface ServiceStatus {
  isInstalled: boolean;
  isRunning: boolean;
  startsAtBoot: boolean;
}

export interface ServiceContext {
  program: ServiceProgram;
  /** Absolute paths of Node.js and of the program's main file. */
  node: string;
  main: string;
  /** The home that the user named, if any. */
  home: string | undefined;
  /** Tells the user what happened. */
  say: (line: string) => void;
  /** Prefix of all system folders, for tests without root. */
  root?: string;
}

/** @returns exit code and output. @throws CodedError SERVICE_FAILED if it cannot be started */
export function tryTool(tool: string, args: readonly string[]): { status: number; output: string } {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { encoding: 'utf8' });
  if (error !== undefined) throw new CodedError('SERVICE_FAILED', `Cannot run ${tool}`, { cause: error });
  return { status: status ?? 1, output: `${stdout}${stderr}`.trim() };
}

/** @returns its output. @throws CodedError SERVICE_FAILED if it fails */
export function requireTool(tool: string, args: readonly string[]): string {
  const { status, output } = tryTool(tool, args);
  if (status === 0) return output;
  throw new CodedError('SERVICE_FAILED', `${tool} ${args.join(' ')} failed: ${output || `exit code ${status}`}`, {
    action: 'Correct the cause and run the command again.',
  });
}

/** @throws CodedError SERVICE_NEEDS_ROOT */
export function requireRoot({ program, root }: ServiceContext): void {
  if (root !== undefined || process.getuid?.() === 0) return;
  throw new CodedError('SERVICE_NEEDS_ROOT', 'Only root can install and remove services', {
    action: `Run it with sudo, and with the command before all options: sudo ${program.name} service install.`,
  });
}

/**
 * The program of a service must be out of reach of other users: they could change it and so get what the service may read.
 *
 * @throws CodedError SERVICE_PROGRAM_UNSAFE
 */
export function requireSafeProgram({ node, main, root }: ServiceContext, hiddenFolders: readonly string[]): void {
  if (root !== undefined) return;
  for (const file of [node, main]) {
    const hidden = hiddenFolders.find((folder) => file.startsWith(`${folder}/`));
    if (hidden !== undefined) throw unsafe(`The service has no access to ${hidden}, and the program is in it: ${file}`);
    for (let path = file; ; path = dirname(path)) {
      const { uid, mode } = statSync(path);
      if (uid !== 0) throw unsafe(`${path} does not belong to root, so its owner could replace the program of the service`);
      if ((mode & 0o022) !== 0) throw unsafe(`Other users than root can write to ${path}, which is or contains the program of the service`);
      if ((mode & (path === main ? 0o004 : 0o001)) === 0) throw unsafe(`The account of the service has no access to ${path}`);
      if (path === dirname(path)) break;
    }
  }
}

function unsafe(message: string): CodedError {
  return new CodedError('SERVICE_PROGRAM_UNSAFE', message, {
    action: 'As root, unpack the program into /opt and run it from there.',
  });
}

/**
 * @returns whether the file exists
 * @throws CodedError SERVICE_NOT_OURS if somebody else wrote it
 */
export function hasOwnFile(path: string): boolean {
  if (!existsSync(path)) return false;
  if (readFileSync(path, 'utf8').includes(SERVICE_FILE_MARK)) return true;
  throw new CodedError('SERVICE_NOT_OURS', `"service install" did not write ${path}`, {
    action: 'Disable that service and move the file away, then run the command again.',
  });
}
