import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const manifest = readJson('package.json');
const workspaces: string[] = manifest.workspaces;

/**
 * A file imports only from lower floors and from its own folder. Folders on the same floor do not import each other: the two programs have
 * different owners and exposure, and what is shipped needs nothing that exists for the demo and for tests. Holds for production code; tests
 * may use everything that their package.json allows. docs/architecture.md shows the same list.
 */
const FLOORS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  workspaces: [
    ['demo', 'e2e'],
    ['packages/connector', 'packages/hub', 'packages/directory', 'lab'],
    ['packages/documents'],
    ['packages/web', 'packages/wsfed'],
    ['packages/protocol', 'packages/runtime'],
  ],
  'packages/connector/src': [
    ['main.ts'],
    ['cli'],
    ['admin'],
    ['troubleshoot'],
    ['agent', 'transfer'],
    ['frontchannel', 'hub', 'setup'],
    ['users', 'network', 'update'],
    ['ldap', 'config'],
    ['asn1', 'version.ts'],
  ],
  'packages/hub/src': [
    ['main.ts'],
    ['cli'],
    ['hub.ts'],
    ['dashboard'],
    ['try'],
    ['api'],
    ['tickets', 'login', 'alerts'],
    ['operations', 'frontchannel'],
    ['sign-in'],
    ['requests'],
    ['oidc', 'connectors'],
    ['keys', 'connections', 'administrators', 'offered-packages'],
    ['operator.ts', 'home.ts'],
    ['reference.ts', 'credentials', 'audit'],
    ['settings.ts', 'home-key.ts', 'version.ts', 'store', 'guard'],
    ['settings'],
  ],
};

/** Only for tests, so not among a workspace's dependencies: our own test support, and the root's `devDependencies`. */
const TEST_SUPPORT = ['@landbridge/lab', '@landbridge/directory', ...Object.keys(manifest.devDependencies)];

interface SourceFile {
  path: string;
  text: string;
  isTest: boolean;
  imports: Import[];
}

interface Import {
  /** As written: `./pool.ts`, `node:net`, `@landbridge/runtime`. */
  specifier: string;
  /** Needed only by the compiler: not loaded at run time. */
  isType: boolean;
}

const files: SourceFile[] = globSync(
  [...workspaces, 'tools', 'packaging'].map((folder) => `${folder}/**/*.ts`),
  {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  },
).map((path) => {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text, isTest: /\.test\.ts$|(^|\/)test\//.test(path), imports: importsOf(text) };
});

test('finds every import of a file', () => {
  const text = `import a from './a.ts';\nexport { b } from "./b.ts";\nimport './c.ts';\nconst d = await import('./d.ts');\nimport {\n  e,\n  type E,\n} from 'e';\nimport type { F } from 'f';\nimport { type G, type H as I } from './g.ts';`;
  const found = importsOf(text).sort((one, other) => one.specifier.localeCompare(other.specifier));
  assert.deepEqual(
    found.map(({ specifier, isType }) => (isType ? `type ${specifier}` : specifier)),
    ['./a.ts', './b.ts', './c.ts', './d.ts', 'type ./g.ts', 'e', 'type f'],
  );
  assert.ok(files.length > 20 && files.every(({ path, imports }) => imports.length > 0 || !/^import /m.test(path)));
});

test('files import only from lower floors and from their own folder', () => {
  const problems: string[] = [];
  for (const [building, floors] of Object.entries(FLOORS)) {
    const folderOf = (path: string) => floors.flat().find((folder) => isWithin(path, inBuilding(building, folder)));
    const floorOf = (folder: string) => floors.length - floors.findIndex((floor) => floor.includes(folder));
    for (const file of files.filter(({ isTest }) => !isTest)) {
      const folder = folderOf(file.path);
      if (folder === undefined) continue;
      for (const { specifier } of file.imports) {
        const target = targetOf(file, specifier);
        const imported = target === undefined ? undefined : folderOf(target);
        if (imported === undefined || imported === folder || floorOf(imported) < floorOf(folder)) continue;
        problems.push(`${file.path} imports ${specifier}, but ${imported} is not below ${folder}`);
      }
    }
  }
  assert.deepEqual(problems, []);
});

test('every workspace and every folder has a floor', () => {
  assert.deepEqual(FLOORS.workspaces?.flat().sort(), [...workspaces].sort());
  const missing = new Set<string>();
  for (const { path, isTest } of files) {
    const [, source, folder] = /^(packages\/[^/]+\/src)\/([^/]+)/.exec(path) ?? [];
    if (isTest || source === undefined || folder === undefined) continue;
    // A package without floors is a single folder.
    if (!(FLOORS[source]?.flat().includes(folder) ?? folder.endsWith('.ts'))) missing.add(`${source}/${folder}`);
  }
  assert.deepEqual([...missing], []);
  const unused = Object.entries(FLOORS).flatMap(([building, floors]) =>
    floors.flat().filter((folder) => !files.some(({ path }) => isWithin(path, inBuilding(building, folder)))),
  );
  assert.deepEqual(unused, [], 'these have no files');
});

test('docs/architecture.md shows the floors', () => {
  const shown = Object.entries(FLOORS).map(
    ([building, floors]) => `${building}\n${floors.map((floor) => `  ${floor.join(', ')}\n`).join('')}`,
  );
  const document = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  assert.ok(document.includes(`\n\`\`\`\n${shown.join('\n')}\`\`\`\n`), `expected in docs/architecture.md:\n${shown.join('\n')}`);
});

test('no files import each other in a circle', () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const finished = new Set<string>();
  const circles: string[] = [];
  const visit = (file: SourceFile, trail: readonly string[]): void => {
    const begin = trail.indexOf(file.path);
    if (begin >= 0) circles.push([...trail.slice(begin), file.path].join(' → '));
    if (begin >= 0 || finished.has(file.path)) return;
    for (const { specifier, isType } of file.imports) {
      const target = specifier.startsWith('.') && !isType ? byPath.get(targetOf(file, specifier) ?? '') : undefined;
      if (target !== undefined) visit(target, [...trail, file.path]);
    }
    finished.add(file.path);
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(circles, []);
});

test('an exported name means one thing in the whole repository', () => {
  const declaredIn = new Map<string, string[]>();
  for (const { path, text, isTest } of files) {
    if (isTest || !/^(packages\/[^/]+|lab)\/src\//.test(path)) continue;
    for (const [, name = ''] of text.matchAll(/^export (?:async )?(?:function\*?|const|class|interface|type|enum) (\w+)/gm)) {
      declaredIn.set(name, [...(declaredIn.get(name) ?? []), path]);
    }
  }
  const doubles = [...declaredIn].filter(([, paths]) => new Set(paths).size > 1).map(([name, paths]) => `${name}: ${paths.join(', ')}`);
  assert.deepEqual(doubles, []);
});

test('a workspace imports only packages that its package.json lists', () => {
  const problems: string[] = [];
  for (const workspace of workspaces) {
    const { name, dependencies = {}, optionalDependencies = {}, devDependencies = {} } = readJson(join(workspace, 'package.json'));
    const listed = [name, ...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
    for (const file of files.filter(({ path }) => isWithin(path, workspace))) {
      for (const { specifier } of file.imports.filter(({ specifier }) => !/^(\.|node:|#)/.test(specifier))) {
        const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
        if (listed.includes(packageName) || (file.isTest && [...TEST_SUPPORT, ...Object.keys(devDependencies)].includes(packageName)))
          continue;
        problems.push(`${file.path} imports ${packageName}, which ${workspace}/package.json does not list`);
      }
    }
  }
  assert.deepEqual(problems, []);
});

test('files import other workspaces by name, and production code imports no tests', () => {
  const problems: string[] = [];
  for (const file of files) {
    for (const { specifier } of file.imports.filter(({ specifier }) => specifier.startsWith('.'))) {
      const target = targetOf(file, specifier) ?? '';
      // Tools are outside of all workspaces and work on any of them.
      const home = workspaces.find((workspace) => isWithin(file.path, workspace));
      if (home !== undefined && !isWithin(target, home))
        problems.push(`${file.path} imports ${specifier} past the entry point of another workspace`);
      if (!file.isTest && /\.test\.ts$|(^|\/)test\//.test(target)) problems.push(`${file.path} imports the test code ${specifier}`);
    }
  }
  assert.deepEqual(problems, []);
});

test('every file begins with a comment on its purpose', () => {
  const uncommented = files.filter(({ isTest, text }) => !isTest && !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path);
  assert.deepEqual(uncommented, []);
});

function importsOf(text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s(?:([^'";]*?)\sfrom\s+)?['"]([^'"]+)['"]/gm);
  const calls = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g);
  return [
    ...[...statements].map(([, names = '', specifier = '']) => ({ specifier, isType: isTypeOnly(names) })),
    ...[...calls].map(([, specifier = '']) => ({ specifier, isType: false })),
  ];
}

/** @param names between `import` and `from` */
function isTypeOnly(names: string): boolean {
  const listed = /^\{([^}]*)\}$/.exec(names)?.[1]?.split(',') ?? [];
  const named = listed.map((name) => name.trim()).filter((name) => name !== '');
  return names.startsWith('type ') || (named.length > 0 && named.every((name) => name.startsWith('type ')));
}

function inBuilding(building: string, folder: string): string {
  return building === 'workspaces' ? folder : `${building}/${folder}`;
}

/** @returns the path from the root that a specifier leads to: a file for a relative one, a folder for a workspace, else undefined */
function targetOf(file: SourceFile, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return relative(root, join(root, dirname(file.path), specifier));
  return workspaces.find((workspace) => specifier === readJson(join(workspace, 'package.json')).name);
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function readJson(path: string) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
