/** Compiles the service host and the library of the installer with mingw-w64. The same source gives the same bytes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '../run-tool.ts';
import { ANSWERS } from './answers.ts';

const PREFIX = 'x86_64-w64-mingw32-';
/** Debian has another with POSIX threads, which nothing here needs. */
export const COMPILER = `${PREFIX}gcc-win32`;
const FLAGS = [
  ...['-std=c11', '-O2', '-municode', '-DUNICODE', '-D_WIN32_WINNT=0x0A00', '-s', '-static'],
  ...['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wformat=2', '-Werror', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2'],
  // Without a time, and with Windows' protections: random addresses, no code in data.
  ...['-Wl,--no-insert-timestamp', '-Wl,--dynamicbase', '-Wl,--nxcompat', '-Wl,--high-entropy-va'],
];
const HOST_SOURCES = ['host.c', 'service.c', 'service-setup.c', 'folder-access.c', 'console.c', 'programs.c'];
const INSTALLER_SOURCES = ['installer-actions.c', 'programs.c'];

export interface WindowsPrograms {
  serviceHost: string;
  installerActions: string;
}

/** @param folder gets the programs and what is generated for them */
export function compileWindowsPrograms(folder: string, version: string): WindowsPrograms {
  mkdirSync(folder, { recursive: true });
  const source = (name: string) => join(import.meta.dirname, name);
  // Tools get relative paths, which some write into their output.
  const run = (program: string, args: readonly string[]) => runTool(program, args, { cwd: folder });
  for (const name of ['messages.mc', 'host.rc', 'host.manifest']) writeFileSync(join(folder, name), readFileSync(source(name)));
  run(`${PREFIX}windmc`, ['-h', '.', '-r', '.', 'messages.mc']);
  const numbers = `${version.split(/[.-]/, 3).join(',')},0`;
  run(`${PREFIX}windres`, [`-DVERSION_NUMBERS=${numbers}`, `-DVERSION_TEXT=\\"${version}\\"`, 'host.rc', '-O', 'coff', '-o', 'host.o']);
  writeFileSync(join(folder, 'answers.h'), `#define ANSWER_NAMES ${ANSWERS.map(({ property }) => `L"${property}"`).join(', ')}\n`);

  const [host, actions] = ['landbridge-connector-service.exe', 'installer-actions.dll'];
  const compile = (output: string, inputs: readonly string[], libraries: readonly string[]) =>
    run(COMPILER, [...FLAGS, '-I.', ...inputs, '-o', output, ...libraries.map((name) => `-l${name}`)]);
  compile(host, [...HOST_SOURCES.map(source), 'host.o'], ['advapi32', 'shell32', 'ole32', 'uuid']);
  compile(actions, ['-shared', ...INSTALLER_SOURCES.map(source)], ['msi', 'shell32', 'ole32', 'uuid']);
  return { serviceHost: join(folder, host), installerActions: join(folder, actions) };
}
