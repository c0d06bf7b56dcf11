/** Setting up an authenticator app, and the form for passkeys: while signing in, and on the account page. */
import { field, type Html, tokenField } from '@landbridge/web';
import { html, raw } from 'hono/html';
import { renderSVG } from 'uqr';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import { totpUri } from '../../administrators/one-time-codes.ts';

export function totpSetUp({
  action,
  token,
  secret,
  name,
  publicUrl,
}: {
  action: string;
  token: string;
  secret: string;
  name: string;
  publicUrl: string;
}): Html {
  const uri = totpUri(secret, name, `Landbridge ${new URL(publicUrl).hostname}`);
  // Safe: the library draws squares, from a text of letters, digits and escapes only.
  const code = raw(renderSVG(uri, { ecc: 'M', border: 2 }));
  return html`<p>Scan this with the app, or enter the key by hand. Then enter the code that the app shows.</p>
<div class="qr" role="img" aria-label="QR code with the key below">${code}</div>
<p class="key"><span class="label" id="totp-key">Key</span> <code aria-labelledby="totp-key">${(secret.match(/.{1,4}/g) ?? []).join(' ')}</code></p>
<form method="post" action="${DASHBOARD_PATH}${action}">${tokenField(token)}<input type="hidden" name="secret" value="${secret}">
${field('code', 'Code', { autocomplete: 'one-time-code' })}
<button>Confirm</button></form>`;
}

/**
 * A form that the script fills in, and shows if the browser supports passkeys.
 * @param options undefined: passkeys are impossible here, and nothing is shown
 */
export function passkeyForm({
  path,
  token,
  options,
  kind,
  label,
  fields = [],
  visible = '',
  credential = 'credential',
}: {
  path: string;
  token: string;
  options: object | undefined;
  kind: 'get' | 'create';
  label: string;
  /** Hidden fields. */
  fields?: readonly (readonly [name: string, value: string])[];
  visible?: Html | string;
  /** The name of the field for the response. */
  credential?: string;
}): Html | string {
  if (options === undefined) return '';
  return html`<form method="post" action="${path}" data-passkey="${kind}" data-options="${JSON.stringify(options)}" hidden>${tokenField(token)}
${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${visible}
<input type="hidden" name="${credential}" data-credential>
<button class="plain">${label}</button>
<p class="notice bad" role="alert" hidden></p></form>`;
}
