/** The packages for Windows: an MSI, and a zip of the same folder. */
import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PackageOptions } from '../makers.ts';
import type { ProgramFolder } from '../program-folder.ts';
import { packageNameOf } from '../targets.ts';
import { signForWindows } from './authenticode.ts';
import { makeMsi } from './msi.ts';
import { COMPILER, compileWindowsPrograms, type WindowsPrograms } from './programs.ts';
import { makeZip } from './zip.ts';

export const WINDOWS_TOOLS = [COMPILER, 'wixl', 'msibuild', 'osslsigncode'];

const SCRIPTS = ['landbridge-connector.cmd', 'troubleshoot.cmd'];

/** For each folder of the connector. */
export function makeAllWindowsPackages(folders: readonly ProgramFolder[], options: PackageOptions): void {
  for (const folder of folders) makeWindowsPackages(folder, compileWindowsPrograms(`${folder.folder}.programs`, folder.version), options);
}

/**
 * Completes the folder of the connector, and makes both packages of it.
 *
 * @param programs are signed in place
 * @returns the path of the MSI
 */
export function makeWindowsPackages(
  from: ProgramFolder,
  { serviceHost, installerActions }: WindowsPrograms,
  { output, epoch, authenticode }: PackageOptions,
): string {
  for (const script of SCRIPTS) copyFileSync(join(import.meta.dirname, script), join(from.folder, script));
  if (authenticode === undefined) console.warn('The programs and the MSI for Windows are not signed: no --authenticode was given');
  else for (const program of [serviceHost, installerActions]) signForWindows(program, authenticode, epoch);
  copyFileSync(serviceHost, join(from.folder, basename(serviceHost)));
  const name = `${packageNameOf(from.program)}-${from.version}-${from.target}`;
  makeZip(from.folder, join(output, `${name}.zip`), epoch);
  const msi = join(output, `${name}.msi`);
  makeMsi(msi, { folder: from.folder, version: from.version, installerActions, epoch });
  if (authenticode !== undefined) signForWindows(msi, authenticode, epoch);
  copyFileSync(join(from.folder, from.sbomFile), join(output, `${name}.cdx.json`));
  return msi;
}
