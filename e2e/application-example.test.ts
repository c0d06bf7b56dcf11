/** The application of docs/application-example.md, as a developer runs it. */
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDirectory } from '@landbridge/directory';
import { launchChromium, whyNoChromium } from '@landbridge/lab';
import { startLogged } from './logged-process.ts';
import { startConnector, startHub } from './programs.ts';
import { newOrigin } from './third-party-clients.ts';

const EXAMPLE = join(import.meta.dirname, '..', 'docs', 'examples', 'openid-client.mjs');

test('a user signs in to the example application and out again', { skip: whyNoChromium() }, async (t) => {
  const directory = await startDirectory();
  t.after(() => directory.stop());
  await using hub = await startHub();
  await using _connector = await startConnector({
    LDAP_URL: directory.url,
    LDAP_BASE: directory.baseDn,
    LDAP_BIND_USER: directory.serviceAccount.dn,
    LDAP_BIND_PASSWORD: directory.serviceAccount.password,
    PROVISIONING_TICKET: await hub.createConnection('fabrikam'),
  });
  await hub.untilConnectors('fabrikam', 1);
  const origin = await newOrigin();
  const client = await hub.createClient('fabrikam', `${origin}/callback`, { postLogoutRedirectUris: [`${origin}/`] });
  await using _application = await startLogged({
    name: 'the example application',
    command: process.execPath,
    args: [EXAMPLE],
    environment: {
      ISSUER: `${hub.url.replace('127.0.0.1', 'localhost')}/oidc`,
      CLIENT_ID: client.id,
      CLIENT_SECRET: client.secret,
      ORIGIN: origin,
    },
    folder: await mkdtemp(join(tmpdir(), 'landbridge-example-')),
    isUp: () =>
      fetch(origin).then(
        ({ ok }) => ok,
        () => false,
      ),
  });
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(origin);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('User name').fill('alice');
  await page.getByLabel('Password', { exact: true }).fill('Passw0rd!');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Welcome, Alice Adams' }).waitFor();
  await page.getByRole('link', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Billing' }).waitFor();
  // Without the session of the hub, it asks for the password again.
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('User name').waitFor();
  const forged = await fetch(`${origin}/callback?code=x&state=y`);
  assert.equal(forged.status, 400);
});
