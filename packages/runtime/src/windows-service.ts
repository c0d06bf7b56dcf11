/** The service on Windows. The service host of the package talks to the service manager; it is beside the folder of node.exe. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CodedError } from './coded-error.ts';
import { requireTool, type ServiceContext, type ServiceManager, type ServiceStatus } from './service-manager.ts';

/** @throws CodedError SERVICE_UNSUPPORTED if the program was not started from a package */
export function createWindowsService({ program, node, home, say }: ServiceContext): ServiceManager {
  const host = join(dirname(node), '..', `${program.name}-service.exe`);
  if (!existsSync(host)) {
    throw new CodedError('SERVICE_UNSUPPORTED', `${host} does not exist, and only the packages for Windows contain it`, {
      action: 'Install the MSI, or unpack the zip into a folder that only administrators can change, and run it from there.',
    });
  }

  /** The last line: "not installed", or such as "running automatic". */
  function status(): ServiceStatus {
    const found = requireTool(host, ['status']).split(/\r?\n/).at(-1) ?? '';
    return { isInstalled: found !== 'not installed', isRunning: found.startsWith('running '), startsAtBoot: found.endsWith(' automatic') };
  }

  return {
    install() {
      const before = status();
      requireTool(host, home === undefined ? ['install'] : ['install', home]);
      requireTool(host, ['start']);
      say(`The service ${program.name} runs and starts at boot. The event viewer shows its starts, stops and failures.`);
      return !before.isInstalled || !before.isRunning;
    },
    remove() {
      const { isInstalled } = status();
      if (isInstalled) requireTool(host, ['remove']);
      say(isInstalled ? `The service ${program.name} is removed. Its home stays.` : `There is no service ${program.name}.`);
      return isInstalled;
    },
    status,
  };
}
