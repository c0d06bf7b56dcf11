/** What Debian and RPM packages have in common: the files that they install, and the texts about them. */
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { connectorCommandLine } from '../packages/connector/src/cli/program.ts';
import { CONNECTOR_SERVICE } from '../packages/connector/src/cli/service-program.ts';
import { hubCommandLine } from '../packages/hub/src/cli/program.ts';
import { HUB_SERVICE } from '../packages/hub/src/cli/service-program.ts';
import {
  completionScript,
  environmentFileText,
  launcherText,
  manPage,
  type ServiceProgram,
  systemdHome,
  systemdUnit,
} from '../packages/runtime/src/index.ts';
import type { ProgramFolder } from './program-folder.ts';
import { type Program, ROOT } from './targets.ts';

export const SERVICES: Readonly<Record<Program, ServiceProgram>> = { connector: CONNECTOR_SERVICE, hub: HUB_SERVICE };

interface Description {
  summary: string;
  /** Lines of at most 78 characters. */
  text: readonly string[];
}

export const DESCRIPTIONS: Readonly<Record<Program, Description>> = {
  connector: {
    summary: 'signs users in with a directory that the cloud cannot reach',
    text: [
      'Runs next to Active Directory or another LDAP directory, and signs users in for',
      'a Landbridge hub or an Auth0 tenant. Node.js is included.',
    ],
  },
  hub: {
    summary: 'asks connectors to sign users in',
    text: ['Runs next to the applications and signs their users in with directories that', 'only connectors reach. Node.js is included.'],
  },
};

/** Whoever makes packages for others sets the variables of Debian's tools (debchange(1)). */
export function maintainer(): string {
  return `${process.env.DEBFULLNAME ?? 'Landbridge maintainers'} <${process.env.DEBEMAIL ?? 'maintainers@landbridge.invalid'}>`;
}

/** A folder whose content becomes the root of the package. */
export interface LinuxStage {
  folder: string;
  write(path: string, content: string | Buffer, mode?: number): void;
}

/** @param folders for documentation and licences, and where zsh looks for completion scripts */
export function stageLinuxFiles(from: ProgramFolder, folder: string, { documents, zsh }: { documents: string; zsh: string }): LinuxStage {
  const service = SERVICES[from.program];
  const { name } = service;
  rmSync(folder, { recursive: true, force: true });
  const write: LinuxStage['write'] = (path, content, mode = 0o644) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    chmodSync(join(folder, path), mode);
  };
  for (const part of ['bin', 'lib']) cpSync(join(from.folder, part), join(folder, 'usr/lib', name, part), { recursive: true });
  const home = systemdHome(service);
  const program = { node: `/usr/lib/${name}/bin/node`, main: `/usr/lib/${name}/lib/main.js`, home };
  write(`usr/bin/${name}`, launcherText(service, program), 0o755);
  const documentation = `file:///${documents}`;
  write(
    `usr/lib/systemd/system/${name}.service`,
    systemdUnit(service, { launcher: `/usr/bin/${name}`, home, documentation, isOurs: false }),
  );
  write(`etc/${name}/environment`, environmentFileText(service, home));
  mkdirSync(join(folder, 'etc', name, 'credentials'), { recursive: true });
  const commandLine = { connector: connectorCommandLine, hub: hubCommandLine }[from.program]({});
  write(`usr/share/man/man1/${name}.1.gz`, gzipSync(manPage(commandLine), { level: 9 }));
  write(`usr/share/bash-completion/completions/${name}`, completionScript(commandLine, 'bash'));
  write(`${zsh}/_${name}`, completionScript(commandLine, 'zsh'));
  write(`usr/share/fish/vendor_completions.d/${name}.fish`, completionScript(commandLine, 'fish'));
  write(`${documents}/THIRD-PARTY-LICENCES`, from.licences);
  for (const file of ['BUILD', from.sbomFile]) write(`${documents}/${file}`, readFileSync(join(from.folder, file)));
  return { folder, write };
}

/** A script in `linux/`, for one of the programs. */
export function linuxScript(file: string, program: Program): string {
  const { name, title } = SERVICES[program];
  return readFileSync(join(ROOT, 'packaging', 'linux', file), 'utf8')
    .replaceAll('@NAME@', name)
    .replaceAll('@TITLE@', title);
}
