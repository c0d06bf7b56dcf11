/** The installed version, the newest one that the hub announced, and the command that installs it. Downloads and installs nothing. */
import { isOlder } from '@landbridge/protocol';
import type { Html } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import type { ConsoleContext, ConsoleEnv } from '../page-context.ts';

export function updateRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  return new Hono<ConsoleEnv>().get('/update', (c) => {
    const newest = context.connector()?.newestVersion();
    const main = html`<h1>Update</h1>
<section><dl class="facts"><div><dt>Installed</dt><dd>${context.version}</dd></div>
<div><dt>Newest</dt><dd>${newest ?? 'unknown'}</dd></div><div><dt>Node.js</dt><dd>${process.versions.node}</dd></div></dl>
<p>${headlineOf(context.version, newest)} ${context.help('changelog', 'Release notes')}</p></section>
${howTo(context.platform ?? process.platform)}`;
    return context.show(c, { title: 'Update', current: '/update', help: 'upgrading#the-connector', main });
  });
}

function headlineOf(installed: string, newest: string | undefined): string {
  if (newest === undefined) return 'The hub has not announced a version: it offers no packages, or the connector is not connected.';
  if (isOlder(installed, newest)) return `Version ${newest} is available.`;
  return 'The hub offers no newer version.';
}

function howTo(platform: NodeJS.Platform): Html {
  const [account, command] = platform === 'win32' ? ['an administrator', ''] : ['root', 'sudo '];
  return html`<section aria-labelledby="how"><h2 id="how">How to install an update</h2>
<ol class="problems"><li>Export this connector ("Import / export") and keep the file.</li>
<li>Run this command as ${account}. It downloads the newest package from the hub, checks its signature, and installs it or names the command that does:
<pre class="code" tabindex="0" role="region" aria-label="Command that updates">${command}landbridge-connector update</pre></li>
<li>If you run two connectors, update one after the other, so that users can keep signing in.</li></ol></section>`;
}
