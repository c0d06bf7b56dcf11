/** Services of systemd: unit, account, folders and a command in PATH, for programs that no package installed. */
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CodedError } from './coded-error.ts';
import {
  hasOwnFile,
  requireRoot,
  requireSafeProgram,
  requireTool,
  type ServiceContext,
  type ServiceManager,
  type ServiceStatus,
  tryTool,
} from './service-manager.ts';
import { environmentFileText, launcherText, SERVICE_FILE_MARK } from './service-program.ts';
import { systemdHome, systemdUnit } from './systemd-unit.ts';

/** The unit gives the service an empty folder instead of each of these. */
const HIDDEN_FOLDERS = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'];

/** @throws CodedError SERVICE_UNSUPPORTED if systemd does not run this machine */
export function createSystemdService(context: ServiceContext): ServiceManager {
  const { program, node, main, say } = context;
  const { name } = program;
  if (!existsSync(`/run/systemd/system`)) {
    throw new CodedError('SERVICE_UNSUPPORTED', 'systemd does not run on this machine', {
      action: `Let its service manager run "${name} run", and send SIGTERM to stop it.`,
    });
  }
  const home = context.home ?? systemdHome(program);
  const unit = `/etc/systemd/system/${name}.service`;
  const launcher = `/usr/local/bin/${name}`;
  const settings = `/etc/${name}`;
  const packageUnit = ['/usr/lib', '/lib'].map((lib) => `${lib}/systemd/system/${name}.service`).find((path) => existsSync(path));
  const isPackaged = packageUnit !== undefined && main.startsWith(`/usr/lib/${name}/`);
  if (packageUnit !== undefined && !isPackaged) {
    throw new CodedError('SERVICE_NOT_OURS', `The package ${name} has installed the service (${packageUnit})`, {
      action: `Use the package's command, /usr/bin/${name}, or remove the package first.`,
    });
  }

  function status(): ServiceStatus {
    const { output } = tryTool('systemctl', ['show', '--property=LoadState,ActiveState,UnitFileState', name]);
    return {
      isInstalled: output.includes('LoadState=loaded'),
      isRunning: output.includes('ActiveState=active'),
      startsAtBoot: output.includes('UnitFileState=enabled'),
    };
  }

  /** @returns whether it changed */
  function write(path: string, content: string, mode: number): boolean {
    if (existsSync(path) && readFileSync(path, 'utf8') === content && (statSync(path).mode & 0o777) === mode) return false;
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, content);
    chmodSync(path, mode);
    say(`${path} written.`);
    return true;
  }

  function createAccount(): boolean {
    if (tryTool('getent', ['passwd', name]).status === 0) return false;
    const shell = ['/usr/sbin/nologin', '/sbin/nologin'].find((path) => existsSync(path)) ?? '/bin/false';
    const options = ['--system', '--user-group', '--no-create-home', '--home-dir', home, '--shell', shell, '--comment', program.title];
    requireTool('useradd', [...options, name]);
    say(`Account ${name} created.`);
    return true;
  }

  function accountIds(): { uid: number; gid: number } {
    const [, , uid, gid] = requireTool('getent', ['passwd', name]).split(':');
    return { uid: Number(uid), gid: Number(gid) };
  }

  /** @throws CodedError SERVICE_HOME_UNUSABLE */
  function createHome(): boolean {
    const { uid, gid } = accountIds();
    const hidden = HIDDEN_FOLDERS.find((folder) => `${home}/`.startsWith(`${folder}/`));
    if (hidden !== undefined || /[\s"'\\%$]/.test(home)) {
      throw new CodedError('SERVICE_HOME_UNUSABLE', `The service cannot use ${home} as its home`, {
        action: `Choose a folder without spaces outside of ${HIDDEN_FOLDERS.join(', ')}, or omit --home for ${systemdHome(program)}.`,
      });
    }
    const present = lstatSync(home, { throwIfNoEntry: false });
    if (present === undefined) {
      mkdirSync(home, { recursive: true, mode: 0o700 });
      chmodSync(home, 0o700);
      chownSync(home, uid, gid);
      say(`${home} created.`);
      return true;
    }
    // Root may have run "setup" there before the account existed.
    const strangers = requireTool('find', [home, '!', '-user', name, '-print', '-quit']);
    if (strangers === '') return false;
    throw new CodedError('SERVICE_HOME_UNUSABLE', `${strangers} does not belong to the account ${name}`, {
      action: `If the folder contains only files of ${name}, run: chown -R ${name}: ${home}`,
    });
  }

  /** Secrets and settings, as a package has them. */
  function createSettings(): boolean {
    const { gid } = accountIds();
    const credentials = join(settings, 'credentials');
    if (existsSync(join(settings, 'environment')) && existsSync(credentials)) return false;
    mkdirSync(credentials, { recursive: true });
    chmodSync(credentials, 0o700);
    chmodSync(settings, 0o750);
    chownSync(settings, 0, gid);
    const file = join(settings, 'environment');
    if (!existsSync(file)) writeFileSync(file, environmentFileText(program, home));
    chmodSync(file, 0o640);
    chownSync(file, 0, gid);
    say(`${settings} created.`);
    return true;
  }

  return {
    install() {
      requireRoot(context);
      let hasNewFiles = false;
      let hasNewFolders = false;
      if (!isPackaged) {
        requireSafeProgram(context, HIDDEN_FOLDERS);
        hasOwnFile(unit);
        hasOwnFile(launcher);
        hasNewFolders = [createAccount(), createHome(), createSettings()].includes(true);
        const files = [
          write(launcher, launcherText(program, { node, main, home, mark: SERVICE_FILE_MARK }), 0o755),
          write(unit, systemdUnit(program, { launcher, home, documentation: undefined, isOurs: true }), 0o644),
        ];
        hasNewFiles = files.includes(true);
        if (hasNewFiles) requireTool('systemctl', ['daemon-reload']);
      }
      const before = status();
      if (!before.startsAtBoot) requireTool('systemctl', ['enable', '--quiet', name]);
      if (!before.isRunning) requireTool('systemctl', ['start', name]);
      else if (hasNewFiles) requireTool('systemctl', ['restart', name]);
      const isChanged = hasNewFiles || hasNewFolders || !before.startsAtBoot || !before.isRunning;
      say(isChanged ? `The service ${name} runs and starts at boot. Its log: journalctl -u ${name}` : `The service ${name} is unchanged.`);
      return isChanged;
    },

    remove() {
      requireRoot(context);
      const before = status();
      if (isPackaged) {
        if (before.isRunning || before.startsAtBoot) requireTool('systemctl', ['disable', '--quiet', '--now', name]);
        say(`The service ${name} is stopped and does not start at boot. Its files belong to the package; remove that to remove them.`);
        return before.isRunning || before.startsAtBoot;
      }
      const files = [unit, launcher].filter(hasOwnFile);
      if (before.isInstalled) requireTool('systemctl', ['disable', '--quiet', '--now', name]);
      for (const file of files) rmSync(file);
      if (files.length > 0) {
        requireTool('systemctl', ['daemon-reload']);
        tryTool('systemctl', ['reset-failed', name]);
      }
      say(files.length > 0 ? `The service ${name} is removed.` : `There is no service ${name}.`);
      const left = [home, settings, `${unit}.d`].filter((path) => existsSync(path));
      if (left.length > 0) {
        const isAccountLeft = tryTool('getent', ['passwd', name]).status === 0;
        say(`Data and settings remain in ${left.join(', ')}${isAccountLeft ? `, and so does the account ${name}` : ''}. To delete them:`);
        say(`  rm -r ${left.join(' ')}${isAccountLeft ? ` && userdel ${name}` : ''}`);
      }
      return files.length > 0;
    },

    status,
  };
}
