/**
 * `npm run bench`: throughput, latency and CPU time of sign-ins. The floor in the same run against the same slapd: the same LDAP operations
 * from one bare process. Nothing is asserted; the numbers depend on the machine, the ratio to the floor much less.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Slapd, startSlapd } from '@landbridge/lab';
import { directoryConfig, type HubProgram, startConnector, startHub } from '../programs.ts';
import type { FloorTask } from './floor.ts';
import { benchFrontChannel } from './front-channel.ts';
import type { HttpTask } from './http-load.ts';
import { benchIdle } from './idle.ts';
import { startLoadProcess } from './load-process.ts';
import { benchMapper } from './mapper.ts';
import { memoryMb } from './process-usage.ts';
import { type BenchReport, printReport } from './report.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connectors: { type: 'string', default: '5000' },
    'sign-ins': { type: 'string', default: '500' },
    seconds: { type: 'string', default: '5' },
    users: { type: 'string', default: '10000' },
    concurrency: { type: 'string', default: '1,8,32,128' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const USAGE = `Usage: npm run bench -- [options]
       npm run bench -- idle [--connectors N] [--seconds N]
       npm run bench -- front-channel [--sign-ins N]
       npm run bench -- groups
       npm run bench -- mapper [--seconds N]
  idle                     idle connectors: memory, CPU, and sign-ins meanwhile
  front-channel            sign-ins by form, certificate and ticket at the connector
  --sign-ins N             number of sign-ins of each kind (500)
  --connectors N           number of idle connectors (5000)
  groups                   finding a user's groups: compared with the in-chain query on a domain controller, and among 20,000 groups
  mapper                   what a custom profile mapper adds: CPU and memory, at 32 in flight
  --seconds N              duration of each measurement after a warm-up (5)
  --users N                users in the directory (10000)
  --concurrency 1,8,32     sign-ins in flight, one measurement each (1,8,32,128)
  --json FILE              also write the numbers to a file`;

const CONNECTION = 'bench';
/** The results of each variant in a comparison. */
const ROUNDS = 5;
/** One search for all groups of a user, as in many existing configurations. */
const GROUPS_QUERY = '(member={0})';

async function main(): Promise<void> {
  const seconds = Number(options.seconds);
  const concurrency = options.concurrency.split(',').map(Number);
  await using slapd = await startSlapd({ users: Number(options.users), log: false });
  const report: BenchReport = {
    users: slapd.users.ordinary.length,
    seconds,
    startToConnectedMs: 0,
    peakMemoryMb: { connector: 0, hub: 0 },
    rows: [],
  };

  for (const searchGroups of [true, false]) {
    await using hub = await startHub();
    const ticket = await hub.createConnection(CONNECTION);
    const spawned = performance.now();
    await using connector = await startConnector({
      ...directoryConfig(slapd, 'plain'),
      PROVISIONING_TICKET: ticket,
      LDAP_SEARCH_GROUPS: GROUPS_QUERY,
      GROUPS_CACHE_SECONDS: searchGroups ? 0 : 600,
    });
    await hub.untilConnectors(CONNECTION, 1);
    report.startToConnectedMs = performance.now() - spawned;
    const pids = { connector: running(connector.pid), hub: running(hub.pid), slapd: running(slapd.pid) };

    const floor = await startLoadProcess('floor.ts', floorTask(slapd));
    const load = await startLoadProcess('http-load.ts', httpTask(slapd, hub));
    for (const inFlight of concurrency) {
      const cell = { inFlight, searchGroups, seconds };
      console.error(`${inFlight} in flight, groups ${searchGroups ? 'searched' : 'cached'} ...`);
      report.rows.push({
        cell,
        floor: await floor.run(cell, { floor: floor.pid, slapd: pids.slapd }),
        real: await load.run(cell, { ...pids, load: load.pid }),
      });
    }
    floor.stop();
    load.stop();
    report.peakMemoryMb = {
      connector: Math.max(report.peakMemoryMb.connector, memoryMb(pids.connector).peak),
      hub: Math.max(report.peakMemoryMb.hub, memoryMb(pids.hub).peak),
    };
  }
  printReport(report);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

/** Runs in a process of its own, because it uses test support of the connector package. */
function benchGroups(): void {
  const program = join(import.meta.dirname, '../../packages/connector/test/bench-groups.ts');
  process.exitCode = spawnSync(process.execPath, ['--expose-gc', program], { stdio: 'inherit' }).status ?? 1;
}

function running(pid: number | undefined): number {
  if (pid === undefined) throw new Error('a program ended before it was measured');
  return pid;
}

function floorTask(slapd: Slapd): FloorTask {
  return { port: slapd.port, baseDn: slapd.baseDn, service: slapd.serviceAccount, users: slapd.users.ordinary };
}

function httpTask(slapd: Slapd, hub: HubProgram): HttpTask {
  return { loginUrl: `${hub.url}/api/connections/${CONNECTION}/login`, apiKey: hub.apiKey, users: slapd.users.ordinary };
}

if (options.help) console.log(USAGE);
else if (positionals[0] === 'groups') benchGroups();
else if (positionals[0] === 'idle') await benchIdle(Number(options.connectors), Number(options.seconds));
else if (positionals[0] === 'mapper') await benchMapper(Number(options.seconds), ROUNDS);
else if (positionals[0] === 'front-channel') await benchFrontChannel(Number(options['sign-ins']));
else await main();
