/** The running version, and newer packages that someone put into `update/` of the home. Downloads and installs nothing. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Html, table } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { ConsoleContext, ConsoleEnv } from '../page-context.ts';

const FOLDER = 'update';
const NAME = /^landbridge-connector-(\d{1,6}\.\d{1,6}\.\d{1,6})\.(?:tgz|tar\.gz|zip|msi|deb|rpm)$/;
const MAX_NOTES_BYTES = 64 * 1024;

export interface Package {
  name: string;
  version: string;
  bytes: number;
  /** Release notes, from `NAME.txt` beside it. */
  notes: string | undefined;
}

export function updateRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>().get('/update', (c) => {
    const found = packagesIn(join(context.home, FOLDER));
    const newer = found.filter(({ version }) => isNewer(version, context.version));
    const [newest] = newer;
    const main = html`<h1>Update</h1>
<section><dl class="facts"><div><dt>Installed</dt><dd>${context.version}</dd></div><div><dt>Node.js</dt><dd>${process.versions.node}</dd></div></dl>
<p>${newest === undefined ? `No newer version in ${join(context.home, FOLDER)}. Hubs do not announce versions, so a newer one may exist elsewhere.` : `Version ${newest.version} is newer.`}</p></section>
<section aria-labelledby="packages"><h2 id="packages">Packages in ${join(context.home, FOLDER)}</h2>
${table(
  'Packages',
  ['File', 'Version', 'Size'],
  found.map(({ name, version, bytes }) => [name, version, `${Math.ceil(bytes / 1024)} KB`]),
  'No packages.',
)}
${newest?.notes === undefined ? '' : html`<h3>Release notes</h3><pre class="code" tabindex="0" role="region" aria-label="Release notes">${newest.notes}</pre>`}</section>
${howTo(context)}`;
    return context.show(c, { title: 'Update', current: '/update', help: 'upgrading#the-connector', main });
  });
}

function howTo({ home }: ConsoleContext): Html {
  return html`<section aria-labelledby="how"><h2 id="how">How to install an update</h2>
<ol class="problems"><li>Export this connector ("Import / export") and keep the file.</li>
<li>Check the package's checksum against the published one.</li>
<li>Stop the service, install the package over the old one, start the service. The home (<code>${home}</code>) does not change.</li>
<li>If you run two connectors, update one after the other, so that users can keep signing in.</li></ol></section>`;
}

/** @returns the newest first; none if the folder does not exist */
function packagesIn(folder: string): Package[] {
  try {
    return readdirSync(folder)
      .flatMap((name): Package[] => {
        const version = NAME.exec(name)?.[1];
        return version === undefined
          ? []
          : [{ name, version, bytes: statSync(join(folder, name)).size, notes: notesOf(join(folder, `${name}.txt`)) }];
      })
      .sort((a, b) => (isNewer(a.version, b.version) ? -1 : 1));
  } catch {
    return [];
  }
}

function notesOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() && stats.size <= MAX_NOTES_BYTES ? readFileSync(path, 'utf8') : undefined;
}

function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
