/** A directory server's certificate of an unknown issuer: what it says, and a button that trusts it. */
import { type Html, time, tokenField } from '@landbridge/web';
import { html } from 'hono/html';
import type { OfferedCertificate } from '../network/seen-certificate.ts';
import type { CheckResult } from '../troubleshoot/check.ts';

export interface TrustForm {
  action: string;
  formToken: string;
}

export function offeredPart(
  { subject, issuer, fingerprint, validFrom, validTo, isAuthority, isForHost }: OfferedCertificate,
  form: TrustForm,
): Html {
  const what = isAuthority ? 'authority' : 'certificate';
  return html`<div class="offered"><p class="name">${isAuthority ? 'The authority of this server' : 'The certificate of this server'}</p>
<dl class="facts"><div><dt>Subject</dt><dd>${subject}</dd></div><div><dt>Issuer</dt><dd>${issuer}</dd></div>
<div><dt>Valid</dt><dd>${time(validFrom)} to ${time(validTo)}</dd></div><div><dt>SHA-256 fingerprint</dt><dd><code>${fingerprint}</code></dd></div></dl>
<p>Compare the fingerprint with the one that the directory’s administrators see: whoever controls the network could present another certificate. No password was sent.</p>
${isAuthority ? '' : html`<p>The server did not send the certificate of its authority. If you trust its own certificate, you have to do that again when it is renewed, and for each further server. To trust the authority instead, add its certificate (CA_CERT).</p>`}
${isForHost ? '' : html`<p class="warn">It is not valid for the name in LDAP_URL: correct that, too.</p>`}
<form method="post" action="${form.action}">${tokenField(form.formToken)}<input type="hidden" name="fingerprint" value="${fingerprint}"><div class="actions"><button>Trust this ${what}</button></div></form></div>`;
}

/** @returns the certificate with this fingerprint, if one of the results offers it: nothing else can be trusted by the form */
export function offeredIn(results: readonly CheckResult[], fingerprint: string): OfferedCertificate | undefined {
  return results.map(({ offered }) => offered).find((offered) => offered?.fingerprint === fingerprint);
}
