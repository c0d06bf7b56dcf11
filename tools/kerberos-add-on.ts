/**
 * Compiles the npm package `kerberos` for the tests with tickets. Installing leaves it uncompiled, since it would download a binary or
 * need headers that most machines do not have. One call of the compiler does what its own build does on Linux, and needs nothing else.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** node_api.h, from Node's own package or Debian's libnode-dev. The interface is that of Node-API, the same in all versions of Node. */
const NODE_HEADERS = '/usr/include/node';

/**
 * Compiles it where that was not done yet; elsewhere says what will be skipped.
 *
 * @returns whether the tests may run: false only where `required` and it could not be compiled
 */
export function ensureKerberosAddOn(root: string, required: boolean): boolean {
  const problem = compileOnce(root);
  if (problem === undefined) return true;
  console.error(`${required ? 'Cannot compile' : 'Tests with Kerberos tickets are skipped, without'} the package kerberos: ${problem}`);
  return !required;
}

/** @returns what went wrong */
function compileOnce(root: string): string | undefined {
  if (process.platform !== 'linux') return 'that is done on Linux only';
  const { resolve } = createRequire(join(root, 'packages', 'connector', 'package.json'));
  let folder: string;
  let addonApi: string;
  try {
    folder = dirname(resolve('kerberos/package.json'));
    addonApi = dirname(resolve('node-addon-api/package.json'));
  } catch {
    return 'npm did not install it';
  }
  const built = join(folder, 'build', 'Release', 'kerberos.node');
  if (existsSync(built)) return undefined;
  console.log('Compiling the package kerberos for the tests (once) ...');
  mkdirSync(dirname(built), { recursive: true });
  // Written beside and renamed, so that nobody loads half of it.
  const unfinished = `${built}.${process.pid}`;
  const { status, error, stderr } = spawnSync(
    'g++',
    [
      ...['-shared', '-fPIC', '-O2', '-std=c++17', '-o', unfinished],
      // The definitions of its binding.gyp: libraries of Kerberos are opened when it is loaded, and need not be linked.
      ...['-DKERBEROS_USE_RTLD=1', '-DNODE_GYP_MODULE_NAME=kerberos', '-DBUILDING_NODE_EXTENSION'],
      ...['-I', addonApi, '-I', NODE_HEADERS],
      ...globSync(['src/*.cc', 'src/unix/*.cc'], { cwd: folder }).map((file) => join(folder, file)),
      '-ldl',
    ],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (status !== 0) return error?.message ?? stderr;
  renameSync(unfinished, built);
  return undefined;
}
