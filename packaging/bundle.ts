/**
 * Makes one folder of JavaScript from a program and the packages that it uses, with esbuild. Files that the code reads at run time, next to
 * itself, are copied beside the bundle: page assets, the modules of the console's editor, the mapper's WebAssembly.
 */
import { copyFileSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { type Program, ROOT } from './targets.ts';

interface Recipe {
  /** `main.js` and programs that it starts as processes or threads: `new URL('./NAME.ts', import.meta.url)` in the source. */
  entryPoints: Readonly<Record<string, string>>;
  /** Folders of files that become `assets/`. */
  assets: readonly string[];
  external: readonly string[];
}

const RECIPES: Readonly<Record<Program, Recipe>> = {
  connector: {
    entryPoints: {
      main: 'packages/connector/src/main.ts',
      worker: 'packages/connector/src/users/mapper/sandbox/worker.ts',
      'pfx-reader': 'packages/connector/src/admin/pfx-reader.ts',
    },
    assets: ['packages/web/src/assets', 'packages/connector/src/admin/assets'],
    // It loads a library for the platform.
    external: ['koffi'],
  },
  hub: {
    entryPoints: { main: 'packages/hub/src/main.ts' },
    assets: ['packages/web/src/assets', 'packages/documents/src/assets', 'packages/hub/src/dashboard/assets'],
    external: [],
  },
};

const DOCUMENTS = ['*.md', 'docs/**/*.*'];
const EDITOR_MODULES = 'packages/connector/src/admin/assets.ts';
const WASM = 'node_modules/@jitl/quickjs-ng-wasmfile-release-sync/dist/emscripten-module.wasm';
/** What bundled code may still resolve relative to its own URL: a file in `assets/`, a bundled program, the WebAssembly beside it. */
const SIBLING_PROGRAM = /new URL\('\.\/([\w-]+)\.ts', import\.meta\.url\)/g;

export interface Bundle {
  /** Paths in package-lock.json of the packages whose code is in it. */
  packages: string[];
}

/** @param folder is created; an existing one is not emptied */
export async function makeBundle(program: Program, folder: string): Promise<Bundle> {
  const recipe = RECIPES[program];
  const used = new Set<string>();
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: { ...recipe.entryPoints },
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: [...recipe.external],
    metafile: true,
    legalComments: 'none',
    logLevel: 'error',
    // CommonJS packages call `require` for modules of Node.js.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module';\nconst require = createRequireOfBundle(import.meta.url);",
    },
    plugins: [bundledAddresses(recipe, used)],
  });
  const files = recipe.assets.flatMap((assets) => globSync('*', { cwd: join(ROOT, assets) }).map((name) => join(assets, name)));
  copyUnique(files, join(folder, 'assets'));
  const packages = new Set(Object.keys(result.metafile.inputs).flatMap(packagePath));
  if (program === 'hub') copyDocuments(join(folder, 'documents'));
  if (program === 'connector') {
    copyUnique([WASM], folder);
    for (const [file, source] of editorModules()) {
      mkdirSync(join(folder, 'assets', 'modules'), { recursive: true });
      copyFileSync(source, join(folder, 'assets', 'modules', file));
      for (const path of packagePath(relative(ROOT, source))) packages.add(path);
    }
  }
  const unused = Object.keys(recipe.entryPoints).filter((name) => name !== 'main' && !used.has(name));
  if (unused.length > 0) throw new Error(`nothing in the ${program} starts ${unused.join(', ')}`);
  return { packages: [...packages].sort() };
}

/** Addresses in the source are relative to its folders; in the bundle everything is in one. */
function bundledAddresses(recipe: Recipe, used: Set<string>): Plugin {
  return {
    name: 'bundled addresses',
    setup({ onLoad }) {
      onLoad({ filter: /packages\/\w+\/src\/.*\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        if (!source.includes('import.meta')) return undefined;
        const contents = source
          .replaceAll(SIBLING_PROGRAM, (_, name: string) => {
            if (recipe.entryPoints[name] !== relative(ROOT, join(dirname(path), `${name}.ts`)))
              throw new Error(`${path} starts ${name}.ts, which is not bundled`);
            used.add(name);
            return `new URL('./${name}.js', import.meta.url)`;
          })
          .replaceAll("new URL('../../../', import.meta.url)", "new URL('./documents/', import.meta.url)")
          .replaceAll('import.meta.resolve(name)', 'new URL("./assets/modules/" + name.replace("/", "-") + ".js", import.meta.url)');
        return { contents, loader: 'ts' };
      });
    },
  };
}

/** What the hub serves under `/docs`. */
function copyDocuments(folder: string): void {
  for (const file of globSync(DOCUMENTS, { cwd: ROOT })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(folder, file));
  }
}

/** @returns their names in the bundle, and their files */
function editorModules(): [string, string][] {
  const list = /const MODULES = \[([^\]]*)\]/.exec(readFileSync(join(ROOT, EDITOR_MODULES), 'utf8'))?.[1] ?? '';
  const names = [...list.matchAll(/'([^']+)'/g)].map(([, name = '']) => name);
  if (names.length === 0) throw new Error(`${EDITOR_MODULES} lists no modules`);
  return names.map((name) => [`${name.replace('/', '-')}.js`, fileURLToPath(import.meta.resolve(name))]);
}

/** @throws if two files would have the same name */
function copyUnique(files: readonly string[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  const names = files.map((file) => basename(file));
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) throw new Error(`two assets are named ${double}`);
  for (const file of files) copyFileSync(join(ROOT, file), join(folder, basename(file)));
}

function packagePath(input: string): string[] {
  const path = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
  return path === undefined ? [] : [path];
}
