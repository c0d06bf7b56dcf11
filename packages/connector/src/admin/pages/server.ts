/** The front channel's server: address, certificate, authorities of client certificates, keytab. Also the certificate for the directory, and the proxy to the hub. */
import type { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { CodedError, writePrivateFile } from '@landbridge/runtime';
import { alertOf, field, fileField, type Html, sentence, table, textArea, time, tokenField } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { Config } from '../../config/load.ts';
import type { SettingName } from '../../config/settings.ts';
import { encryptionName, readKeytab } from '../../frontchannel/kerberos/keytab.ts';
import { PEM_CERTIFICATE, parseCertificate } from '../../network/trust.ts';
import { serverUrlOf } from '../../setup/ticket.ts';
import { applied } from '../change.ts';
import { type ConsoleContext, type ConsoleEnv, fileOf, formText } from '../page-context.ts';
import { browserCertificate, openPfx } from '../server-certificate.ts';
import { changesOf, type RejectedForm, settingField } from '../setting-field.ts';
import { directoryCertificateIn, directoryCertificatePart, NO_DIRECTORY_CERTIFICATE } from './directory-certificate.ts';

const ADDRESSES: readonly SettingName[] = [
  'SERVER_URL',
  'PORT',
  'LISTEN_ADDRESS',
  'TRUSTED_PROXIES',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
];
const KEYTAB_FILE = 'kerberos.keytab';

export function serverRoutes(context: ConsoleContext): Hono<ConsoleEnv> {
  async function page(c: Context<ConsoleEnv>, problem?: string, rejected?: RejectedForm): Promise<Response> {
    const config = context.running().config();
    const token = context.tokenOf(c);
    const { KERBEROS_AUTH, CLIENT_CERT_AUTH, WITH_KERBEROS_PROXY_FRONTEND } = config.values;
    const isOn = KERBEROS_AUTH || CLIENT_CERT_AUTH || WITH_KERBEROS_PROXY_FRONTEND;
    const main = html`<div class="title"><div><h1>Server</h1><p class="quiet">Mostly for users who sign in with Kerberos or a client certificate instead of a password. ${
      isOn
        ? 'The hub has enabled it.'
        : 'The hub has not enabled it for this connection, so only the certificate for the directory, the authorities and the proxies are used.'
    }</p></div></div>
${alertOf(problem)}
<section aria-labelledby="certificate"><h2 id="certificate">Certificate for browsers</h2>
${await certificatePart(context)}
<form class="wide" method="post" action="/server/pfx" enctype="multipart/form-data">${tokenField(token)}<div class="columns"><div>
${fileField('pfx', 'PKCS #12 file (.pfx, .p12)', { accept: '.pfx,.p12' })}</div><div>${field('passphrase', 'Passphrase', { type: 'password', required: false, autocomplete: 'new-password' })}</div></div>
<div class="actions"><button>Check and use</button></div></form></section>
${await directoryCertificatePart(context, token)}
<section aria-labelledby="authorities"><h2 id="authorities">Certificate authorities</h2>
<p class="quiet">Trusted for the hub, the directory and, unless CLIENT_CERT_CA is set, for client certificates.</p>
${authorityTable(context, token)}
<form class="wide" method="post" action="/server/authorities" enctype="multipart/form-data">${tokenField(token)}<div class="columns"><div>
${textArea('pem', 'Certificates', { hint: 'As PEM text.' })}</div><div>${fileField('file', 'Or a file', { accept: '.pem,.crt,.cer,.der', required: false, hint: 'PEM or DER.' })}</div></div>
<div class="actions"><button>Add</button></div></form></section>
<section aria-labelledby="kerberos"><h2 id="kerberos">Keytab</h2>
${keytabPart(context, token)}</section>
<section aria-labelledby="addresses"><h2 id="addresses">Addresses and proxy</h2>
<form class="wide" method="post" action="/server">${tokenField(token)}
<div>${ADDRESSES.map((name) => settingField(name, config, rejected))}</div>
<div class="actions"><button>Save</button></div></form></section>`;
    return context.show(c, {
      title: 'Server',
      current: '/server',
      help: 'front-channel#setting-it-up',
      main,
      status: problem === undefined ? 200 : 400,
    });
  }

  async function change(
    c: Context<ConsoleEnv>,
    changes: Readonly<Record<string, unknown>>,
    done: string,
    rejected?: RejectedForm,
  ): Promise<Response> {
    const message = await applied(context, () => context.running().apply(changes), done);
    return message.tone === 'bad' ? page(c, message.text, rejected) : context.redirect(c, '/server', message);
  }

  return new Hono<ConsoleEnv>()
    .get('/server', (c) => {
      c.get('session').typedSecrets = new Map();
      return page(c);
    })
    .post('/server', async (c) => {
      const form = c.get('form');
      const { changes, problems, secrets } = changesOf(ADDRESSES, context.running().config(), form, c.get('session').typedSecrets);
      c.get('session').typedSecrets = secrets;
      if (problems.size > 0) return page(c, [...problems.values()].join(' '), { form, problems, secrets });
      return change(c, changes, 'Saved and in use.', { form, problems, secrets });
    })
    .post('/server/pfx', async (c) => {
      const form = c.get('form');
      const pfx = await fileOf(form, 'pfx');
      if (pfx === undefined) return page(c, 'Choose a file.');
      const passphrase = formText(form, 'passphrase');
      let certificate: X509Certificate;
      try {
        certificate = await openPfx(pfx, passphrase);
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        return page(c, sentence(error));
      }
      const end = certificate.validToDate;
      if (end.getTime() < Date.now())
        return page(c, `The certificate expired on ${end.toISOString().slice(0, 10)}: browsers would reject it. Nothing was changed.`);
      const { host, fits } = browserHost(context.running().config(), certificate);
      const changes = { SSL_PFX: pfx.toString('base64'), SSL_KEY_PASSWORD: passphrase === '' ? undefined : passphrase };
      const note = fits
        ? `It is valid for ${host}.`
        : `Note: it is not valid for ${host}, the host of SERVER_URL, so browsers will reject it.`;
      return change(c, changes, `Certificate in use; it expires on ${end.toISOString().slice(0, 10)}. ${note}`);
    })
    .post('/server/pfx/remove', (c) => change(c, { SSL_PFX: undefined, SSL_KEY_PASSWORD: undefined }, 'Certificate removed.'))
    .post('/server/directory-certificate', async (c) => {
      const file = await fileOf(c.get('form'), 'directory-file');
      if (file === undefined) return page(c, 'Choose a file.');
      let changes: Record<string, unknown>;
      try {
        changes = await directoryCertificateIn(file, formText(c.get('form'), 'directory-passphrase'));
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        return page(c, sentence(error));
      }
      return change(c, changes, 'The directory accepts the certificate; it is in use.');
    })
    .post('/server/directory-certificate/remove', (c) => change(c, NO_DIRECTORY_CERTIFICATE, 'Certificate for the directory removed.'))
    .post('/server/authorities', async (c) => {
      const form = c.get('form');
      const added = authoritiesIn(formText(form, 'pem'), await fileOf(form, 'file'));
      if (added === undefined) return page(c, 'Invalid certificate: paste PEM text, or choose a PEM or DER file.');
      const { CA_CERT } = context.running().config().values;
      const known = new Set(authoritiesOf(context).map(({ fingerprint256 }) => fingerprint256));
      const others = added.filter(({ fingerprint256 }) => !known.has(fingerprint256));
      return change(
        c,
        { CA_CERT: [...CA_CERT, ...others.map(String)] },
        `${others.length === 1 ? 'Certificate authority' : `${others.length} certificate authorities`} added.`,
      );
    })
    .post('/server/authorities/remove', (c) => {
      const fingerprint = formText(c.get('form'), 'fingerprint');
      const left = authoritiesOf(context).filter(({ fingerprint256 }) => fingerprint256 !== fingerprint);
      return change(c, { CA_CERT: left.length === 0 ? undefined : left.map(String) }, 'Certificate authority removed.');
    })
    .post('/server/keytab', async (c) => {
      const bytes = await fileOf(c.get('form'), 'keytab');
      const entries = bytes === undefined ? undefined : readKeytab(bytes);
      if (bytes === undefined || entries === undefined || entries.length === 0) {
        return page(c, 'Invalid or empty keytab. Create it with ktpass, samba-tool domain exportkeytab or ktutil.');
      }
      const held = entries.map((entry) => `${entry.principal} (version ${entry.keyVersion}, ${encryptionName(entry)})`);
      const path = join(context.home, KEYTAB_FILE);
      const previous = existsSync(path) ? readFileSync(path) : undefined;
      putKeytab(path, bytes);
      const message = await applied(
        context,
        () => context.running().apply({ KERBEROS_KEYTAB: path }),
        `Keytab in use. It contains ${held.join('; ')}.`,
      );
      if (message.tone === 'good') return context.redirect(c, '/server', message);
      // The file is read for each ticket, so a rejected one must not replace the previous one.
      putKeytab(path, previous);
      return page(c, message.text);
    });
}

/** @throws CodedError HOME_FILES_NOT_WRITABLE */
function putKeytab(path: string, bytes: Buffer | undefined): void {
  try {
    if (bytes === undefined) rmSync(path, { force: true });
    else writePrivateFile(path, bytes);
  } catch (cause) {
    throw new CodedError('HOME_FILES_NOT_WRITABLE', `Cannot write ${path}`, {
      action: 'Allow the account that runs the connector to write there.',
      cause,
    });
  }
}

async function certificatePart(context: ConsoleContext): Promise<Html> {
  const config = context.running().config();
  const certificate = await browserCertificate(config).catch((error: unknown) => sentence(error) ?? 'The certificate is unreadable.');
  if (typeof certificate === 'string') return html`<p class="bad">${certificate}</p>`;
  if (certificate === undefined) return html`<p class="quiet">Not set.</p>`;
  const { host, fits } = browserHost(config, certificate);
  return html`<dl class="facts"><div><dt>Subject</dt><dd>${certificate.subject.replaceAll('\n', ', ')}</dd></div>
<div><dt>Expires</dt><dd>${time(certificate.validToDate)}</dd></div>
<div><dt>Valid for ${host}</dt><dd>${fits ? 'yes' : html`<span class="bad">no: browsers will reject it</span>`}</dd></div></dl>`;
}

/** @returns the host of SERVER_URL, and whether the certificate is valid for it */
function browserHost({ values }: Config, certificate: X509Certificate): { host: string; fits: boolean } {
  const host = new URL(serverUrlOf(values)).hostname;
  return { host, fits: certificate.checkHost(host) !== undefined || certificate.checkIP(host) !== undefined };
}

function keytabPart(context: ConsoleContext, token: string): Html {
  const { values } = context.running().config();
  const servicePrincipalName = `HTTP/${new URL(serverUrlOf(values)).hostname}`;
  if ((context.platform ?? process.platform) === 'win32') {
    return html`<p class="quiet">Not needed: Windows uses the key of the service's account, ${userInfo().username}. This account, and no other, must have the service principal name ${servicePrincipalName}. To check, run <code>setspn -Q ${servicePrincipalName}</code>.</p>`;
  }
  return html`<p class="quiet">The key of the account with the service principal name ${servicePrincipalName}. ${values.KERBEROS_KEYTAB === undefined ? 'Not set.' : `In use: ${values.KERBEROS_KEYTAB}.`}</p>
<form method="post" action="/server/keytab" enctype="multipart/form-data">${tokenField(token)}${fileField('keytab', 'Keytab file')}<div class="actions"><button>Check and use</button></div></form>`;
}

function authorityTable(context: ConsoleContext, token: string): Html {
  const isFixed = context.running().config().origins.CA_CERT !== 'file';
  const rows = authoritiesOf(context).map((certificate) => {
    const remove = html`<form class="inline" method="post" action="/server/authorities/remove">${tokenField(token)}<input type="hidden" name="fingerprint" value="${certificate.fingerprint256}"><button class="link">Remove<span class="hidden"> ${certificate.subject}</span></button></form>`;
    return [certificate.subject.replaceAll('\n', ', '), time(certificate.validToDate), isFixed ? 'from the environment' : remove];
  });
  return table('Certificate authorities', ['Subject', 'Expires', ''], rows, 'Only the ones of the system and of Node.js.');
}

function authoritiesOf(context: ConsoleContext): X509Certificate[] {
  const texts = context
    .running()
    .config()
    .values.CA_CERT.flatMap((text) => text.match(PEM_CERTIFICATE) ?? []);
  return texts.flatMap((pem) => parseCertificate(pem) ?? []);
}

/** @returns the pasted and the uploaded certificates; undefined if there are none, or if any of them is invalid */
function authoritiesIn(pasted: string, file: Buffer | undefined): X509Certificate[] | undefined {
  const fromFile = file === undefined ? [] : (file.toString('latin1').match(PEM_CERTIFICATE) ?? [file]);
  const all = [...(pasted.match(PEM_CERTIFICATE) ?? []), ...fromFile];
  const read = all.flatMap((certificate) => parseCertificate(certificate) ?? []);
  return read.length === 0 || read.length < all.length ? undefined : read;
}
