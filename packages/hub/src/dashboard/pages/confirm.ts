/**
 * "Confirm that it is you": asks for password and second factor before a critical action. Hidden fields carry the submitted form
 * to the same address, so nothing has to be entered twice. Its token and origin are checked again.
 */
import { alertOf, field, tokenField } from '@landbridge/web';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { PROVIDER_ONLY, providerLink } from '../elements.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';
import { passkeyForm } from './second-factor.ts';

export const CONFIRMATION_FIELDS = {
  password: 'confirm-password',
  code: 'confirm-code',
  credential: 'confirm-credential',
} as const;

export async function confirmPage(
  context: DashboardContext,
  c: Context<DashboardEnv>,
  doing: string,
  form: URLSearchParams,
  problem?: string,
): Promise<Response> {
  const { administrator, session } = c.get('signedIn');
  const { provider, proofs, store } = context;
  const token = session.formToken;
  const typed = [...form].filter(([name]) => name !== 'token');
  const byProvider = provider !== undefined && administrator.issuer === provider.issuer;
  const byPassword = administrator.passwordHash !== undefined && (await proofs.acceptsPasswords());
  const hasPasskeys = byPassword && (await store.passkeys(administrator.id)).length > 0;
  const options = hasPasskeys ? await proofs.passkeys.requestOptions(administrator) : undefined;
  const again = byPassword ? 'enter your password and second factor again' : 'authenticate again';
  const code =
    administrator.totpSecret === undefined
      ? field(CONFIRMATION_FIELDS.code, 'Recovery code', { hint: 'Or use a passkey below.' })
      : field(CONFIRMATION_FIELDS.code, 'Code', {
          autocomplete: 'one-time-code',
          hint: 'From your authenticator app, or one of your recovery codes.',
        });
  const pendingId = byProvider ? context.pending.add({ sessionId: session.id, action: { path: c.req.path, form: typed } }) : '';
  const main = html`<section class="narrow"><h1>Confirm that it is you</h1>${alertOf(problem)}
<p>To ${doing}, ${again}. Then the action continues.</p>
${
  byPassword
    ? html`<form method="post" action="${c.req.path}">${tokenField(token)}
${typed.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<input class="hidden" type="text" name="username" value="${administrator.name}" autocomplete="username" readonly tabindex="-1" aria-hidden="true">
${field(CONFIRMATION_FIELDS.password, 'Password', { type: 'password', autocomplete: 'current-password', autofocus: true })}
${code}
<button>Confirm and continue</button></form>
${passkeyForm({ path: c.req.path, token, options, kind: 'get', label: 'Confirm with a passkey', fields: typed, credential: CONFIRMATION_FIELDS.credential })}`
    : ''
}
${byProvider ? providerLink(provider, { pending: pendingId }, 'Confirm with') : ''}
${byPassword || byProvider ? '' : PROVIDER_ONLY}
</section>`;
  return context.show(c, { title: 'Confirm that it is you', main, status: problem === undefined ? 200 : 400 });
}
