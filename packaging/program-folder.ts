/**
 * The folder of a program, the same in every kind of package: `bin/node` (`node.exe` on Windows), the bundle in `lib/`, a start script, licences, bill of materials
 * and `BUILD`, which says what the package was made of.
 */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeBundle } from './bundle.ts';
import { type LockedPackage, lockedPackage, packageFolder } from './lock-packages.ts';
import type { NodeRuntime } from './node-runtime.ts';
import { type Program, packageNameOf, platformOf, ROOT, type Target, versionOf } from './targets.ts';

/** Runs from wherever the archive was unpacked. `exec` keeps the process, so that signals reach the program. Windows has scripts of its own. */
const START_SCRIPT = `#!/bin/sh
set -e
folder=$(dirname "$(readlink -f "$0")")
exec "$folder/bin/node" --disable-warning=ExperimentalWarning "$folder/lib/main.js" "$@"
`;

export interface ProgramFolder {
  folder: string;
  program: Program;
  target: Target;
  version: string;
  node: NodeRuntime;
  /** Third-party licences as text, Node's included. */
  licences: string;
  /** Name of the file with it. */
  sbomFile: string;
}

export async function makeProgramFolder(
  folder: string,
  options: { program: Program; target: Target; node: NodeRuntime; epoch: number },
): Promise<ProgramFolder> {
  const { program, target, node, epoch } = options;
  const name = packageNameOf(program);
  const version = versionOf(program);
  const lib = join(folder, 'lib');
  const { packages } = await makeBundle(program, lib);
  writeFileSync(join(lib, 'package.json'), '{ "type": "module" }\n');
  const contained = packages.map(lockedPackage);
  if (program === 'connector') contained.push(...copyKoffi(lib, target));
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const nodeFile = join(folder, 'bin', basename(node.program));
  copyFileSync(node.program, nodeFile);
  chmodSync(nodeFile, 0o755);
  if (target !== 'win-x64') {
    writeFileSync(join(folder, name), START_SCRIPT);
    chmodSync(join(folder, name), 0o755);
  }
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  const licences = licenceTexts(contained, node);
  writeFileSync(join(folder, 'THIRD-PARTY-LICENCES'), licences);
  const sbomFile = `${name}.cdx.json`;
  writeFileSync(join(folder, sbomFile), `${JSON.stringify(billOfMaterials({ name, version, contained, node, epoch }), undefined, 2)}\n`);
  writeFileSync(join(folder, 'BUILD'), buildText(name, version, target, node));
  return { folder, program, target, version, node, licences, sbomFile };
}

/** The package `koffi` loads the library for its platform from a package beside it. */
function copyKoffi(lib: string, target: Target): LockedPackage[] {
  const names = ['koffi', `@koromix/koffi-${platformOf(target)}`];
  for (const name of names) {
    const source = packageFolder(name);
    const to = join(lib, 'node_modules', name);
    // Sources, documents and libraries for other C libraries stay out.
    cpSync(source, to, {
      recursive: true,
      filter: (path) =>
        !/\/(vendor|doc|lib|musl_\w+|cnoke\.cjs|[^/]+\.md|[^/]+\.d\.ts|[^/]+\.(cc|hh|h|S|asm|inc|def|txt))$/.test(
          path.slice(source.length),
        ) || /LICEN[CS]E/i.test(path),
    });
  }
  return names.map((name) => lockedPackage(`node_modules/${name}`));
}

function licenceTexts(packages: readonly LockedPackage[], node: NodeRuntime): string {
  const own = packages.map(({ name, version, licence }) => {
    const folder = packageFolder(name);
    const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
    const text =
      file === undefined
        ? `The package has no licence file. Its package.json says: ${licence}`
        : readFileSync(join(folder, file), 'utf8').trim();
    return `${'='.repeat(78)}\n${name} ${version} (${licence})\n\n${text}\n`;
  });
  return `${own.join('\n')}\n${'='.repeat(78)}\nNode.js ${node.version}\n\n${node.licence.trim()}\n`;
}

/** CycloneDX 1.6 (ECMA-424). */
function billOfMaterials(of: {
  name: string;
  version: string;
  contained: readonly LockedPackage[];
  node: NodeRuntime;
  epoch: number;
}): object {
  const { name, version, contained, node, epoch } = of;
  const nodeHash = createHash('sha256').update(readFileSync(node.program)).digest('hex');
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      component: { type: 'application', 'bom-ref': name, name, version, licenses: [{ license: { id: 'MIT' } }] },
    },
    components: [
      ...contained.map(({ name: each, version: locked, licence, integrity }) => ({
        type: 'library',
        'bom-ref': `${each}@${locked}`,
        name: each,
        version: locked,
        purl: `pkg:npm/${each.replace('@', '%40')}@${locked}`,
        licenses: [{ expression: licence }],
        hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') }],
      })),
      {
        type: 'platform',
        'bom-ref': `node@${node.version}`,
        name: 'node',
        version: node.version,
        description: node.origin,
        purl: `pkg:generic/node@${node.version}`,
        hashes: [{ alg: 'SHA-256', content: nodeHash }],
      },
    ],
    dependencies: [{ ref: name, dependsOn: [...contained.map((each) => `${each.name}@${each.version}`), `node@${node.version}`] }],
  };
}

function buildText(name: string, version: string, target: Target, node: NodeRuntime): string {
  const warning = node.isOutdated ? 'This Node.js lacks security fixes: a client can crash a TLS server.\n' : '';
  return `${name} ${version} for ${target}\nNode.js ${node.version} from ${node.origin}\n${warning}`;
}
