/** `service install|remove|status`, the same in both programs. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { CodedError } from './coded-error.ts';
import { EXIT_CHANGED } from './command-line.ts';
import { createLaunchdService } from './launchd-service.ts';
import { printableLines } from './printable.ts';
import type { ServiceContext, ServiceManager } from './service-manager.ts';
import type { ServiceProgram } from './service-program.ts';
import { createSystemdService } from './systemd-service.ts';
import { createWindowsService } from './windows-service.ts';

/** Each platform of Node.js with a service manager that this program knows. */
const SERVICE_MANAGERS: Readonly<Partial<Record<NodeJS.Platform, (context: ServiceContext) => ServiceManager>>> = {
  linux: createSystemdService,
  darwin: createLaunchdService,
  win32: createWindowsService,
};

/** @param givenHome the home that the user named; only known when the command runs */
export function serviceCommand(program: ServiceProgram, givenHome: () => string | undefined): Command {
  const say = (line: string) => process.stdout.write(printableLines(`${line}\n`));
  function manager(): ServiceManager {
    const create = SERVICE_MANAGERS[process.platform];
    if (create === undefined) {
      throw new CodedError('SERVICE_UNSUPPORTED', `${program.name} cannot install a service on ${process.platform}`, {
        action: `Let the service manager of this system run "${program.name} run".`,
      });
    }
    const home = givenHome();
    const main = process.argv[1] ?? '';
    return create({ program, node: process.execPath, main, home: home === undefined ? undefined : resolve(home), say });
  }
  const detailed = ['--detailed-exitcode', 'exit with 3 if something was changed, and with 0 if nothing was'] as const;
  const exitWith = (isChanged: boolean, options: { detailedExitcode?: boolean }) => {
    process.exitCode = isChanged && options.detailedExitcode ? EXIT_CHANGED : 0;
  };
  return new Command('service')
    .description('run as a service of this machine')
    .addCommand(
      new Command('install')
        .description('install the service, start it, and start it at boot')
        .option(...detailed)
        .action((options) => exitWith(manager().install(), options)),
    )
    .addCommand(
      new Command('remove')
        .description('stop the service and remove it; data and settings stay')
        .option(...detailed)
        .action((options) => exitWith(manager().remove(), options)),
    )
    .addCommand(
      new Command('status').description('show whether the service is installed and runs; exit code 1 if it does not run').action(() => {
        const { isInstalled, isRunning, startsAtBoot } = manager().status();
        if (!isInstalled) say(`There is no service ${program.name}.`);
        else
          say(
            `The service ${program.name} ${isRunning ? 'runs' : 'does not run'} and ${startsAtBoot ? 'starts' : 'does not start'} at boot.`,
          );
        process.exitCode = isRunning ? 0 : 1;
      }),
    );
}
