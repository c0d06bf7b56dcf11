/** RPM packages: the files of every Linux package, with scripts as Fedora's guidelines describe them. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalize } from './archive.ts';
import { DESCRIPTIONS, linuxScript, maintainer, stageLinuxFiles } from './linux-package.ts';
import type { PackageOptions } from './makers.ts';
import type { ProgramFolder } from './program-folder.ts';
import { runTool } from './run-tool.ts';
import { packageNameOf, ROOT, type Target } from './targets.ts';

/** RPM's names of processors. */
export const RPM_ARCHITECTURES: Readonly<Partial<Record<Target, string>>> = { 'linux-x64': 'x86_64', 'linux-arm64': 'aarch64' };

/** @returns the path of the package */
export function makeRpmPackage(from: ProgramFolder, { output, revision, epoch, compression }: PackageOptions): string {
  const name = packageNameOf(from.program);
  const architecture = RPM_ARCHITECTURES[from.target];
  if (architecture === undefined) throw new Error(`no RPM packages for ${from.target}`);
  const documents = `usr/share/doc/${name}`;
  const { folder, write } = stageLinuxFiles(from, `${from.folder}.rpm`, { documents, zsh: 'usr/share/zsh/site-functions' });
  for (const file of ['LICENSE', 'CHANGELOG.md']) write(`${documents}/${file}`, readFileSync(join(ROOT, file)));
  mkdirSync(join(folder, 'var/lib', name), { recursive: true });
  normalize(folder, epoch);

  const top = `${from.folder}.rpmbuild`;
  rmSync(top, { recursive: true, force: true });
  mkdirSync(top);
  const spec = join(top, `${name}.spec`);
  const { summary, text } = DESCRIPTIONS[from.program];
  const values: Readonly<Record<string, string>> = {
    PAYLOAD: compression === 'small' ? 'w19.zstdio' : 'w1.gzdio',
    VERSION: from.version,
    REVISION: String(revision),
    // RPM wants summaries to begin with a capital letter.
    SUMMARY: `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}`,
    MAINTAINER: maintainer(),
    RECOMMENDS: from.program === 'connector' ? 'ca-certificates, krb5-libs' : 'ca-certificates',
    DESCRIPTION: text.join('\n'),
    STAGE: folder,
    DOCUMENTS: documents,
    SBOM: from.sbomFile,
    ...Object.fromEntries(
      ['pre', 'post', 'preun', 'postun'].map((script) => [script.toUpperCase(), linuxScript(`rpm/${script}`, from.program)]),
    ),
  };
  writeFileSync(
    spec,
    linuxScript('rpm/spec', from.program).replace(/@([A-Z]+)@/g, (placeholder, key: string) => values[key] ?? placeholder),
  );
  const file = `${name}-${from.version}-${revision}.${architecture}.rpm`;
  // Settings of the builder's own ~/.rpmmacros must not get into the package.
  runTool(
    'rpmbuild',
    [
      '-bb',
      '--quiet',
      '--target',
      `${architecture}-linux`,
      '--define',
      `_topdir ${top}`,
      '--define',
      `_rpmdir ${output}`,
      '--define',
      `_rpmfilename ${file}`,
      spec,
    ],
    {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch), HOME: top, LC_ALL: 'C.UTF-8' },
    },
  );
  for (const used of [folder, top]) rmSync(used, { recursive: true });
  return join(output, file);
}
