/** Tries a sign-in through a connection and shows its trace. */
import { clientAddressOf, field, type Html, tokenField } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { findConnection } from '../../connections/connections.ts';
import type { Connection } from '../../store/connections.ts';
import { resultSection } from '../../try/result-section.ts';
import { findHealth, healthDot } from '../health-dot.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

export function tryPages(context: DashboardContext): Hono<DashboardEnv> {
  async function content(connection: Connection, token: string, username: string, outcome: Html | string): Promise<Html> {
    const { name } = connection;
    return html`<div><p class="crumb"><a href="${DASHBOARD_PATH}">Overview</a> <span aria-hidden="true">/</span> <a href="${DASHBOARD_PATH}/connections/${name}">${name}</a></p><h1>Try a sign-in</h1>
<p>${healthDot(await findHealth(context, connection))}</p></div>
<div class="try"><div class="outcome">${outcome}</div>
<section aria-labelledby="sign-in"><h2 id="sign-in">Sign in</h2>
<form method="post" action="${DASHBOARD_PATH}/connections/${name}/try">${tokenField(token)}
${field('username', 'User name', { value: username, autofocus: username === '' })}
${field('password', 'Password', { type: 'password' })}
<button>Sign in</button></form>
<p class="hint">This is a real sign-in: it counts in the directory, for the guard and in the audit log.</p></section></div>`;
  }

  return new Hono<DashboardEnv>()
    .get('/connections/:name/try', async (c) => {
      const connection = await findConnection(context.store, c.req.param('name'));
      const main = await content(connection, context.tokenOf(c), '', '');
      return context.show(c, { title: `Try ${connection.name}`, current: '', main });
    })
    .post('/connections/:name/try', async (c) => {
      const connection = await findConnection(context.store, c.req.param('name'));
      const form = c.get('form');
      const [username, password] = [form.get('username') ?? '', form.get('password') ?? ''];
      const isComplete = username !== '' && password !== '';
      const result = isComplete
        ? await context.signIn.login({ connection, username, password, remoteAddress: clientAddressOf(c), via: 'try' })
        : { problem: 'Enter a user name and a password.' };
      const main = await content(
        connection,
        context.tokenOf(c),
        username,
        resultSection(result, {
          connector: (id) => `${DASHBOARD_PATH}/connections/${connection.name}/connectors/${id}`,
          correlation: (id) => `${DASHBOARD_PATH}/audit?${new URLSearchParams({ correlationId: id })}`,
        }),
      );
      const title = 'profile' in result ? 'Signed in' : 'Not signed in';
      return context.show(c, { title: `${title} · ${connection.name}`, current: '', main, status: isComplete ? 200 : 400 });
    });
}
