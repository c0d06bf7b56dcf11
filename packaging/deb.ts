/** Debian packages: the files of every Linux package, scripts that use Debian's helpers for services, and the documents of Debian's policy. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { normalize } from './archive.ts';
import { DESCRIPTIONS, linuxScript, maintainer, stageLinuxFiles } from './linux-package.ts';
import type { PackageOptions } from './makers.ts';
import type { ProgramFolder } from './program-folder.ts';
import { runTool } from './run-tool.ts';
import { DEBIAN_ARCHITECTURES, type Program, packageNameOf, ROOT } from './targets.ts';

/** @returns the path of the package */
export function makeDebianPackage(from: ProgramFolder, { output, revision, epoch, compression }: PackageOptions): string {
  const name = packageNameOf(from.program);
  const architecture = DEBIAN_ARCHITECTURES[from.target];
  if (architecture === undefined) throw new Error(`no Debian packages for ${from.target}`);
  const version = `${from.version}-${revision}`;
  const doc = `usr/share/doc/${name}`;
  const { folder, write } = stageLinuxFiles(from, `${from.folder}.deb`, { documents: doc, zsh: 'usr/share/zsh/vendor-completions' });
  write(`${doc}/copyright`, copyright(doc));
  write(`${doc}/changelog.gz`, gzipSync(readFileSync(join(ROOT, 'CHANGELOG.md')), { level: 9 }));
  write(`${doc}/changelog.Debian.gz`, gzipSync(debianChangelog(name, version, epoch), { level: 9 }));
  normalize(folder, epoch);

  const sums = md5Sums(folder);
  const kilobytes = installedKilobytes(folder);
  write('DEBIAN/md5sums', sums);
  write('DEBIAN/conffiles', `/etc/${name}/environment\n`);
  write('DEBIAN/control', control(from.program, version, architecture, kilobytes));
  for (const script of ['postinst', 'prerm', 'postrm']) write(`DEBIAN/${script}`, linuxScript(`deb/${script}`, from.program), 0o755);
  normalize(join(folder, 'DEBIAN'), epoch);
  const file = join(output, `${name}_${version}_${architecture}.deb`);
  const compress = compression === 'small' ? ['-Zxz', '-z6'] : ['-Zgzip', '-z1'];
  runTool('dpkg-deb', ['--root-owner-group', ...compress, '--build', folder, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
  rmSync(folder, { recursive: true });
  return file;
}

function control(program: Program, version: string, architecture: string, kilobytes: number): string {
  const { summary, text } = DESCRIPTIONS[program];
  return `Package: ${packageNameOf(program)}
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer()}
Installed-Size: ${kilobytes}
Depends: libc6 (>= 2.28), libstdc++6, passwd, systemd (>= 252)
${program === 'connector' ? 'Recommends: ca-certificates, libgssapi-krb5-2\n' : 'Recommends: ca-certificates\n'}Section: net
Priority: optional
Description: ${summary}
${text.map((line) => ` ${line}\n`).join('')}`;
}

/** Machine-readable (DEP-5). */
function copyright(doc: string): string {
  const licence = readFileSync(join(ROOT, 'LICENSE'), 'utf8').trim();
  const owners = licence.split('\n').filter((line) => line.startsWith('Copyright'));
  const text = licence.split('\n').map((line) => (line.trim() === '' ? ' .' : ` ${line}`));
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Landbridge
Comment: The package contains Node.js and npm packages of others.
 /${doc}/THIRD-PARTY-LICENCES has their licences.

Files: *
Copyright: ${owners.map((line) => line.replace(/^Copyright (\(c\) )?/, '')).join('\n ')}
License: Expat
${text.join('\n')}
`;
}

function debianChangelog(name: string, version: string, epoch: number): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `${name} (${version}) unstable; urgency=medium\n\n  * changelog.gz lists the changes.\n\n -- ${maintainer()}  ${date}\n`;
}

/** With these, `dpkg --verify` finds changed files. */
function md5Sums(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('etc/'))
    .sort();
  return files
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(folder, path)))
          .digest('hex')}  ${path}\n`,
    )
    .join('');
}

function installedKilobytes(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files.reduce((sum, entry) => sum + Math.ceil(statSync(join(entry.parentPath, entry.name)).size / 1024), 0);
}
