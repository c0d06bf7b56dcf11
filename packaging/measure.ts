/** `npm run package:measure`: what the packages need on this machine, as a table: download, disk, memory at rest and start. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startSlapd } from '@landbridge/lab';
import { makeTarball } from './archive.ts';
import { CHECK_EPOCH, makeProgramFolders } from './installed-system.ts';
import { packageNameOf } from './targets.ts';

const MEGABYTE = 1024 * 1024;
const VERSION_RUNS = 9;
const SIGN_INS = 200;
/** Long enough for garbage collection and for timers of the start. */
const REST_MS = 20_000;

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Resident memory of a process, in megabytes. */
function memoryOf(pid: number | undefined): string {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kilobytes) / 1024).toFixed(0);
}

const milliseconds = (begun: number) => (performance.now() - begun).toFixed(0);

const work = mkdtempSync(join(tmpdir(), 'landbridge-measure-'));
try {
  const bin = join(work, 'bin');
  mkdirSync(bin);
  const rows: [what: string, connector: string, hub: string][] = [];
  const sizes: string[][] = [];
  for (const { folder, program } of await makeProgramFolders(work)) {
    const name = packageNameOf(program);
    symlinkSync(join(folder, name), join(bin, name));
    const archive = join(work, `${name}.tar.gz`);
    makeTarball(folder, archive, CHECK_EPOCH);
    const runs = Array.from({ length: VERSION_RUNS }, () => {
      const begun = performance.now();
      spawnSync(join(bin, name), ['--version']);
      return performance.now() - begun;
    }).sort((one, other) => one - other);
    const median = runs[Math.floor(VERSION_RUNS / 2)] ?? 0;
    sizes.push([(statSync(archive).size / MEGABYTE).toFixed(0), (sizeOf(folder) / MEGABYTE).toFixed(0), median.toFixed(0)]);
  }
  const [connector = [], hub = []] = sizes;
  for (const [index, what] of ['archive, MB', 'on disk, MB', 'a command (--version), ms'].entries())
    rows.push([what, connector[index] ?? '', hub[index] ?? '']);

  process.env.LANDBRIDGE_PROGRAMS = bin;
  const { directoryConfig, startConnector, startHub } = await import('../e2e/programs.ts');
  await using slapd = await startSlapd();
  await using runningHub = await startHub();
  const PROVISIONING_TICKET = await runningHub.createConnection('measured');
  const connectorBegun = performance.now();
  await using runningConnector = await startConnector({ ...directoryConfig(slapd, 'ldaps'), PROVISIONING_TICKET });
  await runningHub.untilConnectors('measured', 1);
  const untilOnline = milliseconds(connectorBegun);
  await delay(REST_MS);
  const atRest = [memoryOf(runningConnector.pid), memoryOf(runningHub.pid)] as const;
  const [alice] = slapd.users.ordinary;
  if (alice === undefined) throw new Error('slapd has no users');
  for (let count = 0; count < SIGN_INS; count++) await runningHub.login('measured', alice.uid, alice.password);
  await delay(REST_MS);
  await runningHub.stop();
  const hubBegun = performance.now();
  runningHub.start();
  while (!(await fetch(`${runningHub.url}/healthz`).catch(() => undefined))?.ok) await delay(5);
  rows.push(['start until it is online or answers, ms', untilOnline, milliseconds(hubBegun)]);
  rows.push(['memory at rest, MB', ...atRest]);
  rows.push([`memory at rest after ${SIGN_INS} sign-ins, MB`, memoryOf(runningConnector.pid), '']);
  console.log(`| | connector | hub |\n| --- | --- | --- |\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
