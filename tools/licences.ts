/** Licences of third-party packages, from the lock file: which packages the two programs contain, and whether their licences are acceptable. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      license: z.string().optional(),
      link: z.boolean().optional(),
      integrity: z.string().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

export interface ThirdPartyPackage {
  name: string;
  version: string;
  /** An SPDX expression. */
  licence: string | undefined;
  integrity: string | undefined;
  /** Whether it is part of a program. The others are only for building and testing. */
  isShipped: boolean;
}

/** Permissive licences: they only require keeping the notice. */
const PERMISSIVE = ['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0'];
/** For tools that are not part of a program: also licences with obligations for redistribution. */
const FOR_TOOLS = [...PERMISSIVE, 'MPL-2.0'];
const PROGRAMS = ['packages/connector', 'packages/hub'];

/** Ordered by name and version. */
export function thirdPartyPackages(root: string): ThirdPartyPackage[] {
  const { packages } = lockFile.parse(JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8')));
  const shipped = new Set<string>();

  /** Resolves a package as Node.js does: in the folder's own node_modules, then further up. */
  function find(from: string, name: string): string | undefined {
    for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
      const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
      if (packages[path] !== undefined) return path;
      if (folder === '') return undefined;
    }
  }
  function ship(path: string): void {
    if (shipped.has(path)) return;
    shipped.add(path);
    const entry = packages[path];
    if (entry?.link) return ship(`packages/${path.slice(path.lastIndexOf('/') + 1)}`);
    for (const name of Object.keys({ ...entry?.dependencies, ...entry?.optionalDependencies })) {
      const found = find(path, name);
      if (found !== undefined) ship(found);
    }
  }
  for (const program of PROGRAMS) ship(program);
  // Node.js itself, which runs the programs.
  for (const name of Object.keys(packages['']?.optionalDependencies ?? {})) ship(`node_modules/${name}`);

  return Object.entries(packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && !link)
    .map(([path, { version = '', license, integrity }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: license,
      integrity,
      isShipped: shipped.has(path),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1));
}

/** @returns whether the licence is acceptable. Of alternatives (`OR`), one is enough. */
export function isAllowed({ licence = '', isShipped }: Pick<ThirdPartyPackage, 'licence' | 'isShipped'>): boolean {
  const allowed = isShipped ? PERMISSIVE : FOR_TOOLS;
  const alternatives = licence.replace(/^\(|\)$/g, '').split(' OR ');
  return alternatives.some((each) => each.split(' AND ').every((name) => allowed.includes(name)));
}

/** The text of docs/third-party-licences.md. */
export function licenceDocument(packages: readonly ThirdPartyPackage[]): string {
  const rows = (isShipped: boolean) =>
    [
      ...new Set(
        packages
          .filter((each) => each.isShipped === isShipped)
          .map(({ name, version, licence }) => `| \`${name}\` | ${version} | ${licence ?? 'unknown'} |`),
      ),
    ].join('\n');
  const head = '| package | version | licence |\n| --- | --- | --- |\n';
  return `# Licences of third-party packages

This file is generated from \`package-lock.json\` by \`node tools/generate-configuration.ts\`. Each package contains the text of its licence.

## In the programs

${head}${rows(true)}

## To build and test them

${head}${rows(false)}
`;
}
