/** The kinds of packages that the build makes, in this order. Another kind is one more entry here. */
import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isInPath } from '../tools/in-path.ts';
import { makeTarball } from './archive.ts';
import { makeDeploymentFiles } from './containers/deployment.ts';
import { makeImageArchive } from './containers/image.ts';
import { makeDebianPackage } from './deb.ts';
import type { ProgramFolder } from './program-folder.ts';
import { makeRpmPackage, RPM_ARCHITECTURES } from './rpm.ts';
import { DEBIAN_ARCHITECTURES, PROGRAMS, packageNameOf } from './targets.ts';
import type { AuthenticodeKey } from './windows/authenticode.ts';
import { makeAllWindowsPackages, WINDOWS_TOOLS } from './windows/packages.ts';

export type Format = 'archive' | 'deb' | 'rpm' | 'image' | 'deployment' | 'windows';

export interface PackageOptions {
  /** The folder for the packages. All files in it get into SHA256SUMS. */
  output: string;
  /** The time of all files, in seconds. */
  epoch: number;
  /** A release of the package: 2 is newer than 1 of the same version. */
  revision: number;
  /** `fast` is for tests. */
  compression: 'small' | 'fast';
  /** Signs programs and packages for Windows. */
  authenticode?: AuthenticodeKey | undefined;
}

interface PackageMaker {
  format: Format;
  /** Programs in PATH that it needs. */
  tools: readonly string[];
  accepts(folder: ProgramFolder): boolean;
  /** Makes the packages of all accepted folders: one call, so that a package can contain several targets. */
  make(folders: readonly ProgramFolder[], options: PackageOptions): void | Promise<void>;
}

export const PACKAGE_MAKERS: readonly PackageMaker[] = [
  {
    format: 'archive',
    tools: ['tar', 'gzip'],
    accepts: ({ target }) => target !== 'win-x64',
    make(folders, { output, epoch }) {
      for (const { folder, program, version, target, sbomFile } of folders) {
        const name = `${packageNameOf(program)}-${version}-${target}`;
        makeTarball(folder, join(output, `${name}.tar.gz`), epoch);
        copyFileSync(join(folder, sbomFile), join(output, `${name}.cdx.json`));
      }
    },
  },
  {
    format: 'deb',
    tools: ['dpkg-deb'],
    accepts: ({ target }) => DEBIAN_ARCHITECTURES[target] !== undefined,
    make(folders, options) {
      for (const folder of folders) makeDebianPackage(folder, options);
    },
  },
  {
    format: 'rpm',
    tools: ['rpmbuild'],
    accepts: ({ target }) => RPM_ARCHITECTURES[target] !== undefined,
    make(folders, options) {
      for (const folder of folders) makeRpmPackage(folder, options);
    },
  },
  {
    format: 'image',
    tools: ['apt-get', 'dpkg-deb', 'tar'],
    accepts: ({ target }) => DEBIAN_ARCHITECTURES[target] !== undefined,
    make(folders, options) {
      for (const program of PROGRAMS) {
        const [first, ...others] = folders.filter((folder) => folder.program === program);
        if (first === undefined) continue;
        const { archive, digest } = makeImageArchive([first, ...others], options);
        console.log(`${basename(archive)}: ${digest}`);
      }
    },
  },
  {
    format: 'deployment',
    tools: ['tar', 'gzip'],
    accepts: ({ program }) => program === 'hub',
    make(_, options) {
      makeDeploymentFiles(options);
    },
  },
  {
    format: 'windows',
    tools: WINDOWS_TOOLS,
    accepts: ({ target }) => target === 'win-x64',
    make: makeAllWindowsPackages,
  },
];

export const FORMATS: readonly Format[] = PACKAGE_MAKERS.map(({ format }) => format);

/** @returns what is missing on this machine */
export function whyNotMade(maker: PackageMaker): string | undefined {
  const missing = maker.tools.filter((tool) => !isInPath(tool));
  return missing.length === 0 ? undefined : `${missing.join(', ')} is not installed`;
}
