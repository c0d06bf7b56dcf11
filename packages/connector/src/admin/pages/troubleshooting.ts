/** Running all checks, following them, and exporting the results for support after showing the contents. */
import { field, table, tokenField } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { withTrusted } from '../../setup/configured-servers.ts';
import { exportPackage } from '../../troubleshoot/export.ts';
import { applied } from '../change.ts';
import { startCheckRun } from '../check-run.ts';
import { checkRunPart, watched } from '../elements.ts';
import { offeredIn } from '../offered-certificate.ts';
import { type ConsoleContext, type ConsoleEnv, download, formText } from '../page-context.ts';
import type { ConsoleSession } from '../sessions.ts';

export function troubleshootingRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  const packageOf = (results: Parameters<typeof exportPackage>[0]['results']) =>
    exportPackage({ home: context.home, environment: context.environment, version: context.version, results });

  function startRun(session: ConsoleSession, userName: string): void {
    session.troubleshooting?.checkRun.cancel();
    const options = { home: context.home, environment: context.environment, userName: userName === '' ? undefined : userName };
    session.troubleshooting = { checkRun: startCheckRun(context.troubleshooter, options), userName };
  }

  return new Hono<ConsoleEnv>()
    .get('/troubleshooting', (c) => {
      const { troubleshooting, formToken } = c.get('session');
      const run = troubleshooting?.checkRun;
      const main = html`<div class="title"><div><h1>Troubleshooting</h1><p class="quiet">Checks everything between the hub and the directory. Changes nothing, and uses no user's password.</p></div></div>
<section><form method="post" action="/troubleshooting">${tokenField(formToken)}
${field('user', 'Test user', { value: troubleshooting?.userName ?? '', required: false, hint: 'Optional: a user name whose groups are looked up in two ways.' })}
<div class="actions"><button>Run</button></div></form></section>
${
  run === undefined
    ? ''
    : html`<section aria-labelledby="results"><h2 id="results">Results</h2>${watched(
        'results-list',
        run.isOver(),
        html`${checkRunPart(run, context.connector() === undefined ? undefined : { action: '/troubleshooting/trust', formToken })}${run.isOver() ? html`<div class="actions"><a class="button plain" href="/troubleshooting/export">Export for support</a></div>` : html`<p><a href="/troubleshooting">Refresh</a></p>`}`,
      )}</section>`
}`;
      const refreshSeconds = run?.isOver() === false ? 2 : undefined;
      return context.show(c, { title: 'Troubleshooting', current: '/troubleshooting', help: 'troubleshooting', main, refreshSeconds });
    })
    .post('/troubleshooting', (c) => {
      startRun(c.get('session'), formText(c.get('form'), 'user').trim());
      return context.redirect(c, '/troubleshooting');
    })
    .post('/troubleshooting/trust', async (c) => {
      const session = c.get('session');
      const { checkRun, userName = '' } = session.troubleshooting ?? {};
      const offered = offeredIn(checkRun?.results ?? [], formText(c.get('form'), 'fingerprint'));
      if (offered === undefined) return context.redirect(c, '/troubleshooting');
      const connector = context.running();
      const changes = { CA_CERT: withTrusted(connector.config().values, offered) };
      // The directory may have further problems, which the next run shows.
      const message = await applied(context, () => connector.apply(changes, { force: true }), `Trusted: ${offered.subject}.`);
      if (message.tone === 'good') startRun(session, userName);
      return context.redirect(c, '/troubleshooting', message);
    })
    .get('/troubleshooting/export', (c) => {
      const { troubleshooting, formToken } = c.get('session');
      if (troubleshooting?.checkRun.isOver() !== true) return context.redirect(c, '/troubleshooting');
      const { contents } = packageOf(troubleshooting.checkRun.results);
      const rows = contents.map(({ name, bytes, what }) => [name, `${bytes} bytes`, what]);
      const main = html`<h1>Contents of the export</h1><section>
<p>Passwords, ticket and keys are masked, and the private key is not included. The log contains user names, and the results contain server names.</p>
${table('Contents', ['File', 'Size', 'Contents'], rows, 'No files.')}
<form method="post" action="/troubleshooting/export">${tokenField(formToken)}<div class="actions"><button>Download</button><a href="/troubleshooting">Cancel</a></div></form></section>`;
      return context.show(c, { title: 'Export for support', current: '/troubleshooting', main });
    })
    .post('/troubleshooting/export', (c) => {
      const { troubleshooting } = c.get('session');
      if (troubleshooting?.checkRun.isOver() !== true) return context.redirect(c, '/troubleshooting');
      const zip = packageOf(troubleshooting.checkRun.results).zip();
      return download(c, 'troubleshooting.zip', 'application/zip', new Uint8Array(zip));
    });
}
