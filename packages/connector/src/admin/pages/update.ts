/** Which version runs, and whether a newer one was put into `update/` of the home. Nothing is fetched and nothing installs itself. */
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
  /** What changed, from `NAME.txt` beside it. */
  notes: string | undefined;
}

export function updateRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>().get('/update', (c) => {
    const found = packagesIn(join(context.home, FOLDER));
    const newer = found.filter(({ version }) => isNewer(version, context.version));
    const [newest] = newer;
    const main = html`<h1>Update</h1>
<section><dl class="facts"><div><dt>Installed</dt><dd>${context.version}</dd></div><div><dt>Node.js</dt><dd>${process.versions.node}</dd></div></dl>
<p>${newest === undefined ? `No newer version lies in ${join(context.home, FOLDER)}. Hubs do not tell which version is the newest, so it is not known here whether there is one elsewhere.` : `${newest.version} is newer than this one.`}</p></section>
<section aria-labelledby="packages"><h2 id="packages">Packages in ${join(context.home, FOLDER)}</h2>
${table(
  'Packages',
  ['File', 'Version', 'Size'],
  found.map(({ name, version, bytes }) => [name, version, `${Math.ceil(bytes / 1024)} KB`]),
  'None.',
)}
${newest?.notes === undefined ? '' : html`<h3>What changed</h3><pre class="code" tabindex="0" role="region" aria-label="What changed">${newest.notes}</pre>`}</section>
${howTo(context)}`;
    return context.show(c, { title: 'Update', current: '/update', main });
  });
}

function howTo({ home }: ConsoleContext): Html {
  return html`<section aria-labelledby="how"><h2 id="how">How to install one</h2>
<ol class="problems"><li>Export this connector ("Import / export") and keep the file.</li>
<li>Check the package's checksum against the one that was published.</li>
<li>Stop the service, install the package over the old one, start the service. The home (<code>${home}</code>) stays as it is.</li>
<li>With two connectors update one after the other: nobody notices.</li></ol></section>`;
}

/** @returns the newest first; none where there is no such folder */
export function packagesIn(folder: string): Package[] {
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

export function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
