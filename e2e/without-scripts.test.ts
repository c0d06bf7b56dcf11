/** A browser that runs no scripts, through every page of a sign-in at the hub. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDirectory } from '@landbridge/directory';
import { createCertificateAuthority, launchChromium, whyNoChromium } from '@landbridge/lab';
import { startApplication, WELCOME } from './application.ts';
import { startConnector, startHub } from './programs.ts';
import { claims } from './visit.ts';

test('without scripts, a user chooses an organisation, corrects a password, changes an expired one, and signs in and out', {
  skip: whyNoChromium(),
}, async () => {
  const authority = await createCertificateAuthority('Directories');
  const directory = await startDirectory({ tls: await authority.issue({ commonName: '127.0.0.1', ips: ['127.0.0.1'] }) });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => directory.stop());
  const hub = stack.use(await startHub());
  await hub.createConnection('contoso');
  stack.use(
    await startConnector({
      LDAP_URL: directory.ldapsUrl,
      CA_CERT: authority.cert,
      LDAP_BASE: directory.baseDn,
      LDAP_BIND_USER: directory.serviceAccount.dn,
      LDAP_BIND_PASSWORD: directory.serviceAccount.password,
      ENABLE_PASSWORD_SELF_CHANGE: true,
      PROVISIONING_TICKET: await hub.createConnection('fabrikam'),
    }),
  );
  await hub.untilConnectors('fabrikam', 1);
  const application = stack.use(await startApplication(hub, 'fabrikam', { connections: null }));
  const chromium = stack.adopt(await launchChromium(), (browser) => browser.close());
  const context = await chromium.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const password = page.getByLabel('Password', { exact: true });

  await page.goto(application.url);
  await page.getByLabel('E-mail address or user name').fill('must-change');
  await press('Continue');
  await press('fabrikam');
  assert.equal(await page.getByLabel('User name').inputValue(), 'must-change');
  await password.fill('a-wrong-Passw0rd');
  await press('Sign in');
  await page.getByRole('alert').waitFor();
  await password.fill('Passw0rd!');
  await press('Sign in');

  for (const [again, after] of [
    ['another-Passw0rd', page.getByText('The new passwords do not match.')],
    ['N3w-Passw0rd-of-Mona', page.getByRole('heading', { name: WELCOME })],
  ] as const) {
    await page.getByLabel('New password', { exact: true }).fill('N3w-Passw0rd-of-Mona');
    await page.getByLabel('Repeat new password').fill(again);
    await press('Change password and sign in');
    await after.waitFor();
  }
  const { preferred_username, connection } = await claims(page);
  assert.deepEqual([preferred_username, connection], ['must-change', 'fabrikam']);

  /** The application's request, with more parameters. */
  const begin = async (parameters: Record<string, string>) => {
    const { headers } = await fetch(application.url, { redirect: 'manual' });
    const url = new URL(headers.get('location') ?? '');
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return url.href;
  };
  await page.goto(await begin({ prompt: 'select_account' }));
  await press('Continue as must-change');
  await page.getByRole('heading', { name: WELCOME }).waitFor();
  // A script would submit this form at once.
  await page.goto(await begin({ response_mode: 'form_post' }));
  const posted = page.waitForRequest((request) => request.method() === 'POST' && request.url() === `${application.url}/callback`);
  await press('Continue');
  assert.match((await posted).postData() ?? '', /code=/);

  // The session signs the user in without a page, until the user signs out.
  await page.goto(application.url);
  await page.getByRole('heading', { name: WELCOME }).waitFor();
  await page.goto(`${hub.url.replace('127.0.0.1', 'localhost')}/oidc/logout`);
  await press('Sign out');
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();

  await page.goto(application.url);
  await page.getByLabel('E-mail address or user name').fill('alice');
  await press('Cancel');
  await page.waitForURL(/\/callback\?.*error=access_denied/);
});
