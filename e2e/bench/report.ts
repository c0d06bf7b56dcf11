/** Prints the benchmark's numbers as a table. */
import type { CellResult } from './load-process.ts';
import type { Cell } from './workload.ts';

export interface BenchReport {
  users: number;
  seconds: number;
  startToConnectedMs: number;
  /** Peak memory over all cells. */
  peakMemoryMb: { connector: number; hub: number };
  rows: {
    cell: Cell;
    floor: CellResult<'floor' | 'slapd'>;
    real: CellResult<'connector' | 'hub' | 'slapd' | 'load'>;
  }[];
}

const HEAD = ['groups', 'in flight', 'what', 'logins/s', 'p50 ms', 'p95 ms', 'p99 ms', 'client', 'ratio', 'hub', 'slapd', 'load', 'failed'];

export function printReport(report: BenchReport): void {
  const table = [HEAD];
  for (const { cell, floor, real } of report.rows) {
    const common = [cell.searchGroups ? 'searched' : 'cached', String(cell.inFlight)];
    const cpu = floor.usage.floor.cpuMsPerLogin;
    table.push([...common, 'floor', ...speed(floor), ms(cpu), '', '', ms(floor.usage.slapd.cpuMsPerLogin), '', String(floor.failures)]);
    const { connector, hub, slapd, load } = real.usage;
    const ratio = (connector.cpuMsPerLogin / cpu).toFixed(1);
    const used = [ms(connector.cpuMsPerLogin), ratio, ms(hub.cpuMsPerLogin), ms(slapd.cpuMsPerLogin), ms(load.cpuMsPerLogin)];
    table.push([...common, 'landbridge', ...speed(real), ...used, String(real.failures)]);
  }
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table) console.log(row.map((text, column) => text.padStart(widths[column] ?? 0)).join('  '));
  console.log(`
client, hub, slapd, load: CPU ms per sign-in of that process; client is the floor or the connector.
ratio: CPU of the connector relative to the floor. ${report.users} users, ${report.seconds} s per measurement, unencrypted LDAP on loopback.
Connector: connected ${Math.round(report.startToConnectedMs)} ms after start. Peak memory: connector ${Math.round(report.peakMemoryMb.connector)} MB, hub ${Math.round(report.peakMemoryMb.hub)} MB.`);
}

function speed({ logins, seconds, p50Ms, p95Ms, p99Ms }: CellResult<never>): string[] {
  return [(logins / seconds).toFixed(0), ms(p50Ms), ms(p95Ms), ms(p99Ms)];
}

function ms(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1);
}
