/** The container images of both programs: a few Debian libraries, Node.js and the program, without a shell, for an unprivileged account. */
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalize } from '../archive.ts';
import type { PackageOptions } from '../makers.ts';
import type { ProgramFolder } from '../program-folder.ts';
import { DEBIAN_ARCHITECTURES, type Program, packageNameOf } from '../targets.ts';
import { DEBIAN_RELEASE, type DebianPackage, makeDebianFiles } from './debian-files.ts';
import { type Image, writeOciArchive } from './oci-archive.ts';

/** The account of the program; Kubernetes only recognizes numbers as unprivileged. */
export const ACCOUNT = 65_532;

interface Texts {
  title: string;
  description: string;
  /** Settings that differ from the program's defaults. */
  environment: Readonly<Record<string, string>>;
  ports: readonly number[];
}

const TEXTS: Readonly<Record<Program, Texts>> = {
  connector: {
    title: 'Landbridge connector',
    description: 'Signs users in with a directory that the cloud cannot reach',
    environment: { HEALTH_PORT: '4101' },
    ports: [],
  },
  hub: {
    title: 'Landbridge hub',
    description: 'Asks connectors to sign users in',
    // Other containers reach it; a container's loopback is its own.
    environment: { LISTEN_ADDRESS: '0.0.0.0' },
    ports: [4100],
  },
};

interface ProgramImage extends Image {
  /** The program, Node.js and Debian's packages (CycloneDX 1.6). */
  billOfMaterials: string;
}

/**
 * Makes one archive of a program for all its targets, and a bill of materials beside it for each.
 *
 * @returns its path, and the digest of the index of its images
 */
export function makeImageArchive(
  folders: readonly [ProgramFolder, ...ProgramFolder[]],
  { output, epoch, compression }: Pick<PackageOptions, 'output' | 'epoch' | 'compression'>,
): { archive: string; digest: string } {
  const [first] = folders;
  const file = `${packageNameOf(first.program)}-${first.version}`;
  mkdirSync(output, { recursive: true });
  const images = folders.map((folder) => {
    const image = makeImage(folder, `${folder.folder}.image`, epoch);
    writeFileSync(join(output, `${file}-${folder.target}-image.cdx.json`), image.billOfMaterials);
    return image;
  });
  const archive = join(output, `${file}.oci.tar`);
  const name = `${packageNameOf(first.program)}:${first.version}`;
  const digest = writeOciArchive(archive, images, { name, annotations: imageLabels(first), epoch, compression });
  for (const folder of folders) rmSync(`${folder.folder}.image`, { recursive: true });
  return { archive, digest };
}

/** @param stage a folder for its content, which is emptied */
function makeImage(from: ProgramFolder, stage: string, epoch: number): ProgramImage {
  const { program, target } = from;
  const architecture = DEBIAN_ARCHITECTURES[target];
  if (architecture === undefined) throw new Error(`no container images for ${target}`);
  const name = packageNameOf(program);
  const { environment, ports } = TEXTS[program];
  const home = `var/lib/${name}`;
  rmSync(stage, { recursive: true, force: true });

  const system = join(stage, 'system');
  const packages = makeDebianFiles(system, { program, target });
  for (const folder of ['tmp', home, 'etc/ssl/certs', 'proc', 'sys', 'dev', 'run']) mkdirSync(join(system, folder), { recursive: true });
  writeFileSync(join(system, 'etc/passwd'), `root:x:0:0:root:/:/nonexistent\n${name}:x:${ACCOUNT}:${ACCOUNT}::/${home}:/nonexistent\n`);
  writeFileSync(join(system, 'etc/group'), `root:x:0:\n${name}:x:${ACCOUNT}:\n`);
  writeFileSync(join(system, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');

  const node = join(stage, 'node');
  mkdirSync(join(node, 'usr/bin'), { recursive: true });
  copyFileSync(join(from.folder, 'bin/node'), join(node, 'usr/bin/node'));
  chmodSync(join(node, 'usr/bin/node'), 0o755);

  const own = join(stage, 'program');
  cpSync(join(from.folder, 'lib'), join(own, 'usr/lib', name), { recursive: true });
  mkdirSync(join(own, 'usr/bin'), { recursive: true });
  const start = join(own, 'usr/bin', name);
  writeFileSync(start, `#!/usr/bin/node --disable-warning=ExperimentalWarning\nimport('/usr/lib/${name}/main.js');\n`);
  chmodSync(start, 0o755);
  const doc = join(own, 'usr/share/doc', name);
  mkdirSync(doc, { recursive: true });
  for (const file of ['LICENSE', 'THIRD-PARTY-LICENCES', 'BUILD']) copyFileSync(join(from.folder, file), join(doc, file));
  const billOfMaterials = withDebianPackages(readFileSync(join(from.folder, from.sbomFile), 'utf8'), packages);
  writeFileSync(join(doc, from.sbomFile), billOfMaterials);
  for (const folder of [node, own]) normalize(folder, epoch);

  const { version, suite } = DEBIAN_RELEASE;
  return {
    architecture,
    billOfMaterials,
    layers: [
      {
        folder: system,
        comment: `Debian ${version} (${suite}): ${packages.map((each) => `${each.name} ${each.version}`).join(', ')}`,
        special: [
          { path: 'tmp', owner: 0, mode: '1777' },
          { path: home, owner: ACCOUNT, mode: '0700' },
        ],
      },
      { folder: node, comment: `Node.js ${from.node.version} from ${from.node.origin}` },
      { folder: own, comment: `${name} ${from.version}` },
    ],
    config: {
      User: `${ACCOUNT}:${ACCOUNT}`,
      Env: Object.entries({ PATH: '/usr/bin', LANDBRIDGE_HOME: `/${home}`, ...environment }).map((each) => each.join('=')),
      Entrypoint: [`/usr/bin/${name}`],
      Cmd: ['run'],
      WorkingDir: `/${home}`,
      Volumes: { [`/${home}`]: {} },
      ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])),
      StopSignal: 'SIGTERM',
      Labels: imageLabels(from),
      // Docker reads this field, which the OCI specification does not have; podman needs --health-cmd.
      Healthcheck: { Test: ['CMD', `/usr/bin/${name}`, 'health'], Interval: 30e9, Timeout: 10e9, StartPeriod: 60e9, Retries: 3 },
    },
  };
}

/** Labels of the image, and annotations of its manifests. */
function imageLabels({ program, version }: ProgramFolder): Record<string, string> {
  const { title, description } = TEXTS[program];
  const label = 'org.opencontainers.image';
  return {
    [`${label}.title`]: title,
    [`${label}.description`]: description,
    [`${label}.version`]: version,
    [`${label}.licenses`]: 'MIT',
  };
}

function withDebianPackages(billOfMaterials: string, packages: readonly DebianPackage[]): string {
  const bill: { components: object[]; dependencies: { dependsOn: string[] }[] } = JSON.parse(billOfMaterials);
  const reference = (each: DebianPackage) => `${each.name}@${each.version}`;
  bill.components.push(
    ...packages.map((each) => ({
      type: 'library',
      'bom-ref': reference(each),
      name: each.name,
      version: each.version,
      purl: `pkg:deb/debian/${encodeURIComponent(each.name)}@${encodeURIComponent(each.version)}?arch=${each.architecture}&distro=debian-${DEBIAN_RELEASE.version}`,
      hashes: [{ alg: 'SHA-256', content: each.sha256 }],
    })),
  );
  bill.dependencies[0]?.dependsOn.push(...packages.map(reference));
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}
