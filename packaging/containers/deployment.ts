/** The Helm chart and the compose file as packages. Both name images by the version of the programs. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTarball } from '../archive.ts';
import type { PackageOptions } from '../makers.ts';
import { ROOT, versionOf } from '../targets.ts';
import { CHART_FOLDER } from './chart-schema.ts';

export const COMPOSE_FOLDER = join(ROOT, 'packaging', 'compose');

export function makeDeploymentFiles({ output, epoch }: Pick<PackageOptions, 'output' | 'epoch'>): void {
  const version = versionOf('hub');
  const work = mkdtempSync(join(tmpdir(), 'landbridge-deployment-'));
  try {
    // Helm expects NAME-VERSION.tgz with the folder NAME.
    const packages = [
      { folder: CHART_FOLDER, name: 'landbridge', file: `landbridge-${version}.tgz` },
      { folder: COMPOSE_FOLDER, name: 'landbridge-compose', file: `landbridge-compose-${version}.tar.gz` },
    ];
    for (const { folder, name, file } of packages) {
      cpSync(folder, join(work, name), { recursive: true });
      makeTarball(join(work, name), join(output, file), epoch);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
