/** `npm run package`: makes the packages of both programs in `build/packages/`, with their SHA-256 sums. The same commit gives the same bytes. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FORMATS, type Format, PACKAGE_MAKERS, whyNotMade } from './makers.ts';
import { findNodeRuntime, type NodeArchive, type NodeRuntime } from './node-runtime.ts';
import { makeProgramFolder, type ProgramFolder } from './program-folder.ts';
import { runTool } from './run-tool.ts';
import { pinPublicKey, type SigningKeys, signSums, writeSums } from './sums.ts';
import { isTarget, packageNameOf, programsFor, ROOT, TARGETS, type Target } from './targets.ts';
import type { AuthenticodeKey } from './windows/authenticode.ts';

const USAGE = `Usage: npm run package -- [options]
  --target TARGET               ${TARGETS.join(', ')}; several times for several; without it, all
  --format FORMAT               ${FORMATS.join(', ')}; several times for several; without it, all
  --node TARGET=FILE,SHA256     use an archive of Node.js from nodejs.org
  --allow-outdated-node TARGET  accept a Node.js that lacks security fixes
  --revision NUMBER             of the packages that have one: deb, rpm (1)
  --minisign-key FILE           sign SHA256SUMS with minisign; the key has no password
  --gpg-key ID                  sign SHA256SUMS with GnuPG
  --authenticode CERTS,KEY      sign what is for Windows: PEM files of the certificates and their key, which has no password
  --timestamp-url URL           time stamps for these signatures, which then stay valid when the certificate expires
  --fast                        compress less, for trying`;

interface Options extends SigningKeys {
  targets: readonly Target[];
  formats: readonly Format[];
  archives: ReadonlyMap<Target, NodeArchive>;
  allowOutdated: readonly Target[];
  revision: number;
  authenticode: AuthenticodeKey | undefined;
  isFast: boolean;
}

async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  const epoch = sourceDateEpoch();
  const output = join(ROOT, 'build', 'packages');
  const stage = join(ROOT, 'build', 'stage');
  for (const folder of [output, stage]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });

  const refused: string[] = [];
  const folders: ProgramFolder[] = [];
  for (const target of options.targets) {
    let node: NodeRuntime;
    try {
      node = findNodeRuntime(target, { archive: options.archives.get(target), allowOutdated: options.allowOutdated.includes(target) });
    } catch (error) {
      refused.push(`${target} is not packaged: ${error instanceof Error ? error.message : error}`);
      continue;
    }
    for (const program of programsFor(target)) {
      const name = packageNameOf(program);
      const made = await makeProgramFolder(join(stage, target, name), { program, target, node, epoch });
      if (options.minisignKey !== undefined) pinPublicKey(made.folder, options.minisignKey);
      folders.push(made);
      console.log(`${name} ${made.version} for ${target}: Node.js ${node.version} from ${node.origin}`);
    }
  }
  for (const maker of PACKAGE_MAKERS.filter(({ format }) => options.formats.includes(format))) {
    const suitable = folders.filter((folder) => maker.accepts(folder));
    const whyNot = suitable.length === 0 ? undefined : whyNotMade(maker);
    if (whyNot !== undefined) refused.push(`${maker.format} is not made: ${whyNot}`);
    else if (suitable.length > 0) {
      const { revision, authenticode } = options;
      await maker.make(suitable, { output, epoch, revision, compression: options.isFast ? 'fast' : 'small', authenticode });
    }
  }
  rmSync(stage, { recursive: true, force: true });
  writeSums(output);
  signSums(output, options);
  for (const line of refused) console.error(line);
  return refused.length === 0 ? 0 : 1;
}

/** @throws with the usage */
function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      target: { type: 'string', multiple: true, default: [...TARGETS] },
      format: { type: 'string', multiple: true, default: [...FORMATS] },
      node: { type: 'string', multiple: true, default: [] },
      'allow-outdated-node': { type: 'string', multiple: true, default: [] },
      revision: { type: 'string', default: '1' },
      'minisign-key': { type: 'string' },
      'gpg-key': { type: 'string' },
      authenticode: { type: 'string' },
      'timestamp-url': { type: 'string' },
      fast: { type: 'boolean', default: false },
    },
  });
  const archives = new Map<Target, NodeArchive>();
  for (const given of values.node) {
    const [, target = '', file = '', sha256 = ''] = /^([\w-]+)=(.+),([0-9a-fA-F]{64})$/.exec(given) ?? [];
    archives.set(toTarget(target), { file, sha256 });
  }
  const revision = Number(values.revision);
  if (!Number.isSafeInteger(revision) || revision < 1) throw new Error(USAGE);
  const [, certificates, key] = /^(.+),(.+)$/.exec(values.authenticode ?? '') ?? [];
  if ((values.authenticode ?? values['timestamp-url']) !== undefined && (certificates === undefined || key === undefined))
    throw new Error(USAGE);
  return {
    targets: values.target.map(toTarget),
    formats: values.format.map(toFormat),
    archives,
    allowOutdated: values['allow-outdated-node'].map(toTarget),
    revision,
    minisignKey: values['minisign-key'],
    gpgKey: values['gpg-key'],
    authenticode: certificates && key ? { certificates, key, timestampUrl: values['timestamp-url'] } : undefined,
    isFast: values.fast,
  };
}

function toTarget(name: string): Target {
  if (isTarget(name)) return name;
  throw new Error(USAGE);
}

function toFormat(name: string): Format {
  const format = FORMATS.find((each) => each === name);
  if (format !== undefined) return format;
  throw new Error(USAGE);
}

/** The time in all packages: of the commit, or SOURCE_DATE_EPOCH (reproducible-builds.org). */
function sourceDateEpoch(): number {
  const given = process.env.SOURCE_DATE_EPOCH ?? runTool('git', ['log', '-1', '--format=%ct'], { cwd: ROOT }).trim();
  if (!/^\d{1,10}$/.test(given)) throw new Error('SOURCE_DATE_EPOCH must be a number of seconds');
  return Number(given);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
