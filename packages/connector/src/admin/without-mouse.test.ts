/** The console with the keyboard alone, and without JavaScript: the same work on every page. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { examinePage, launchChromium, startSlapd, whyNoChromium, whyNoSlapd } from '@landbridge/lab';
import type { Locator, Page } from 'playwright-core';
import { startCommand } from '../../test/command-line.ts';
import { CONNECTION, HUB_RSA, pemOf, REALM, startFakeHub } from '../../test/fake-hub.ts';
import { createCertificate, createKey } from '../setup/certificate.ts';

const PASSWORD = 'eleven blue horses';
/** More than any page has to focus. */
const MAX_TABS = 200;

/** How a page is operated. */
interface Hands {
  press(target: Locator): Promise<void>;
  type(target: Locator, text: string): Promise<void>;
}

/** Moves the focus with the Tab key only. */
function keyboard(page: Page): Hands {
  async function reach(target: Locator): Promise<void> {
    await target.waitFor();
    for (let tabs = 0; tabs < MAX_TABS; tabs++) {
      if ((await target.and(page.locator(':focus')).count()) === 1) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`Tab does not reach ${target}`);
  }
  return {
    async press(target) {
      await reach(target);
      await page.keyboard.press('Enter');
    },
    async type(target, text) {
      await reach(target);
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.insertText(text);
    },
  };
}

async function end({ child, ended }: ReturnType<typeof startCommand>, home: string): Promise<void> {
  child.kill('SIGKILL');
  await ended;
  rmSync(home, { recursive: true, force: true });
}

const mouse: Hands = { press: (target) => target.click(), type: (target, text) => target.fill(text) };

for (const [name, javaScriptEnabled, handsOn] of [
  ['the keyboard alone', true, keyboard],
  ['JavaScript off', false, () => mouse],
] as const) {
  test(`every page works with ${name}`, { skip: whyNoChromium() || whyNoSlapd(), timeout: 300_000 }, async (t) => {
    const slapd = await startSlapd({ users: 5 });
    t.after(() => slapd[Symbol.asyncDispose]());
    const [someone] = slapd.users.ordinary;
    assert.ok(someone);
    const hub = await startFakeHub();
    t.after(() => hub.stop());
    const home = mkdtempSync(join(tmpdir(), 'console-'));
    const own = createCertificate(createKey(), { connectionName: CONNECTION, connectionDomain: 'example.org' });
    const settings = {
      ...{ AD_HUB: hub.url, CONNECTION, REALM, TENANT_SIGNING_KEY: pemOf(HUB_RSA.publicKey) },
      ...{ AUTH_CERT: own.certificate.toString(), AUTH_CERT_KEY: own.privateKeyPem },
      ...{ LDAP_URL: slapd.ldapsUrl, CA_CERT: [slapd.ca], LDAP_BASE: slapd.baseDn },
      ...{ LDAP_BIND_USER: slapd.serviceAccount.dn, LDAP_BIND_PASSWORD: slapd.serviceAccount.password },
    };
    writeFileSync(join(home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
    const file = (): Record<string, unknown> => JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
    const connector = startCommand(['run', '--home', home], { environment: { CONSOLE_PORT: '0' } });
    t.after(() => end(connector, home));
    const link = (await connector.printed(/http:\/\/127\.0\.0\.1:\d+\/link\?code=\S+/)).trim();
    await hub.nextAgent();

    const browser = await launchChromium();
    t.after(() => browser.close());
    const page = await (await browser.newContext({ javaScriptEnabled })).newPage();
    page.setDefaultTimeout(30_000);
    const { press, type } = handsOn(page);
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    const field = (name: string) => page.getByLabel(name, { exact: true });
    const go = async (name: string) => {
      await press(page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name, exact: true }));
      await page.getByRole('heading', { name, exact: true, level: 1 }).waitFor();
    };

    await page.goto(link);
    await type(field('New password'), PASSWORD);
    await type(page.getByLabel('Repeat'), PASSWORD);
    await press(page.locator('main button').first());
    await page.getByRole('heading', { name: 'Status' }).waitFor();

    await go('Settings');
    await press(page.getByRole('link', { name: 'All', exact: true }));
    await type(field('Connections for searches'), 'many');
    await press(button('Save'));
    await page.getByText('LDAP_SEARCH_CONNECTIONS must be a whole number').waitFor();
    await type(field('Connections for searches'), '3');
    await press(button('Save'));
    await page.getByText('Saved and in use.').waitFor();
    assert.equal(file().LDAP_SEARCH_CONNECTIONS, 3);

    await go('Server');
    await type(field('Certificates'), 'no certificate');
    await press(button('Add'));
    await page.getByRole('alert').filter({ hasText: 'Invalid certificate' }).waitFor();

    await go('Profile mapper');
    await type(field('User'), someone.uid);
    await press(button('Show'));
    await page.getByRole('group', { name: 'Entry' }).getByText(someone.uid).first().waitFor();
    const source = javaScriptEnabled ? page.locator('.cm-content') : page.locator('#source');
    await type(source, "module.exports = (raw) => ({ id: raw.uid, said: 'mapped by hand' });");
    // The editor takes Tab for indentation; Escape lets go of it.
    if (javaScriptEnabled) await page.keyboard.press('Escape');
    await press(button('Try'));
    await page.getByRole('group', { name: 'Profile', exact: true }).getByText('mapped by hand').waitFor();
    await press(button('Save'));
    await page.getByText('Mapper saved and in use.').waitFor();

    await go('Search');
    await type(field('User name'), someone.uid);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Groups' }).waitFor();

    await go('Import / export');
    const download = page.waitForEvent('download');
    await type(page.locator('#new-passphrase'), 'ten green bottles here');
    await press(button('Export'));
    assert.match((await download).suggestedFilename(), /\.landbridge$/);

    await go('Logs');
    await type(field('User name'), 'nobody-of-that-name');
    await press(button('Filter'));
    await page
      .getByText(/No matching lines|No lines/)
      .first()
      .waitFor();

    await go('Troubleshooting');
    await press(button('Run'));
    await page.getByRole('link', { name: 'Export for support' }).waitFor({ timeout: 120_000 });
    await go('Update');
    await go('Status');
    await press(button('Sign out'));
    await page.getByLabel('Password').waitFor();
  });
}

test('a mapper that the environment sets is shown, but cannot be changed', { skip: whyNoChromium() || whyNoSlapd() }, async (t) => {
  const slapd = await startSlapd({ users: 2 });
  t.after(() => slapd[Symbol.asyncDispose]());
  const hub = await startFakeHub();
  t.after(() => hub.stop());
  const home = mkdtempSync(join(tmpdir(), 'console-'));
  const settings = {
    ...{ AD_HUB: hub.url, CONNECTION, REALM, TENANT_SIGNING_KEY: pemOf(HUB_RSA.publicKey) },
    ...{ LDAP_URL: slapd.ldapsUrl, CA_CERT: [slapd.ca], LDAP_BASE: slapd.baseDn, ANONYMOUS_SEARCH_ENABLED: true },
  };
  writeFileSync(join(home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
  const PROFILE_MAPPER = 'module.exports = (raw) => ({ id: raw.uid });';
  const connector = startCommand(['run', '--home', home], { environment: { CONSOLE_PORT: '0', PROFILE_MAPPER } });
  t.after(() => end(connector, home));
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  await page.goto((await connector.printed(/http:\/\/127\.0\.0\.1:\d+\/link\?code=\S+/)).trim());
  await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('Repeat').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Profile mapper' }).click();
  await page.getByText('It is set in the environment').waitFor();
  await page.locator('.cm-content[contenteditable=false]').waitFor();
  await examinePage(page, '09-mapper-read-only');
  assert.equal(await page.getByRole('button', { name: 'Save', exact: true }).count(), 0);
});
