/** The hub's signing keys (listing, rotating, retiring one immediately) and its identity. */
import { dot, table, time } from '@landbridge/web';
import { Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { loadHubIdentity } from '../../keys/hub-identity.ts';
import {
  connectorsHolding,
  listSigningKeys,
  PUBLISHED_AHEAD_MS,
  retireSigningKey,
  rotateSigningKeys,
  type SigningKeyState,
} from '../../keys/rotation.ts';
import { dashboardConfirmation } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

const STATES: Record<SigningKeyState, readonly ['on' | 'idle', string]> = {
  next: ['idle', 'Next'],
  signing: ['on', 'Active'],
  retiring: ['idle', 'Retiring'],
};

export function signingKeyRoutes(context: DashboardContext): Hono<DashboardEnv> {
  return new Hono<DashboardEnv>()
    .get('/signing-keys', async (c) => {
      const [keys, { fingerprint }] = await Promise.all([listSigningKeys(context.store), loadHubIdentity(context.store)]);
      const rows = keys.map(({ kid, algorithm, state, createdAt, signsFrom, retiresAt }) => [
        html`<code>${kid}</code>`,
        algorithm,
        dot(...STATES[state]),
        time(createdAt),
        time(signsFrom),
        time(retiresAt, '–'),
        context.may(c, 'POST /signing-keys/:kid/retire')
          ? html`<a href="${DASHBOARD_PATH}/signing-keys/${kid}/retire">Retire now<span class="hidden"> ${kid}</span></a>`
          : '',
      ]);
      const main = html`<div class="title"><h1>Signing keys</h1>${context.may(c, 'POST /signing-keys/rotate') ? html`<a class="button" href="${DASHBOARD_PATH}/signing-keys/rotate">Rotate</a>` : ''}</div>
<section><p>The hub signs its requests to Auth0 connectors with these keys. They read the public keys at
<a href="/.well-known/jwks.json">/.well-known/jwks.json</a>.</p>
${table('Signing keys', ['Key', 'Algorithm', 'State', 'Created', 'Active from', 'Removed', ''], rows, 'No keys.')}</section>
<section aria-labelledby="identity"><h2 id="identity">Identity of this hub</h2>
<p><code>${fingerprint}</code></p>
<p>Tickets contain this fingerprint. Landbridge connectors store it as HUB_IDENTITY and trust no other hub. To replace the key, run <code>landbridge-hub identity rotate</code>.</p></section>`;
      return context.show(c, { title: 'Signing keys', current: '/signing-keys', main });
    })
    .get('/signing-keys/rotate', (c) =>
      context.show(c, {
        title: 'Rotate the signing keys',
        current: '/signing-keys',
        main: dashboardConfirmation(context.tokenOf(c), {
          heading: 'Rotate the signing keys?',
          text: `New keys are published now and become active in ${PUBLISHED_AHEAD_MS / 60_000} minutes. The old ones are removed a day later; connectors that cannot read the new keys have to register again before that. Users stay signed in.`,
          action: '/signing-keys/rotate',
          button: 'Rotate',
          back: '/signing-keys',
          danger: false,
        }),
      }),
    )
    .post('/signing-keys/rotate', async (c) => {
      await rotateSigningKeys(context.operatorOf(c));
      return context.redirect(c, '/signing-keys', { tone: 'good', text: 'New keys published. They become active soon.' });
    })
    .get('/signing-keys/:kid/retire', async (c) => {
      const holders = await connectorsHolding(context.store, c.req.param('kid'));
      return context.show(c, {
        title: 'Retire a signing key',
        current: '/signing-keys',
        main: dashboardConfirmation(context.tokenOf(c), {
          heading: 'Retire this key now?',
          text: 'For a compromised key: signatures made with it become invalid. Connectors that know no other key are disconnected and have to register again.',
          action: `/signing-keys/${encodeURIComponent(c.req.param('kid'))}/retire`,
          button: 'Retire now',
          back: '/signing-keys',
          more: html`<p><code>${c.req.param('kid')}</code></p>${holders.length === 0 ? '' : html`<p>These connectors have no other key. Auth0 connectors will exit and must be restarted: ${holders.join(', ')}.</p>`}`,
        }),
      });
    })
    .post('/signing-keys/:kid/retire', async (c) => {
      await retireSigningKey(context.operatorOf(c), c.req.param('kid'), { anyway: true });
      return context.redirect(c, '/signing-keys', { tone: 'good', text: 'Key removed. Another one is active.' });
    });
}
