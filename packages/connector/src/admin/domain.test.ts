/** The console's way in beside a real Active Directory domain controller: everything that is typed is a ticket, an address and an account. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { launchChromium, startSambaDomainController, whyNoChromium, whyNoSamba } from '@landbridge/lab';
import { startCommand } from '../../test/command-line.ts';
import { HUB_RSA, pemOf, startFakeHub } from '../../test/fake-hub.ts';
import { INFO, startTicketServer } from '../../test/ticket-server.ts';

const PASSWORD = 'eleven blue horses';

test('beside a domain controller, from the first start to a sign-in with nested groups', {
  skip: whyNoChromium() || whyNoSamba(),
  timeout: 600_000,
}, async (t) => {
  await using dc = await startSambaDomainController();
  const hub = await startFakeHub();
  t.after(() => hub.stop());
  const tickets = await startTicketServer(t);
  tickets.info = { body: { ...INFO, adHub: hub.url, kerberos: false } };
  tickets.registered = { body: { signingKey: pemOf(HUB_RSA.publicKey) } };
  const home = mkdtempSync(join(tmpdir(), 'console-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const connector = startCommand(['run', '--home', home], { environment: { CONSOLE_PORT: '0' } });
  t.after(() => connector.child.kill('SIGKILL'));
  const link = (await connector.printed(/http:\/\/127\.0\.0\.1:\d+\/link\?code=\S+/)).trim();

  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(link);
  await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Set up' }).waitFor();

  const check = async (fields: Record<string, string>) => {
    for (const [name, value] of Object.entries(fields)) await page.locator(`[name="${name}"]`).fill(value);
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await page.locator('#checks:not([data-watch])').waitFor();
  };
  const { alice } = dc.people;
  await check({
    PROVISIONING_TICKET: tickets.ticket,
    LDAP_URL: dc.ldapsUrl,
    CA_CERT: dc.caPem,
    LDAP_BIND_USER: dc.serviceAccount.dn,
    LDAP_BIND_PASSWORD: 'not-the-Passw0rd',
    user: alice.name,
  });
  await page.locator('.checks > li', { hasText: 'Service account' }).locator('.mark.fail').waitFor();
  await page.getByRole('link', { name: 'Correct it' }).click();
  await check({ LDAP_BIND_PASSWORD: dc.serviceAccount.password });
  await page.locator('.checks > li', { hasText: 'Service account' }).locator('.mark.pass').waitFor();
  await page.getByRole('button', { name: 'Save and start' }).click();
  await page.getByText('the connector runs').waitFor();

  const agent = await hub.nextAgent();
  agent.ask('authenticate_user', { username: alice.name, password: dc.password });
  const { profile } = Object((await agent.nextFrame()).p);
  for (const group of ['nest-1', 'nest-4', 'dl-app-users', 'Domain Users']) assert.ok(profile.groups.includes(group), group);

  await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: 'Search', exact: true }).click();
  await page.getByLabel('User name').fill(alice.name);
  await page.keyboard.press('Enter');
  await page.getByText('primary group').first().waitFor();

  connector.child.kill('SIGTERM');
  const { exitCode, output } = await connector.ended;
  assert.equal(exitCode, 0, output);
});
