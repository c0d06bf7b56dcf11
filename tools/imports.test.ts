import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const manifest = readJson('package.json');
const workspaces: string[] = manifest.workspaces;

/**
 * Who must not import whom, and why. `from` and `never` are folders or files; the rules hold for production code, and `tests`
 * says where they hold for tests as well.
 */
const RULES: { from: string; never: string[]; tests?: true; because: string }[] = [
  {
    from: 'packages/protocol',
    never: ['packages/runtime', 'packages/wsfed', 'packages/connector', 'packages/hub', 'packages/directory'],
    because: 'the contract is data: it must be possible to read it, and to use it, without either program',
  },
  {
    from: 'packages/runtime',
    never: ['packages/protocol', 'packages/wsfed', 'packages/connector', 'packages/hub', 'packages/directory'],
    because: 'what both programs need knows no domain',
  },
  {
    from: 'packages/web',
    never: ['packages/protocol', 'packages/connector', 'packages/hub', 'packages/directory'],
    because: 'serving pages safely does not depend on what they show',
  },
  {
    from: 'packages/wsfed',
    never: ['packages/web', 'packages/connector', 'packages/hub', 'packages/directory'],
    because: 'tokens are issued and verified without knowing either program',
  },
  {
    from: 'packages/directory',
    never: ['packages/protocol', 'packages/connector', 'packages/hub'],
    because: 'a directory that knew who asks would answer what is expected',
  },
  {
    from: 'packages/connector',
    never: ['packages/hub'],
    tests: true,
    because: 'two programs with different owners and exposure; what they share is the protocol',
  },
  {
    from: 'packages/hub',
    never: ['packages/connector'],
    tests: true,
    because: 'two programs with different owners and exposure; what they share is the protocol',
  },
  ...['packages/connector', 'packages/hub', 'packages/protocol', 'packages/runtime', 'packages/web', 'packages/wsfed'].map((from) => ({
    from,
    never: ['packages/directory', 'lab', 'demo', 'e2e'],
    because: 'what is shipped needs nothing that exists for demo and tests',
  })),
  ...inside('packages/connector/src', [
    {
      from: 'ldap',
      never: ['users', 'hub', 'setup', 'cli', 'config', 'network'],
      because: 'LDAP is a protocol with servers; who asks, and what for, is for those above',
    },
    {
      from: 'users',
      never: ['frontchannel', 'hub', 'setup', 'cli', 'network'],
      because: 'a user is checked in the same way whoever asks: hub, command line, browser',
    },
    { from: 'config', never: ['ldap', 'users', 'hub', 'setup', 'cli'], because: 'settings are read and written without anything running' },
    {
      from: 'network',
      never: ['ldap', 'users', 'hub', 'setup', 'cli'],
      because: 'how the hub is reached has nothing to do with what is said there',
    },
    {
      from: 'frontchannel',
      never: ['hub', 'setup', 'agent', 'admin', 'cli'],
      because: 'browsers come to it also while the hub is away; what it takes from there it is given',
    },
    {
      from: 'hub',
      never: ['setup', 'frontchannel', 'cli'],
      because: 'the link gets what it connects to as an argument; commands are above it',
    },
    {
      from: 'agent',
      never: ['transfer', 'troubleshoot', 'admin', 'cli'],
      because: 'whoever changes settings asks the running connector, which knows nobody above it',
    },
    {
      from: 'transfer',
      never: ['agent', 'troubleshoot', 'hub', 'admin', 'cli'],
      because: 'an import is files; that a connector runs with them is for those who apply it',
    },
    { from: 'admin', never: ['cli'], because: 'pages and commands are two ways to the same functions' },
    ...['config', 'network', 'ldap', 'users', 'setup', 'hub', 'frontchannel'].map((from) => ({
      from,
      never: ['admin'],
      because: 'what is shown and changed does not know by whom',
    })),
    { from: 'setup', never: ['cli', 'hub'], because: 'commands are above it; the link uses what setup found, not the other way' },
    {
      from: 'troubleshoot',
      never: ['admin', 'transfer', 'cli'],
      because: 'checks are the same whether the console or a command shows them',
    },
    ...['ldap', 'users', 'config', 'network', 'setup', 'hub'].map((from) => ({
      from,
      never: ['troubleshoot'],
      because: 'what is checked does not know that it is',
    })),
  ]),
  ...inside('packages/hub/src', [
    {
      from: 'store',
      never: ['connections', 'keys', 'tickets', 'connectors', 'requests', 'api', 'try', 'cli'],
      because: 'what is kept is an interface that a second implementation must be able to fulfil',
    },
    {
      from: 'connections',
      never: ['tickets', 'connectors', 'requests', 'api', 'try', 'cli'],
      because: 'what a connection is does not depend on who is online or who asks',
    },
    { from: 'keys', never: ['tickets', 'connectors', 'requests', 'api', 'try', 'cli'], because: 'keys sign what they are given' },
    {
      from: 'connectors',
      never: ['requests', 'api', 'try', 'cli'],
      because: 'a socket carries requests and does not know what they are for',
    },
    {
      from: 'oidc',
      never: ['login', 'sign-in', 'requests', 'connectors', 'api', 'try', 'cli'],
      because: 'the provider speaks with applications; how a person proves who they are is for the login pages',
    },
    {
      from: 'operations',
      never: ['api', 'try', 'login', 'oidc', 'dashboard', 'administrators', 'tickets', 'cli'],
      because: 'how the hub is run and watched does not depend on what it serves',
    },
    {
      from: 'administrators',
      never: ['connections', 'connectors', 'requests', 'sign-in', 'tickets', 'oidc', 'login', 'api', 'try', 'dashboard', 'cli'],
      because: 'who operates the hub has nothing to do with whom it signs in',
    },
    {
      from: 'dashboard',
      never: ['login', 'requests', 'cli'],
      because: 'pages change things through the functions that API and commands use',
    },
    {
      from: 'frontchannel',
      never: ['login', 'oidc', 'tickets', 'api', 'try', 'dashboard', 'administrators', 'cli'],
      because: 'what is believed of an answer does not depend on the pages around it',
    },
    { from: 'login', never: ['try', 'cli'], because: 'people and operators have different pages' },
    {
      from: 'audit',
      never: [
        'connections',
        'keys',
        'tickets',
        'connectors',
        'requests',
        'guard',
        'credentials',
        'sign-in',
        'api',
        'try',
        'login',
        'oidc',
        'cli',
      ],
      because: 'everybody writes into the audit log, and it knows nobody',
    },
    {
      from: 'guard',
      never: ['store', 'connectors', 'requests', 'credentials', 'sign-in', 'api', 'try', 'login', 'oidc', 'cli'],
      because: 'the guard decides before anything is asked, from memory alone',
    },
    {
      from: 'credentials',
      never: ['connectors', 'requests', 'sign-in', 'api', 'try', 'login', 'oidc', 'cli'],
      because: 'the cache keeps and gives; when it may be used is for sign-in',
    },
    {
      from: 'sign-in',
      never: ['connectors', 'tickets', 'api', 'try', 'login', 'oidc', 'cli'],
      because: 'a sign-in is the same whether the API or a page asks for it',
    },
    { from: 'requests', never: ['api', 'try', 'cli'], because: 'a request is the same whether the API or a page makes it' },
  ]),
];

function inside(folder: string, rules: { from: string; never: string[]; because: string }[]): typeof RULES {
  return rules.map(({ from, never, because }) => ({
    from: `${folder}/${from}`,
    never: [...never.map((name) => `${folder}/${name}`), `${folder}/main.ts`],
    because,
  }));
}

/** Only for tests, so they are not among a workspace's dependencies: support of ours, and the root's `devDependencies`. */
const TEST_SUPPORT = ['@landbridge/lab', '@landbridge/directory', ...Object.keys(manifest.devDependencies)];

interface SourceFile {
  path: string;
  text: string;
  isTest: boolean;
  /** As written: `./pool.ts`, `node:net`, `@landbridge/runtime`. */
  imports: string[];
}

const files: SourceFile[] = globSync(
  [...workspaces, 'tools'].map((folder) => `${folder}/**/*.ts`),
  {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  },
).map((path) => {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text, isTest: /\.test\.ts$|(^|\/)test\//.test(path), imports: importsOf(text) };
});

test('every import of a file is seen', () => {
  const text = `import a from './a.ts';\nexport { b } from "./b.ts";\nimport './c.ts';\nconst d = await import('./d.ts');\nimport {\n  e,\n} from 'e';\nimport type { F } from 'f';`;
  assert.deepEqual(importsOf(text).sort(), ['./a.ts', './b.ts', './c.ts', './d.ts', 'e', 'f']);
  assert.ok(files.length > 20 && files.every(({ path, imports }) => imports.length > 0 || !/^import /m.test(path)));
});

test('imports go in one direction', () => {
  const problems: string[] = [];
  for (const { from, never, tests = false, because } of RULES) {
    for (const file of files.filter(({ path, isTest }) => isWithin(path, from) && (tests || !isTest))) {
      for (const specifier of file.imports) {
        const target = targetOf(file, specifier);
        if (target !== undefined && never.some((folder) => isWithin(target, folder))) {
          problems.push(`${file.path} imports ${specifier}: ${from} must not, because ${because}`);
        }
      }
    }
  }
  assert.deepEqual(problems, []);
});

test('a workspace imports only packages that its package.json lists', () => {
  const problems: string[] = [];
  for (const workspace of workspaces) {
    const { name, dependencies = {}, optionalDependencies = {}, devDependencies = {} } = readJson(join(workspace, 'package.json'));
    const listed = [name, ...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
    for (const file of files.filter(({ path }) => isWithin(path, workspace))) {
      for (const specifier of file.imports.filter((specifier) => !/^(\.|node:|#)/.test(specifier))) {
        const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
        if (listed.includes(packageName) || (file.isTest && [...TEST_SUPPORT, ...Object.keys(devDependencies)].includes(packageName)))
          continue;
        problems.push(`${file.path} imports ${packageName}, which ${workspace}/package.json does not list`);
      }
    }
  }
  assert.deepEqual(problems, []);
});

test('files reach other workspaces by name and production never reaches tests', () => {
  const problems: string[] = [];
  for (const file of files) {
    for (const specifier of file.imports.filter((specifier) => specifier.startsWith('.'))) {
      const target = targetOf(file, specifier) ?? '';
      // Tools stand outside of all workspaces and work on any of them.
      const home = workspaces.find((workspace) => isWithin(file.path, workspace));
      if (home !== undefined && !isWithin(target, home))
        problems.push(`${file.path} imports ${specifier} past the entry point of another workspace`);
      if (!file.isTest && /\.test\.ts$|(^|\/)test\//.test(target)) problems.push(`${file.path} imports the test code ${specifier}`);
    }
  }
  assert.deepEqual(problems, []);
});

test('every file begins with a comment that says what it owns', () => {
  const silent = files.filter(({ isTest, text }) => !isTest && !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path);
  assert.deepEqual(silent, []);
});

function importsOf(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\s(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm);
  const calls = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g);
  return [...statements, ...calls].map((match) => match[1] ?? '');
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
