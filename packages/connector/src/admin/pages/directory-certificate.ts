/** The part of the Server page with the certificate that the connector presents to directory servers that demand one. */
import type { X509Certificate } from 'node:crypto';
import { CodedError, decodeText } from '@landbridge/runtime';
import { field, fileField, type Html, time, tokenField } from '@landbridge/web';
import { html } from 'hono/html';
import type { SettingName } from '../../config/settings.ts';
import { readDirectoryCertificate } from '../../network/directory-certificate.ts';
import { PEM_CERTIFICATE, parseCertificate } from '../../network/trust.ts';
import type { ConsoleContext } from '../page-context.ts';
import { openPfx } from '../server-certificate.ts';

const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )*PRIVATE KEY-----/g;
const SETTINGS_OF_IT = [
  'LDAP_CLIENT_CERT',
  'LDAP_CLIENT_KEY',
  'LDAP_CLIENT_PFX',
  'LDAP_CLIENT_KEY_PASSWORD',
] as const satisfies SettingName[];
const WHAT = 'the client certificate for the directory';

/** Removes the certificate. */
export const NO_DIRECTORY_CERTIFICATE: Readonly<Record<string, unknown>> = Object.fromEntries(
  SETTINGS_OF_IT.map((name) => [name, undefined]),
);

export async function directoryCertificatePart(context: ConsoleContext, token: string): Promise<Html> {
  const { origins } = context.running().config();
  const found = await presentCertificate(context);
  const isFixed = SETTINGS_OF_IT.some((name) => origins[name] === 'environment');
  const isSet = SETTINGS_OF_IT.some((name) => origins[name] === 'file');
  return html`<section aria-labelledby="directory-certificate"><h2 id="directory-certificate">Certificate for the directory</h2>
<p class="quiet">Only for directory servers that demand a client certificate, such as Google Secure LDAP. To sign the connector in with it instead of a password, set <code>LDAP_BIND_METHOD</code> to <code>external</code>.</p>
${
  typeof found === 'string'
    ? html`<p class="bad">${found}</p>`
    : found === undefined
      ? html`<p class="quiet">Not set.</p>`
      : html`<dl class="facts"><div><dt>Subject</dt><dd>${found.subject.replaceAll('\n', ', ')}</dd></div><div><dt>Issuer</dt><dd>${found.issuer.replaceAll('\n', ', ')}</dd></div><div><dt>Expires</dt><dd>${time(found.validToDate)}</dd></div></dl>`
}
${
  isFixed
    ? html`<p class="quiet">From the environment, so it cannot be changed here.</p>`
    : html`<form class="wide" method="post" action="/server/directory-certificate" enctype="multipart/form-data">${tokenField(token)}<div class="columns"><div>
${fileField('directory-file', 'Certificate with its key', { accept: '.pfx,.p12,.pem', hint: 'PKCS #12, or PEM with the certificate, its intermediates and the key in one file.' })}</div><div>${field('directory-passphrase', 'Passphrase of the file', { type: 'password', required: false, autocomplete: 'new-password' })}</div></div>
<div class="actions"><button>Check and use it</button></div></form>
${isSet ? html`<form method="post" action="/server/directory-certificate/remove">${tokenField(token)}<button class="plain">Remove<span class="hidden"> the certificate for the directory</span></button></form>` : ''}`
}</section>`;
}

/** @returns the settings for an uploaded file. @throws CodedError PFX_UNUSABLE, LDAP_CLIENT_CERTIFICATE_UNUSABLE */
export async function directoryCertificateIn(file: Buffer, passphrase: string): Promise<Record<string, unknown>> {
  const LDAP_CLIENT_KEY_PASSWORD = passphrase === '' ? undefined : passphrase;
  if (!file.includes('-----BEGIN ')) {
    assertValid(await openPfx(file, passphrase, WHAT));
    return { ...NO_DIRECTORY_CERTIFICATE, LDAP_CLIENT_PFX: file.toString('base64'), LDAP_CLIENT_KEY_PASSWORD };
  }
  const text = decodeText(file);
  const certificates = text.match(PEM_CERTIFICATE) ?? [];
  const [key, ...otherKeys] = text.match(PRIVATE_KEY) ?? [];
  const own = parseCertificate(certificates[0] ?? '');
  if (own === undefined || key === undefined || otherKeys.length > 0)
    throw unusable('the file must contain the certificate and exactly one private key');
  assertValid(own);
  return { ...NO_DIRECTORY_CERTIFICATE, LDAP_CLIENT_CERT: certificates.join('\n'), LDAP_CLIENT_KEY: key, LDAP_CLIENT_KEY_PASSWORD };
}

async function presentCertificate(context: ConsoleContext): Promise<X509Certificate | string | undefined> {
  const { values, home } = context.running().config();
  try {
    const { LDAP_CLIENT_PFX: pfx, LDAP_CLIENT_KEY_PASSWORD: passphrase = '' } = values;
    if (pfx !== undefined) return await openPfx(Buffer.from(pfx, 'base64'), passphrase, WHAT);
    const pair = readDirectoryCertificate(values, home.folder);
    return pair !== undefined && 'cert' in pair ? parseCertificate(pair.cert) : undefined;
  } catch (error) {
    if (error instanceof CodedError) return `${error.message}.`;
    throw error;
  }
}

function assertValid(certificate: X509Certificate): void {
  const end = certificate.validToDate;
  if (end.getTime() < Date.now()) throw unusable(`it expired on ${end.toISOString().slice(0, 10)}`);
}

function unusable(what: string): CodedError {
  return new CodedError('LDAP_CLIENT_CERTIFICATE_UNUSABLE', `Cannot use ${WHAT}: ${what}`, {
    action: 'Choose another file. Nothing was changed.',
  });
}
