/** The unit of the connector, as packages and `service install` name it. Its state comes from systemd, never from a file of the service. */
import { spawnSync } from 'node:child_process';

export const CONNECTOR_UNIT = 'landbridge-connector.service';

/** @returns undefined if the unit does not run, or there is no systemd */
export function mainProcessOf(unit: string): number | undefined {
  const { status, stdout } = spawnSync('systemctl', ['show', '--property=MainPID', '--value', unit], { encoding: 'utf8' });
  const pid = status === 0 ? Number(stdout.trim()) : 0;
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}
