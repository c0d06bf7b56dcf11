/** Moving the connector: exporting it as a file, and importing one after showing what changes. */
import { CodedError } from '@landbridge/runtime';
import { alertOf, field, fileField, type Html, sentence, table, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { loadConfig } from '../../config/load.ts';
import { createExport } from '../../transfer/export.ts';
import { applyImport, type ImportSummary, readImport } from '../../transfer/import.ts';
import { SHORTEST_PASSPHRASE } from '../../transfer/sealed-file.ts';
import { applied, started } from '../change.ts';
import { type ConsoleContext, type ConsoleEnv, download, fileOf, formText } from '../page-context.ts';
import { changeRows } from '../setting-changes.ts';

export function transferRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  function page(c: Context<ConsoleEnv>, problem?: string): Response | Promise<Response> {
    const token = context.tokenOf(c);
    const main = html`<h1>Import / export</h1>${alertOf(problem)}
<div class="columns two"><section aria-labelledby="import"><h2 id="import">Import</h2>
<p>The zip of an installed Auth0 AD/LDAP Connector, or an export of this one. You see the changes before they apply.</p>
<form method="post" action="/transfer/import" enctype="multipart/form-data">${tokenField(token)}${fileField('file', 'File', { accept: '.zip,.landbridge' })}
${field('passphrase', 'Passphrase', { type: 'password', required: false, autocomplete: 'off', hint: 'If the file is encrypted.' })}
<div class="actions"><button>Show changes</button></div></form></section>
${
  context.connector() === undefined
    ? ''
    : html`<section aria-labelledby="export"><h2 id="export">Export</h2>
<p>Settings, profile mapper, certificate and private key, for another machine or a second connector. Anyone with the file and its passphrase can impersonate this connector.</p>
<form method="post" action="/transfer/export">${tokenField(token)}
<div class="field"><label for="new-passphrase">Passphrase</label><input id="new-passphrase" name="passphrase" type="password" autocomplete="new-password" aria-describedby="new-passphrase-hint"><p class="hint" id="new-passphrase-hint">Encrypts the file. At least ${SHORTEST_PASSPHRASE} characters.</p></div>
<div class="check"><input type="checkbox" id="plain" name="plain" value="on" aria-describedby="plain-hint"><div><label for="plain">Unencrypted</label><p class="hint" id="plain-hint">For an Auth0 AD/LDAP Connector, which cannot read encrypted exports. The file exposes the private key.</p></div></div>
<div class="actions"><button>Export</button></div></form></section>`
}</div>`;
    return context.show(c, {
      title: 'Import / export',
      current: '/transfer',
      help: 'moving',
      main,
      status: problem === undefined ? 200 : 400,
    });
  }

  return new Hono<ConsoleEnv>()
    .get('/transfer', (c) => page(c))
    .post('/transfer/export', async (c) => {
      const form = c.get('form');
      const isPlain = formText(form, 'plain') === 'on';
      let made: Awaited<ReturnType<typeof createExport>>;
      try {
        made = await createExport(context.running().config(), isPlain ? undefined : formText(form, 'passphrase'));
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        return page(c, sentence(error));
      }
      context.log.info(`Connector exported by the console${isPlain ? ', unencrypted' : ''}`);
      return download(c, `connector.${isPlain ? 'zip' : 'landbridge'}`, 'application/octet-stream', new Uint8Array(made.bytes));
    })
    .post('/transfer/import', async (c) => {
      const form = c.get('form');
      const bytes = await fileOf(form, 'file');
      if (bytes === undefined) return page(c, 'Choose a file.');
      const passphrase = formText(form, 'passphrase');
      try {
        const config = loadConfig(context.home, context.environment);
        c.get('session').pendingImport = await readImport({
          source: bytes,
          passphrase: passphrase === '' ? undefined : passphrase,
          config,
          environment: context.environment,
          log: context.log,
        });
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        return page(c, sentence(error));
      }
      return context.redirect(c, '/transfer/confirm');
    })
    .get('/transfer/confirm', (c) => {
      const { pendingImport, formToken } = c.get('session');
      if (pendingImport === undefined) return context.redirect(c, '/transfer');
      return context.show(c, {
        title: 'Import',
        current: '/transfer',
        help: 'moving',
        main: summaryPart(pendingImport.summary, formToken),
      });
    })
    .post('/transfer/confirm', async (c) => {
      const session = c.get('session');
      const { pendingImport } = session;
      if (pendingImport === undefined) return context.redirect(c, '/transfer');
      const force = formText(c.get('form'), 'force') === 'on';
      const connector = context.connector();
      const done = 'Imported and in use. To undo it, go to "Settings".';
      if (connector !== undefined) {
        const message = await applied(context, () => connector.replace(pendingImport.files, { force }), done);
        if (message.tone === 'good') session.pendingImport = undefined;
        return context.redirect(c, message.tone === 'good' ? '/' : '/transfer/confirm', message);
      }
      applyImport(loadConfig(context.home, context.environment), pendingImport, { force });
      session.pendingImport = undefined;
      return started(context, c, 'Imported');
    });
}

function summaryPart({ encrypted, layout, settings, certificate, mapper, problems, warnings }: ImportSummary, token: string): Html {
  const thumbprints = [certificate.thumbprintBefore ?? 'none', certificate.thumbprintAfter ?? 'none'].join(' → ');
  const certificateText =
    certificate.change === 'other' || certificate.change === 'new' ? `${certificate.change}: ${thumbprints}` : certificate.change;
  return html`<h1>Changes by the import</h1>
${problems.length === 0 ? '' : html`<section class="notice bad" role="alert"><h2>The connector would not work</h2><ul class="problems">${problems.map((problem) => html`<li>${problem}</li>`)}</ul></section>`}
${warnings.length === 0 ? '' : html`<section class="notice"><ul class="problems">${warnings.map((warning) => html`<li>${warning}</li>`)}</ul></section>`}
<section aria-labelledby="changes"><h2 id="changes">Settings</h2>${table('Settings', ['Setting', 'Change', 'Current', 'New'], changeRows(settings), 'No setting changes.')}</section>
<section aria-labelledby="files"><h2 id="files">Files</h2><dl class="facts"><div><dt>Certificate</dt><dd>${certificateText}</dd></div><div><dt>Profile mapper</dt><dd>${mapper.change}</dd></div>
<div><dt>File</dt><dd>${encrypted ? 'encrypted' : 'unencrypted'}, ${layout === 'data' ? 'Auth0 AD/LDAP Connector 7.0 or later' : 'config.json at the top'}</dd></div></dl>
${mapper.firstLines.length === 0 ? '' : html`<pre class="code" tabindex="0" role="region" aria-label="First lines of the mapper">${mapper.firstLines.join('\n')}</pre>`}</section>
<section><form class="wide" method="post" action="/transfer/confirm">${tokenField(token)}
<p class="check"><input type="checkbox" id="force" name="force" value="on"${problems.length > 0 ? html` required` : ''}><label for="force">Apply anyway, even if the directory or the hub does not work with it now</label></p>
<div class="actions"><button>Import</button><a href="/transfer">Cancel</a></div></form></section>`;
}
