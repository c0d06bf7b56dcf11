/**
 * The files of a container image that come from Debian: libraries, without a shell, a package manager or any other program. apt resolves, fetches and
 * verifies the packages for the target's processor; it needs neither root nor the same processor.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runTool } from '../run-tool.ts';
import { DEBIAN_ARCHITECTURES, type Program, ROOT, type Target } from '../targets.ts';

export const DEBIAN_RELEASE = { version: '13', suite: 'trixie' } as const;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** What Node.js is linked with, and what the connector loads to verify Kerberos tickets. Node.js has its own time zones and authorities. */
const PACKAGES: Readonly<Record<Program, readonly string[]>> = {
  connector: ['libc6', 'libstdc++6', 'libgssapi-krb5-2'],
  hub: ['libc6', 'libstdc++6'],
};

export interface DebianPackage {
  name: string;
  version: string;
  architecture: string;
  /** Of its file, in hexadecimal. */
  sha256: string;
}

/** @param folder is created. @returns the packages whose files are in it, by name. @throws if apt cannot fetch or verify them */
export function makeDebianFiles(folder: string, { program, target }: { program: Program; target: Target }): DebianPackage[] {
  const architecture = DEBIAN_ARCHITECTURES[target];
  if (architecture === undefined) throw new Error(`no container images for ${target}`);
  const files = fetchPackages(program, architecture);
  // Debian's packages expect these links.
  for (const name of ['lib', 'lib64']) {
    mkdirSync(join(folder, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(folder, name));
  }
  const packages = files.map((file) => unpack(file, folder));
  // For scanners, which look for vulnerable versions.
  const { version, suite } = DEBIAN_RELEASE;
  const release = {
    PRETTY_NAME: `"Debian GNU/Linux ${version} (${suite})"`,
    ID: 'debian',
    VERSION_ID: `"${version}"`,
    VERSION_CODENAME: suite,
  };
  write(
    folder,
    'etc/os-release',
    Object.entries(release)
      .map((each) => `${each.join('=')}\n`)
      .join(''),
  );
  return packages.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** @returns the files of the packages and of everything they depend on */
function fetchPackages(program: Program, architecture: string): string[] {
  const state = join(ROOT, 'build', 'cache', `apt-${program}-${architecture}`);
  // An older version of a package would be taken for a further package.
  rmSync(join(state, 'archives'), { recursive: true, force: true });
  for (const path of ['lists/partial', 'archives/partial']) mkdirSync(join(state, path), { recursive: true });
  writeFileSync(join(state, 'status'), '');
  const mirror = process.env.DEBIAN_MIRROR ?? 'http://deb.debian.org';
  const source = (path: string, suite: string) => `deb [signed-by=${KEYRING}] ${mirror}/${path} ${suite} main\n`;
  const { suite } = DEBIAN_RELEASE;
  writeFileSync(join(state, 'sources.list'), source('debian', suite) + source('debian-security', `${suite}-security`));
  const options = {
    'APT::Architecture': architecture,
    'APT::Architectures': architecture,
    'APT::Install-Recommends': 'false',
    // Otherwise root's apt changes to an account that cannot read the checkout.
    'APT::Sandbox::User': '',
    'Acquire::Languages': 'none',
    'Dir::State': state,
    'Dir::State::status': join(state, 'status'),
    'Dir::Cache': state,
    'Dir::Etc::sourcelist': join(state, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
  };
  const aptGet = (...args: string[]) =>
    runTool('apt-get', ['-qq', ...Object.entries(options).map(([name, value]) => `-o${name}=${value}`), ...args]);
  aptGet('--error-on=any', 'update');
  aptGet('install', '--yes', '--download-only', ...PACKAGES[program]);
  return globSync('archives/*.deb', { cwd: state })
    .sort()
    .map((file) => join(state, file));
}

/** Adds the libraries of a package and its copyright file. */
function unpack(file: string, folder: string): DebianPackage {
  const control = runTool('dpkg-deb', ['--field', file]);
  const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map(
    (field) => new RegExp(`^${field}: (.+)$`, 'm').exec(control)?.[1] ?? '',
  );
  if (!name || !version || !architecture) throw new Error(`${file} does not say what it is`);
  const whole = `${folder}.${name}`;
  runTool('dpkg-deb', ['--extract', file, whole]);
  const copy = (path: string) => {
    if (existsSync(join(whole, path))) cpSync(join(whole, path), join(folder, path), { recursive: true, verbatimSymlinks: true });
  };
  // gconv converts character sets, which Node.js does itself.
  rmSync(join(whole, 'usr/lib', multiarch(architecture), 'gconv'), { recursive: true, force: true });
  for (const path of ['usr/lib', 'usr/lib64', ...copyrightFiles(whole, name)]) copy(path);
  rmSync(whole, { recursive: true });
  write(folder, `var/lib/dpkg/status.d/${name}`, control);
  return { name, version, architecture, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}

/** Some packages have a link instead, to the folder of the package that they are made with. */
function copyrightFiles(whole: string, name: string): string[] {
  const doc = join('usr/share/doc', name);
  if (!existsSync(join(whole, 'usr/share/doc'))) return [];
  const entry = readdirSync(join(whole, 'usr/share/doc'), { withFileTypes: true }).find((each) => each.name === name);
  return [entry?.isSymbolicLink() ? doc : join(doc, 'copyright')];
}

function multiarch(architecture: string): string {
  return architecture === 'amd64' ? 'x86_64-linux-gnu' : 'aarch64-linux-gnu';
}

function write(folder: string, path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}
