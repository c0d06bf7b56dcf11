/** A new key and certificate, for a connector whose key the hub revoked. */
import { CodedError } from '@landbridge/runtime';
import { alertOf, field, sentence, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { HomeFiles } from '../../config/home-files.ts';
import { filesWithNewCertificate } from '../../setup/new-certificate.ts';
import { applied } from '../change.ts';
import { type ConsoleContext, type ConsoleEnv, formText } from '../page-context.ts';

/** To read the ticket. */
const TICKET_TRIAL_MS = 30_000;

export function newCertificateRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  function page(c: Context<ConsoleEnv>, { problem, mayForce = false }: { problem?: string; mayForce?: boolean } = {}) {
    const force = html`<p class="check"><input type="checkbox" id="force" name="force" value="on"><label for="force">Replace it anyway, even if the hub or the directory does not work with it now, such as until an administrator of the hub approves the new key</label></p>`;
    const main = html`<section class="narrow"><h1>Replace the certificate</h1>${alertOf(problem)}
<p>A hub refuses a revoked key permanently. This makes a new key and certificate, and enrols with a new ticket. Settings and the service account's password stay; the old pair is kept in the home.</p>
<form method="post" action="/new-certificate">${tokenField(context.tokenOf(c))}
${field('ticket', 'Ticket', { type: 'password', hint: 'From "Add a connector" in the dashboard of the hub. It is a secret.' })}
${mayForce ? force : ''}
<div class="actions"><button>Replace the certificate</button><a href="/">Cancel</a></div></form></section>`;
    const status = problem === undefined ? 200 : 400;
    return context.show(c, { title: 'Replace the certificate', current: '/', help: 'errors#a-revoked-connector', main, status });
  }

  return new Hono<ConsoleEnv>()
    .get('/new-certificate', (c) => {
      context.running();
      return page(c);
    })
    .post('/new-certificate', async (c) => {
      const form = c.get('form');
      const connector = context.running();
      const ticket = formText(form, 'ticket').trim();
      if (!URL.canParse(ticket)) return page(c, { problem: 'Enter the whole ticket URL.' });
      let files: HomeFiles;
      try {
        files = await filesWithNewCertificate(connector.config(), context.environment, ticket, AbortSignal.timeout(TICKET_TRIAL_MS));
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        return page(c, { problem: sentence(error) ?? '' });
      }
      const force = formText(form, 'force') === 'on';
      const message = await applied(context, () => connector.replace(files, { force }), 'The new certificate is in use.');
      return message.tone === 'good' ? context.redirect(c, '/', message) : page(c, { problem: message.text, mayForce: message.refused });
    });
}
