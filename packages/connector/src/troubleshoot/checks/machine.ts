/** The machine: file permissions, free disk space, and on Windows the domain and the account. */
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ConnectorHome } from '../../config/home.ts';
import type { Config } from '../../config/load.ts';
import { type Check, type CheckOutcome, fail, pass, skipped, warn } from '../check.ts';

const MIB = 1024 * 1024;
const NEEDED_MIB = 50;
const WANTED_MIB = 500;

/** @param config undefined if it cannot be read */
export function machineChecks(home: ConnectorHome, config: Pick<Config, 'environmentOnly'> | undefined): Check[] {
  return [
    { id: 'files', run: () => (config?.environmentOnly ? skipped('OVERRIDE_CONFIG=false: no file is used') : fileRights(home)) },
    { id: 'disk', run: () => diskSpace(home.folder) },
    { id: 'windows-domain', run: windowsDomain },
    { id: 'windows-account', run: windowsAccount },
  ];
}

function fileRights(home: ConnectorHome): CheckOutcome {
  if (process.platform === 'win32') return skipped('Windows uses access lists, which files inherit from their folder');
  if (!existsSync(home.folder)) return fail(`The folder ${home.folder} does not exist`, 'Name the right folder with --home.');
  const problems: string[] = [];
  const commands: string[] = [];
  // The connector's copies of both are just as secret.
  const secret = [home.configFile, `${home.configFile}.bak`, home.keyFile, join(home.folder, 'last-good.json')];
  for (const path of secret) {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    if (mode === undefined || (mode & 0o077) === 0) continue;
    problems.push(`${path} can be read or written by others (${(mode & 0o777).toString(8)})`);
    commands.push(`chmod 600 ${path}`);
  }
  const folder = statSync(home.folder);
  if ((folder.mode & 0o002) !== 0) {
    problems.push(`${home.folder} is writable by everyone`);
    commands.push(`chmod o-w ${home.folder}`);
  }
  const uid = process.getuid?.();
  // Root can read everything; the owner decides what the service can read.
  for (const path of [home.folder, home.configFile, home.keyFile, home.certFile]) {
    const owner = statSync(path, { throwIfNoEntry: false })?.uid;
    if (owner === undefined || owner === uid || owner === folder.uid) continue;
    problems.push(`${path} belongs to uid ${owner}, but ${home.folder} to uid ${folder.uid}`);
    commands.push(`chown ${folder.uid} ${path}`);
  }
  if (uid !== undefined && uid !== 0 && folder.uid !== uid)
    problems.push(`${home.folder} belongs to uid ${folder.uid}, but this program runs as uid ${uid}`);
  if (problems.length > 0) return fail(problems.join('; '), commands.length > 0 ? commands.join('; ') : 'Run it as the service’s account.');
  return pass(`Only uid ${folder.uid} can read the secret files in ${home.folder}`);
}

async function diskSpace(folder: string): Promise<CheckOutcome> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  const freeMib = Math.floor((bavail * bsize) / MIB);
  const found = `${freeMib} MB free at ${folder}`;
  if (files > 0 && ffree === 0) return fail(`No inode is free at ${folder}`, 'Delete unneeded files.');
  if (freeMib < NEEDED_MIB) return fail(found, 'Free some space: settings and logs can soon no longer be written.');
  return freeMib < WANTED_MIB ? warn(found, `Keep at least ${WANTED_MIB} MB free.`) : pass(found);
}

async function windowsDomain(): Promise<CheckOutcome> {
  if (process.platform !== 'win32') return skipped('not Windows');
  try {
    const { stdout } = await promisify(execFile)('nltest', ['/dsgetdc:'], { windowsHide: true, timeout: 10_000 });
    return pass(
      stdout
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter(Boolean)
        .slice(0, 3)
        .join('; '),
    );
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    return fail(
      `nltest /dsgetdc: found no domain controller. ${said.trim().split(/\r?\n/)[0] ?? ''}`.trim(),
      'Check the network, the DNS servers, and this machine’s domain membership.',
    );
  }
}

function windowsAccount(): CheckOutcome {
  if (process.platform !== 'win32') return skipped('not Windows');
  const { username } = userInfo();
  const isBuiltIn = /^(?:system|administrator|local service)$/i.test(username);
  return isBuiltIn
    ? warn(`Runs as ${username}`, 'Run the service under its own account, or as NETWORK SERVICE.')
    : pass(`Runs as ${username}`);
}
