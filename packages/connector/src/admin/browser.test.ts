/** The console in a real browser, from the first start to a sign-in: a connector process, a real OpenLDAP, and a well-behaved hub. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { examinePage, launchChromium, startSlapd, whyNoChromium, whyNoSlapd } from '@landbridge/lab';
import type { Page } from 'playwright-core';
import { startCommand } from '../../test/command-line.ts';
import { HUB_RSA, pemOf, startFakeHub } from '../../test/fake-hub.ts';
import { INFO, startTicketServer } from '../../test/ticket-server.ts';

const PASSWORD = 'eleven blue horses';
const SCRIPT = '<img src=x onerror=alert(1)>';

async function checked(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByRole('heading', { name: 'Checks' }).waitFor();
  await page.locator('#checks:not([data-watch])').waitFor();
}

test('every page works, from the first start to a sign-in', {
  skip: whyNoChromium() || whyNoSlapd(),
  timeout: 400_000,
}, async (t) => {
  const slapd = await startSlapd({ users: 20 });
  t.after(() => slapd[Symbol.asyncDispose]());
  const hub = await startFakeHub();
  t.after(() => hub.stop());
  hub.jwks = { keys: [HUB_RSA.publicKey.export({ format: 'jwk' })] };
  const tickets = await startTicketServer(t);
  tickets.info = { body: { ...INFO, adHub: hub.url, kerberos: false, thumbprints: undefined } };
  tickets.registered = { body: { signingKey: pemOf(HUB_RSA.publicKey) } };
  const home = mkdtempSync(join(tmpdir(), 'console-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const connector = startCommand(['run', '--home', home], { environment: { CONSOLE_PORT: '0' } });
  t.after(() => connector.child.kill('SIGKILL'));
  const link = (await connector.printed(/http:\/\/127\.0\.0\.1:\d+\/link\?code=\S+/)).trim();
  const { origin } = new URL(link);

  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(30_000);
  // Whether unsaved input may be lost.
  let questions = 0;
  page.on('dialog', (dialog) => {
    questions++;
    void dialog.accept();
  });
  const complaints: string[] = [];
  page.on('console', (message) => {
    // Chromium logs the status of a rejected form. When the user types over coloured text, it also tries to keep the style in an attribute,
    // which the policy blocks.
    const isExpected =
      /status of 4\d\d/.test(message.text()) || (message.text().includes('Applying inline style') && page.url().includes('/mapper'));
    if (['error', 'warning'].includes(message.type()) && !isExpected) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) complaints.push(`outside: ${request.url()}`);
  });
  const file = (): Record<string, unknown> => JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));

  // The first password, by keyboard only.
  await page.goto(link);
  await examinePage(page, '01-link');
  await page.getByLabel('New password', { exact: true }).focus();
  await page.keyboard.type('short');
  await page.keyboard.press('Tab');
  await page.keyboard.type('short');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'must have 12' }).waitFor();
  await page.getByLabel('New password', { exact: true }).focus();
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Set up' }).waitFor();
  assert.equal(statSync(join(home, 'console.json')).mode & 0o777, 0o600);
  await examinePage(page, '02-set-up');

  // A code requested from an address that is not a Landbridge hub.
  await page.getByRole('link', { name: 'Enrol by a code' }).click();
  await page.getByLabel('Address of the hub').fill('hub');
  await page.getByRole('button', { name: 'Get a code' }).click();
  await page.getByRole('alert').filter({ hasText: 'The address of the hub is not a URL' }).waitFor();
  await examinePage(page, '02-enrol-by-a-code');
  await page.getByLabel('Address of the hub').fill(new URL(tickets.ticket).origin);
  await page.getByRole('button', { name: 'Get a code' }).click();
  await page.getByRole('alert').filter({ hasText: 'gives out no codes' }).waitFor();
  await page.getByRole('link', { name: 'Try again' }).click();
  await page.getByRole('link', { name: 'Use a ticket' }).click();

  // Rejected input: an unknown ticket, an unreachable server, a wrong password.
  const fill = async (fields: Record<string, string>) => {
    for (const [name, value] of Object.entries(fields)) await page.locator(`[name="${name}"]`).fill(value);
  };
  await fill({
    PROVISIONING_TICKET: `${tickets.ticket}-not`,
    LDAP_URL: 'dc1.example.com',
    LDAP_BIND_USER: slapd.serviceAccount.dn,
    LDAP_BIND_PASSWORD: 'not-the-password',
  });
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'Directory servers must be a URL' }).waitFor();
  await page.locator('#LDAP_URL[aria-invalid=true]').waitFor();
  await page.getByRole('alert').getByRole('link', { name: 'Directory servers' }).click();
  await examinePage(page, '02-set-up-invalid');
  await page.getByText('Leave empty to keep the one entered before.').waitFor();
  await fill({ LDAP_URL: 'ldaps://127.0.0.1:1' });
  await checked(page);
  await page.locator('.checks > li', { hasText: 'TICKET_UNKNOWN' }).waitFor();
  await page.locator('.checks > li', { hasText: '127.0.0.1:1' }).locator('.mark.fail').first().waitFor();
  await page.locator('.action', { hasText: 'that the service on 127.0.0.1 is running' }).waitFor();
  for (const failed of await page.locator('.checks > li:has(> .mark.fail)').all()) {
    assert.equal(await failed.locator('.action').count(), 1, (await failed.textContent()) ?? '');
  }
  await examinePage(page, '03-refused');
  assert.equal(await page.getByRole('button', { name: 'Save and start' }).count(), 0);
  await page.getByRole('link', { name: 'Correct the input' }).click();
  await fill({ PROVISIONING_TICKET: tickets.ticket, LDAP_URL: slapd.ldapsUrl });
  await checked(page);
  // The directory's authority is unknown: it is shown, and trusted by a click.
  await page.locator('.offered', { hasText: 'SHA-256 fingerprint' }).waitFor();
  await examinePage(page, '03-unknown-authority');
  await page.getByRole('button', { name: /^Trust this/ }).click();
  await page.getByText(/^Trusted: CN=/).waitFor();
  await page.locator('#checks:not([data-watch])').waitFor();
  await page.locator('.checks > li', { hasText: 'Service account' }).locator('.mark.fail').waitFor();
  await page.locator('.checks > li', { hasText: 'Ticket' }).locator('.mark.pass').waitFor();
  await page.getByRole('link', { name: 'Correct the input' }).click();
  const someone = slapd.users.ordinary[0] ?? assert.fail('nobody');
  await fill({ LDAP_BIND_PASSWORD: slapd.serviceAccount.password, user: someone.uid });
  await checked(page);
  await examinePage(page, '04-passed');
  await page.getByRole('button', { name: 'Save and start' }).click();
  await page.getByText('The connector is running').waitFor();
  // Nothing red stands beside it while it connects.
  assert.equal(await page.locator('.notice.bad').count(), 0);
  await page.getByText(/Users can sign in\. Connected to .* since \d\d:\d\d UTC, one directory server answers\./).waitFor();
  assert.equal(file().LDAP_BIND_PASSWORD, undefined);

  // A sign-in by the hub.
  const agent = await hub.nextAgent();
  agent.ask('authenticate_user', { username: someone.uid, password: someone.password });
  assert.ok('profile' in Object((await agent.nextFrame()).p));
  agent.ask('authenticate_user', { username: SCRIPT, password: 'x' });
  await agent.nextFrame();
  await page.locator('#last tbody').getByText(someone.uid).first().waitFor();
  await page.locator('#last tbody').getByText(SCRIPT).first().waitFor();
  await page.locator('#numbers').getByText('Online').first().waitFor();
  await examinePage(page, '05-status');

  const go = (name: string) => page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name, exact: true }).click();

  // Settings: a valid change, invalid input, one that would not work, one that takes a while, and undoing the first.
  await go('Settings');
  await examinePage(page, '06-settings-basic');
  assert.equal(await page.getByLabel('Connections for searches').count(), 0);
  await page.getByRole('link', { name: 'All', exact: true }).click();
  await page.getByLabel('Connections for searches').fill('3');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved and in use.').waitFor();
  assert.equal(file().LDAP_SEARCH_CONNECTIONS, 3);
  await page.getByLabel('Connections for searches').fill('many');
  await page.getByLabel('Search base', { exact: true }).fill('dc=kept');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('alert').getByRole('link', { name: 'Connections for searches' }).click();
  await page.getByText('LDAP_SEARCH_CONNECTIONS must be a whole number').waitFor();
  assert.equal(await page.getByLabel('Connections for searches').inputValue(), 'many');
  assert.equal(await page.getByLabel('Search base', { exact: true }).inputValue(), 'dc=kept');
  await examinePage(page, '06-settings-invalid');
  await page.getByRole('link', { name: 'Changed', exact: true }).click();
  await page.getByLabel('Connections for searches').waitFor();
  assert.equal(await page.getByLabel('Follow referrals').count(), 0);
  await examinePage(page, '06-settings-changed');
  await page.getByLabel('Search settings').fill('referrals');
  await page.keyboard.press('Enter');
  await page.getByLabel('Follow referrals').waitFor();
  assert.equal(await page.getByLabel('Connections for searches').count(), 0);
  await examinePage(page, '06-settings-search');
  await page.getByRole('link', { name: 'Directory' }).click();
  await page.getByLabel('Directory servers').fill('ldaps://127.0.0.1:1');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'would not work' }).waitFor();
  assert.deepEqual(file().LDAP_URL, [slapd.ldapsUrl]);
  await examinePage(page, '06-settings-refused');
  const silent = createServer((socket) => socket.on('error', () => {}));
  t.after(() => silent.close());
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const silentAddress = silent.address();
  assert.ok(typeof silentAddress === 'object' && silentAddress !== null);
  await page.getByLabel('Directory servers').fill(`ldaps://127.0.0.1:${silentAddress.port}`);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('heading', { name: 'Saving' }).waitFor();
  await page.getByText('Connecting to the directory').waitFor();
  await examinePage(page, '06-settings-saving');
  await page.getByRole('alert').filter({ hasText: 'did not answer the handshake in time' }).waitFor();
  assert.match(await page.getByLabel('Directory servers').inputValue(), new RegExp(`:${silentAddress.port}$`));
  await page.getByRole('link', { name: 'Undo the last change' }).click();
  await examinePage(page, '07-undo');
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await page.getByText('Change undone.').waitFor();
  assert.equal(file().LDAP_SEARCH_CONNECTIONS, undefined);

  await go('Server');
  await page.getByLabel('Certificates', { exact: true }).fill('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('alert').filter({ hasText: 'Invalid certificate' }).waitFor();
  writeFileSync(join(home, 'no.pfx'), 'nothing');
  await page.getByLabel('PKCS #12').setInputFiles(join(home, 'no.pfx'));
  await page.getByRole('button', { name: 'Check and use' }).first().click();
  await page.getByRole('alert').filter({ hasText: 'not a PKCS #12 file' }).waitFor();
  await page.getByLabel('Keytab file').setInputFiles(join(home, 'no.pfx'));
  await page.getByRole('button', { name: 'Check and use' }).last().click();
  await page.getByRole('alert').filter({ hasText: 'Invalid or empty keytab' }).waitFor();
  await examinePage(page, '08-server');

  // The mapper: the preview follows the editor, and a mapper that fails is not saved.
  await go('Profile mapper');
  await page.getByLabel('User', { exact: true }).fill(someone.uid);
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('group', { name: 'Entry' }).getByText(someone.uid).first().waitFor();
  const editor = page.locator('.cm-content');
  await editor.click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText('module.exports = (raw) => ({\n  id: raw.uid,,\n});');
  await page.locator('#outcome').getByText('The mapper failed').waitFor();
  await page
    .locator('#outcome')
    .getByText(/line 2/)
    .waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'Not saved' }).waitFor();
  await editor.click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText("module.exports = (raw) => ({ id: raw.uid, said: 'mapped by hand' });");
  await page.getByRole('group', { name: 'Profile', exact: true }).getByText('mapped by hand').waitFor();
  await examinePage(page, '09-mapper');
  await editor.click();
  await page.keyboard.press('ControlOrMeta+f');
  await page.locator('.cm-search').waitFor();
  await examinePage(page, '09-mapper-search');
  await page.keyboard.press('Escape');
  await page.locator('.cm-search').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Mapper saved and in use.').waitFor();
  // Text that is not saved is not lost without a question, and neither is the mapper.
  questions = 0;
  await editor.click();
  await page.keyboard.type(' // more');
  await page.getByRole('link', { name: 'Use the default mapper' }).click();
  await page.getByRole('heading', { name: 'Use the default mapper?' }).waitFor();
  assert.equal(questions, 1);
  await examinePage(page, '09-mapper-default');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.getByText('A custom mapper is in use.').waitFor();
  agent.ask('authenticate_user', { username: someone.uid, password: someone.password });
  assert.match(JSON.stringify((await agent.nextFrame()).p), /mapped by hand/);

  await go('Search');
  await page.getByLabel('User name').fill(someone.uid);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Groups' }).waitFor();
  await examinePage(page, '10-search');
  await page.getByLabel('Filter', { exact: true }).fill('(uid=*');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Invalid filter' }).waitFor();
  await page.getByLabel('Filter', { exact: true }).fill(`(uid=${someone.uid})`);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '1 found' }).waitFor();
  await examinePage(page, '11-filter');

  // An export, and its import.
  await go('Import / export');
  await examinePage(page, '12-transfer');
  const download = page.waitForEvent('download');
  await page.locator('#new-passphrase').fill('ten green bottles here');
  await page.getByRole('button', { name: 'Export' }).click();
  await (await download).saveAs(join(home, 'exported.landbridge'));
  await page.locator('#file').setInputFiles(join(home, 'exported.landbridge'));
  await page.locator('#passphrase').fill('ten green bottles here');
  await page.getByRole('button', { name: 'Show changes' }).click();
  await page.getByRole('heading', { name: 'Changes by the import' }).waitFor();
  await examinePage(page, '13-import');
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByText('Imported and in use.').waitFor();

  await go('Logs');
  await page.getByLabel('User name').fill(someone.uid);
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.locator('.log').getByText('Signed in').first().waitFor();
  await examinePage(page, '14-logs');
  await page.locator('.log a').first().click();
  await page.getByLabel('Correlation ID').waitFor();
  assert.notEqual(await page.getByLabel('Correlation ID').inputValue(), '');
  // Following shows a new line on top, and leaves what is open as it is.
  await page.getByRole('link', { name: 'Show all' }).click();
  await page.getByRole('link', { name: 'Follow', exact: true }).click();
  await page.getByRole('link', { name: 'Stop following' }).waitFor();
  await page.locator('.log summary').first().click();
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(`${origin}/sign-in`);
  await stranger.getByLabel('Password').fill('not the password');
  await stranger.keyboard.press('Enter');
  await page.locator('.log > li:first-child', { hasText: 'Console sign-in failed' }).waitFor();
  assert.equal(await page.locator('.log details[open]').count(), 1);
  await examinePage(page, '14-logs-following');
  await page.goto(`${origin}/logs?q=${encodeURIComponent('MAPPED BY NOBODY')}`);
  await page.getByText('No matching lines.').waitFor();

  await go('Troubleshooting');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByRole('link', { name: 'Export for support' }).waitFor();
  await examinePage(page, '15-troubleshooting');
  await page.getByRole('link', { name: 'Export for support' }).click();
  await examinePage(page, '16-package');
  await go('Update');
  await examinePage(page, '17-update');

  // The colours are remembered, also after signing out, and an unknown page keeps the navigation.
  await page.getByRole('button', { name: 'Dark' }).click();
  await page.locator('html[data-theme=dark]').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Dark', pressed: true }).count(), 1);
  await page.getByRole('heading', { name: 'Update', exact: true }).waitFor();
  await page.goto(`${origin}/no-such-page?x=1`);
  await page.getByRole('heading', { name: 'Page not found' }).waitFor();
  await examinePage(page, '17-not-found');
  await page.getByRole('button', { name: 'System' }).click();
  await page.locator('html:not([data-theme])').waitFor();

  await page.getByRole('link', { name: 'Password' }).click();
  await examinePage(page, '18-password');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Password').waitFor();
  await examinePage(page, '19-sign-in');
  await page.getByLabel('Password').fill('not this one');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'Wrong password' }).waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Status' }).waitFor();
  await page.goto(link);
  await page.getByText('It was used').waitFor();
  assert.deepEqual(complaints, []);

  connector.child.kill('SIGTERM');
  const { exitCode, output } = await connector.ended;
  assert.equal(exitCode, 0, output);
  for (const secret of [PASSWORD, slapd.serviceAccount.password, someone.password, 'ten green bottles here'])
    assert.ok(!output.includes(secret), secret);
});
