/**
 * "Confirm that it is you": asks for password and second factor before a critical action. The form that was sent travels in hidden fields
 * to the same address, so nothing has to be typed twice, and its token and origin are checked again.
 */
import { alertOf, field, tokenField } from '@landbridge/web';
import type { Context } from 'hono';
import { html } from 'hono/html';
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
  const { administrator } = c.get('signedIn');
  const token = context.tokenOf(c);
  const typed = [...form].filter(([name]) => name !== 'token');
  const hasPasskeys = (await context.store.passkeys(administrator.id)).length > 0;
  const options = hasPasskeys ? await context.proofs.passkeys.requestOptions(administrator) : undefined;
  const main = html`<section class="narrow"><h1>Confirm that it is you</h1>${alertOf(problem)}
<p>To ${doing}, enter your password and second factor again. Then the action continues.</p>
<form method="post" action="${c.req.path}">${tokenField(token)}
${typed.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<input class="hidden" type="text" name="username" value="${administrator.name}" autocomplete="username" readonly tabindex="-1" aria-hidden="true">
${field(CONFIRMATION_FIELDS.password, 'Password', { type: 'password', autocomplete: 'current-password', autofocus: true })}
${
  administrator.totpSecret === undefined
    ? field(CONFIRMATION_FIELDS.code, 'Recovery code', { hint: 'Or use a passkey below.' })
    : field(CONFIRMATION_FIELDS.code, 'Code', {
        autocomplete: 'one-time-code',
        hint: 'From your authenticator app, or one of your recovery codes.',
      })
}
<button>Confirm and continue</button></form>
${passkeyForm({ path: c.req.path, token, options, kind: 'get', label: 'Confirm with a passkey', fields: typed, credential: CONFIRMATION_FIELDS.credential })}
</section>`;
  return context.show(c, { title: 'Confirm that it is you', main, status: problem === undefined ? 200 : 400 });
}
