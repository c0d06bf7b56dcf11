/** Running all checks, watching them, and packing what they found for support, after a look at what goes in. */
import { field, table, tokenField } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { exportPackage } from '../../troubleshoot/export.ts';
import { startCheckRun } from '../check-run.ts';
import { checkRunPart, watched } from '../elements.ts';
import { type ConsoleContext, type ConsoleEnv, formText } from '../page-context.ts';

export function troubleshootingRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  const packageOf = (results: Parameters<typeof exportPackage>[0]['results']) =>
    exportPackage({ home: context.home, environment: context.environment, version: context.version, results });

  return new Hono<ConsoleEnv>()
    .get('/troubleshooting', (c) => {
      const { troubleshooting, formToken } = c.get('session');
      const run = troubleshooting?.checkRun;
      const main = html`<div class="title"><div><h1>Troubleshooting</h1><p class="quiet">Everything between the hub and the directory is tried. Nothing is changed, and no person's password is used.</p></div></div>
<section><form method="post" action="/troubleshooting">${tokenField(formToken)}
${field('user', 'A person to look for', { value: troubleshooting?.userName ?? '', required: false, hint: 'Optional: whose groups are found in two ways.' })}
<div class="actions"><button>Run</button></div></form></section>
${
  run === undefined
    ? ''
    : html`<section aria-labelledby="results"><h2 id="results">Results</h2>${watched(
        'results-list',
        run.isOver(),
        html`${checkRunPart(run)}${run.isOver() ? html`<div class="actions"><a class="button plain" href="/troubleshooting/export">Pack it for support</a></div>` : html`<p><a href="/troubleshooting">Refresh</a></p>`}`,
      )}</section>`
}`;
      return context.show(c, { title: 'Troubleshooting', current: '/troubleshooting', main });
    })
    .post('/troubleshooting', (c) => {
      const session = c.get('session');
      const userName = formText(c.get('form'), 'user').trim();
      session.troubleshooting?.checkRun.cancel();
      const options = { home: context.home, environment: context.environment, userName: userName === '' ? undefined : userName };
      session.troubleshooting = { checkRun: startCheckRun(context.troubleshooter, options), userName };
      return context.redirect(c, '/troubleshooting');
    })
    .get('/troubleshooting/export', (c) => {
      const { troubleshooting, formToken } = c.get('session');
      if (troubleshooting?.checkRun.isOver() !== true) return context.redirect(c, '/troubleshooting');
      const { contents } = packageOf(troubleshooting.checkRun.results);
      const rows = contents.map(({ name, bytes, what }) => [name, `${bytes} bytes`, what]);
      const main = html`<h1>What goes into the package</h1><section>
<p>Passwords, ticket and keys are masked, and the private key is not in it. The log names people, and the results name servers.</p>
${table('Contents', ['File', 'Size', 'What'], rows, 'Nothing.')}
<form method="post" action="/troubleshooting/export">${tokenField(formToken)}<div class="actions"><button>Download</button><a href="/troubleshooting">Cancel</a></div></form></section>`;
      return context.show(c, { title: 'Package for support', current: '/troubleshooting', main });
    })
    .post('/troubleshooting/export', (c) => {
      const { troubleshooting } = c.get('session');
      if (troubleshooting?.checkRun.isOver() !== true) return context.redirect(c, '/troubleshooting');
      const zip = packageOf(troubleshooting.checkRun.results).zip();
      return c.body(new Uint8Array(zip), 200, {
        'Content-Type': 'application/zip',
        'Content-Disposition': 'attachment; filename="troubleshooting.zip"',
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      });
    });
}
