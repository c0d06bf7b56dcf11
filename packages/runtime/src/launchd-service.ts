/** Services of launchd on macOS: a property list in /Library/LaunchDaemons. An administrator creates the account. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
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
import { SERVICE_FILE_MARK, type ServiceProgram } from './service-program.ts';

export function createLaunchdService(context: ServiceContext): ServiceManager {
  const { program, say, root = '' } = context;
  const { name } = program;
  const home = context.home ?? launchdHome(program);
  const plist = `${root}/Library/LaunchDaemons/${name}.plist`;
  const target = `system/${name}`;

  function status(): ServiceStatus {
    const { status: exitCode, output } = tryTool('launchctl', ['print', target]);
    const isInstalled = existsSync(plist);
    return { isInstalled, isRunning: exitCode === 0 && /\bstate = running\b/.test(output), startsAtBoot: isInstalled };
  }

  return {
    install() {
      requireRoot(context);
      requireSafeProgram(context, ['/Users', '/private/tmp', '/tmp']);
      const isPresent = hasOwnFile(plist);
      const account = launchdAccount(program);
      if (tryTool('id', ['-u', account]).status !== 0 || !existsSync(`${root}${home}`)) {
        throw new CodedError('SERVICE_ACCOUNT_MISSING', `The account ${account} or the folder ${home} does not exist`, {
          action: `Create both as docs/install-macos.md describes, then run the command again.`,
        });
      }
      const text = launchdPlist(context, home);
      const isLoaded = tryTool('launchctl', ['print', target]).status === 0;
      const isCurrent = isPresent && readFileSync(plist, 'utf8') === text;
      if (isCurrent && isLoaded) {
        say(`The service ${name} is unchanged.`);
        return false;
      }
      // launchd reads a property list only when it loads it.
      if (isLoaded) requireTool('launchctl', ['bootout', target]);
      mkdirSync(dirname(plist), { recursive: true });
      writeFileSync(plist, text, { mode: 0o644 });
      requireTool('launchctl', ['enable', target]);
      requireTool('launchctl', ['bootstrap', 'system', plist]);
      say(`The service ${name} runs and starts at boot. Its log: ${logPath(program)}`);
      return true;
    },

    remove() {
      requireRoot(context);
      const isPresent = hasOwnFile(plist);
      if (isPresent && tryTool('launchctl', ['print', target]).status === 0) requireTool('launchctl', ['bootout', target]);
      rmSync(plist, { force: true });
      say(isPresent ? `The service ${name} is removed.` : `There is no service ${name}.`);
      const left = [home, logPath(program)].filter((path) => existsSync(`${root}${path}`));
      if (left.length > 0) {
        say(`Data and settings remain in ${left.join(', ')}. To delete them:`);
        say(`  rm -r ${left.map((path) => `'${path}'`).join(' ')}`);
      }
      return isPresent;
    },

    status,
  };
}

function launchdHome({ name }: ServiceProgram): string {
  return `/Library/Application Support/${name}`;
}

/** Accounts of services begin with an underscore on macOS. */
function launchdAccount({ name }: ServiceProgram): string {
  return `_${name}`;
}

function logPath({ name }: ServiceProgram): string {
  return `/Library/Logs/${name}.log`;
}

/** launchd.plist(5). A failed program is restarted, at most every ten seconds; one that ends with exit code 0 is not. */
export function launchdPlist({ program, node, main }: ServiceContext, home: string): string {
  const command = [node, ...program.nodeOptions, main, 'run', '--home', home];
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${SERVICE_FILE_MARK} -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${program.name}</string>
  <key>ProgramArguments</key>
  <array>
${command.map((argument) => `    <string>${escapeXml(argument)}</string>`).join('\n')}
  </array>
  <key>UserName</key>
  <string>${launchdAccount(program)}</string>
  <key>WorkingDirectory</key>
  <string>${escapeXml(home)}</string>
  <key>StandardErrorPath</key>
  <string>${logPath(program)}</string>
  <key>Umask</key>
  <integer>${0o077}</integer>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ExitTimeOut</key>
  <integer>30</integer>
  <key>SoftResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>65536</integer>
  </dict>
  <key>HardResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>65536</integer>
  </dict>
</dict>
</plist>
`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
