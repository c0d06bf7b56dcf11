/** Redirects to the OpenID provider and back: to sign in, to accept an invitation, or to continue an action after confirming. */
import { clientAddressOf, createCookie, type SessionCookie, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { PROVIDER_CALLBACK, PROVIDER_FLOW_MINUTES, type ProviderPurpose, type ProviderUser } from '../../administrators/provider.ts';
import { createProviderSignIn } from '../../administrators/provider-sign-in.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';
import { openSession, safeNext } from './open-session.ts';

export function providerRoutes(context: DashboardContext, cookie: SessionCookie): Hono<DashboardEnv> {
  const { provider, store, proofs, sessions, pending } = context;
  const app = new Hono<DashboardEnv>();
  if (provider === undefined) return app;
  const signIn = createProviderSignIn(context);
  const notes = createCookie({
    name: 'landbridge-provider',
    // Lax, because the provider's redirect back comes from another site.
    sameSite: 'Lax',
    isSecure: () => context.publicUrl().startsWith('https:'),
    maxAgeSeconds: PROVIDER_FLOW_MINUTES * 60,
  });

  function purposeOf(c: Context<DashboardEnv>): ProviderPurpose {
    const { pending: id, code, next } = c.req.query();
    if (id !== undefined) return { kind: 'pending', id };
    return code === undefined ? { kind: 'sign-in', next: safeNext(next) } : { kind: 'invitation', code };
  }

  async function acceptInvitation(c: Context<DashboardEnv>, code: string, user: ProviderUser): Promise<Response> {
    const invited = await proofs.invited(code);
    await signIn.bind(invited, user, clientAddressOf(c));
    await store.removeInvitation(invited.id);
    await store.removeSessions(invited.id);
    await openSession(context, cookie, c, await signIn.administratorOf(user, clientAddressOf(c)), 'full', user);
    return c.redirect(DASHBOARD_PATH, 303);
  }

  async function continuePending(c: Context<DashboardEnv>, id: string, user: ProviderUser): Promise<Response> {
    const signedIn = await sessions.find(cookie.read(c), true);
    const action = signedIn?.session.stage === 'full' ? pending.take(id, signedIn.session.id) : undefined;
    if (signedIn === undefined || action === undefined) {
      return context.showProblem(c, 400, 'Nothing to continue', 'It took too long, or your session has ended. Start again.');
    }
    c.set('signedIn', signedIn);
    const { administrator, session } = signedIn;
    if (action === 'bind') {
      await signIn.bind(administrator, user, clientAddressOf(c));
      return context.redirect(c, '/account', { tone: 'good', text: `You can now sign in with ${provider?.host}.` });
    }
    await signIn.confirm(administrator, user, clientAddressOf(c));
    await sessions.confirm(session);
    // The action needs a form. It is not submitted automatically, because these pages run no scripts of their own.
    const main = html`<section class="narrow"><h1>Confirmed</h1><p>Continue with your action.</p>
<form method="post" action="${action.path}">${tokenField(session.formToken)}
${action.form.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<button autofocus>Continue</button></form></section>`;
    return context.show(c, { title: 'Confirmed', main });
  }

  return app
    .get('/provider', async (c) => {
      const { url, note } = await provider.begin(purposeOf(c));
      notes.write(c, note);
      return c.redirect(url, 302);
    })
    .get(PROVIDER_CALLBACK, async (c) => {
      const succeed = context.throttle.beginProvider(clientAddressOf(c));
      const note = notes.read(c);
      notes.clear(c);
      const { search } = new URL(c.req.url);
      const { purpose, user } = await provider.finish(new URL(context.publicUrl() + DASHBOARD_PATH + PROVIDER_CALLBACK + search), note);
      succeed();
      if (purpose.kind === 'invitation') return acceptInvitation(c, purpose.code, user);
      if (purpose.kind === 'pending') return continuePending(c, purpose.id, user);
      await openSession(context, cookie, c, await signIn.administratorOf(user, clientAddressOf(c)), 'full', user);
      return c.redirect(purpose.next, 303);
    });
}
