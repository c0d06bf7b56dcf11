/** Debian packages: the program's folder below /usr/lib, a systemd service with an account of its own, and the scripts around it. */
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { normalize } from './archive.ts';
import type { PackageOptions } from './makers.ts';
import type { ProgramFolder } from './program-folder.ts';
import { runTool } from './run-tool.ts';
import { DEBIAN_ARCHITECTURES, type Program, packageNameOf, ROOT } from './targets.ts';

interface Texts {
  title: string;
  description: string;
  settingsFile: string;
  /** Further lines of the unit. */
  reload: string;
  credentials: string;
}

const TEXTS: Readonly<Record<Program, Texts>> = {
  connector: {
    title: 'Landbridge connector',
    description:
      'signs users in with a directory that the cloud cannot reach\n Runs next to Active Directory or another LDAP directory, and signs users in for\n a Landbridge hub or an Auth0 tenant. Node.js is included.',
    settingsFile: 'config.json',
    reload: 'ExecReload=kill -HUP $MAINPID\n',
    credentials: '',
  },
  hub: {
    title: 'Landbridge hub',
    description:
      'asks connectors to sign users in\n Runs next to the applications and signs their users in with directories that\n only connectors reach. Node.js is included.',
    settingsFile: 'hub.json',
    reload: '',
    credentials:
      '# The key that encrypts the database, if it is not hub.key in the home: /etc/credstore/landbridge-hub-key.\nLoadCredential=landbridge-hub-key\n',
  },
};

/** @returns the path of the package */
export function makeDebianPackage(from: ProgramFolder, { output, revision, epoch, compression }: PackageOptions): string {
  const name = packageNameOf(from.program);
  const architecture = DEBIAN_ARCHITECTURES[from.target];
  if (architecture === undefined) throw new Error(`no Debian packages for ${from.target}`);
  const version = `${from.version}-${revision}`;
  const stage = `${from.folder}.deb`;
  rmSync(stage, { recursive: true, force: true });
  const write = (path: string, content: string | Buffer, mode = 0o644) => {
    mkdirSync(dirname(join(stage, path)), { recursive: true });
    writeFileSync(join(stage, path), content);
    chmodSync(join(stage, path), mode);
  };

  for (const part of ['bin', 'lib']) cpSync(join(from.folder, part), join(stage, 'usr/lib', name, part), { recursive: true });
  write(`usr/bin/${name}`, linuxFile('start-script', from.program), 0o755);
  write(`usr/lib/systemd/system/${name}.service`, linuxFile('service', from.program));
  write(`etc/${name}/environment`, linuxFile('environment', from.program));
  mkdirSync(join(stage, 'etc', name, 'credentials'), { recursive: true });
  const doc = `usr/share/doc/${name}`;
  const licences = `${doc}/THIRD-PARTY-LICENCES`;
  const note = `The package contains Node.js and npm packages of others; /${licences} has their licences.\n`;
  write(`${doc}/copyright`, `${readFileSync(join(ROOT, 'LICENSE'), 'utf8')}\n${note}`);
  write(licences, from.licences);
  write(`${doc}/changelog.Debian.gz`, gzipSync(changelog(name, version, epoch), { level: 9 }));
  write(`${doc}/BUILD`, readFileSync(join(from.folder, 'BUILD')));
  write(`${doc}/${from.sbomFile}`, readFileSync(join(from.folder, from.sbomFile)));
  normalize(stage, epoch);

  write('DEBIAN/conffiles', `/etc/${name}/environment\n`);
  write('DEBIAN/control', control(from.program, version, architecture, installedKilobytes(stage)));
  for (const script of ['postinst', 'prerm', 'postrm']) write(`DEBIAN/${script}`, linuxFile(script, from.program), 0o755);
  normalize(join(stage, 'DEBIAN'), epoch);
  const file = join(output, `${name}_${version}_${architecture}.deb`);
  const compress = compression === 'small' ? ['-Zxz', '-z6'] : ['-Zgzip', '-z1'];
  runTool('dpkg-deb', ['--root-owner-group', ...compress, '--build', stage, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
  rmSync(stage, { recursive: true });
  return file;
}

/** A file in `linux/`, for one of the programs. */
function linuxFile(file: string, program: Program): string {
  const { title, settingsFile, reload, credentials } = TEXTS[program];
  return readFileSync(join(import.meta.dirname, 'linux', file), 'utf8')
    .replaceAll('@NAME@', packageNameOf(program))
    .replaceAll('@TITLE@', title)
    .replaceAll('@SETTINGS_FILE@', settingsFile)
    .replaceAll('@RELOAD@', reload)
    .replaceAll('@CREDENTIALS@', credentials);
}

function control(program: Program, version: string, architecture: string, kilobytes: number): string {
  return `Package: ${packageNameOf(program)}
Version: ${version}
Architecture: ${architecture}
Maintainer: Landbridge maintainers <maintainers@landbridge.invalid>
Installed-Size: ${kilobytes}
Depends: libc6 (>= 2.28), libstdc++6, passwd, systemd (>= 252)
${program === 'connector' ? 'Recommends: ca-certificates, libgssapi-krb5-2\n' : 'Recommends: ca-certificates\n'}Section: net
Priority: optional
Description: ${TEXTS[program].description}
`;
}

function changelog(name: string, version: string, epoch: number): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `${name} (${version}) unstable; urgency=medium\n\n  * CHANGELOG.md lists the changes.\n\n -- Landbridge maintainers <maintainers@landbridge.invalid>  ${date}\n`;
}

function installedKilobytes(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files.reduce((sum, entry) => sum + Math.ceil(statSync(join(entry.parentPath, entry.name)).size / 1024), 0);
}
