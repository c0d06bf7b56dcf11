/**
 * The console beside a real Active Directory domain controller: ticket, address and account are enough for users to sign in, and a
 * certificate and a keytab for them to sign in with Kerberos.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  createCertificateAuthority,
  examinePage,
  freePort,
  launchChromium,
  openKerberosRealm,
  startSambaDomainController,
  whyNoChromium,
  whyNoKerberos,
} from '@landbridge/lab';
import { startCommand } from '../../test/command-line.ts';
import { HUB_RSA, pemOf, startFakeHub } from '../../test/fake-hub.ts';
import { fieldsOf } from '../../test/front-channel-on.ts';
import { INFO, startTicketServer } from '../../test/ticket-server.ts';

const PASSWORD = 'eleven blue horses';

test('setup beside a domain controller leads to a sign-in with nested groups, and to one with a Kerberos ticket', {
  skip: whyNoChromium() || whyNoKerberos(),
  timeout: 600_000,
}, async (t) => {
  await using dc = await startSambaDomainController();
  await using realm = await openKerberosRealm(dc);
  const hub = await startFakeHub();
  t.after(() => hub.stop());
  const tickets = await startTicketServer(t);
  tickets.info = { body: { ...INFO, adHub: hub.url, kerberos: true } };
  tickets.registered = { body: { signingKey: pemOf(HUB_RSA.publicKey) } };
  const home = mkdtempSync(join(tmpdir(), 'console-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const connector = startCommand(['run', '--home', home], {
    environment: { CONSOLE_PORT: '0', KRB5RCACHEDIR: realm.environment.KRB5RCACHEDIR },
  });
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
  const { alice } = dc.users;
  await check({
    PROVISIONING_TICKET: tickets.ticket,
    LDAP_URL: dc.ldapsUrl,
    CA_CERT: dc.caPem,
    LDAP_BIND_USER: dc.serviceAccount.dn,
    LDAP_BIND_PASSWORD: 'not-the-Passw0rd',
    user: alice.name,
  });
  await page.locator('.checks > li', { hasText: 'Service account' }).locator('.mark.fail').waitFor();
  await page.getByRole('link', { name: 'Correct the input' }).click();
  await check({ LDAP_BIND_PASSWORD: dc.serviceAccount.password });
  await page.locator('.checks > li', { hasText: 'Service account' }).locator('.mark.pass').waitFor();
  await page.getByRole('button', { name: 'Save and start' }).click();
  await page.getByText('The connector is running').waitFor();

  const agent = await hub.nextAgent();
  agent.ask('authenticate_user', { username: alice.name, password: dc.password });
  const { profile } = Object((await agent.nextFrame()).p);
  for (const group of ['nest-1', 'nest-4', 'dl-app-users', 'Domain Users']) assert.ok(profile.groups.includes(group), group);

  const go = (name: string) => page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name, exact: true }).click();
  await go('Search');
  await page.getByLabel('User name').fill(alice.name);
  await page.keyboard.press('Enter');
  await page.getByText('primary group').first().waitFor();

  // For browsers: the address, a certificate for it, and the key that verifies tickets.
  const host = `connector.${dc.dnsName}`;
  const port = await freePort();
  await go('Server');
  await page.locator('#SERVER_URL').fill(`https://${host}:${port}`);
  await page.locator('#PORT').fill(String(port));
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved and in use.').waitFor();
  const authority = await createCertificateAuthority('Servers');
  const pair = await authority.issue({ commonName: host, dnsNames: [host] });
  writeFileSync(join(home, 'pair.pem'), pair.cert + pair.key);
  const made = spawnSync('openssl', ['pkcs12', '-export', '-in', join(home, 'pair.pem'), '-passout', 'pass:of the file']);
  assert.equal(made.status, 0, String(made.stderr));
  const pfx = { name: 'browsers.pfx', mimeType: 'application/x-pkcs12', buffer: made.stdout };
  const usePfx = async (passphrase: string) => {
    await page.getByLabel('PKCS #12').setInputFiles(pfx);
    await page.getByLabel('Passphrase', { exact: true }).fill(passphrase);
    await page.getByRole('button', { name: 'Check and use' }).first().click();
  };
  await usePfx('of another file');
  await page.getByRole('alert').filter({ hasText: 'wrong passphrase' }).waitFor();
  await usePfx('of the file');
  await page.getByText(`It is valid for ${host}.`).waitFor();
  await realm.addService('svc-http', `HTTP/${host}`);
  await page.getByLabel('Keytab file').setInputFiles(await realm.keytab(`HTTP/${host}`));
  await page.getByRole('button', { name: 'Check and use' }).last().click();
  await page.getByText(`HTTP/${host}@${dc.realm} (version`).waitFor();
  await examinePage(page, 'domain-server');

  writeFileSync(join(home, 'servers.pem'), authority.cert);
  const { stdout } = await promisify(execFile)(
    'curl',
    [
      ...['-sS', '--max-time', '60', '--retry', '20', '--retry-connrefused', '--retry-delay', '1', '--noproxy', '*'],
      ...['--resolve', `${host}:${port}:127.0.0.1`, '--cacert', join(home, 'servers.pem'), '--negotiate', '-u', ':'],
      `https://${host}:${port}/wsfed?wa=wsignin1.0&wctx=state`,
    ],
    { env: { ...process.env, ...realm.environment, KRB5CCNAME: await realm.signIn(alice.name, dc.password) } },
  );
  // The connector was not restarted.
  assert.match(fieldsOf(stdout).wresult ?? stdout, /"sAMAccountName"[^>]*><saml:AttributeValue>alice</);

  connector.child.kill('SIGTERM');
  const { exitCode, output } = await connector.ended;
  assert.equal(exitCode, 0, output);
});
