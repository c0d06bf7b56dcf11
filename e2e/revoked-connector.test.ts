/** A connector whose key was revoked: what it logs and shows, and how it comes back with a new key. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { examinePage, freePort, launchChromium, startSlapd, whyNoChromium, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, type HubProgram, startConnector, startHub, untilLogged } from './programs.ts';

const PROGRAMS = join(import.meta.dirname, '..', 'node_modules', '.bin');
const ENVIRONMENT = { PATH: process.env.PATH ?? '', HOME: '/nonexistent' };
const skip = whyNoChromium() || whyNoSlapd();

function command(name: 'landbridge-hub' | 'landbridge-connector', args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(join(PROGRAMS, name), args, { env: ENVIRONMENT, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Revokes the only key of a connection. */
async function revokeKey(hub: HubProgram, connection: string, config: Record<string, unknown>): Promise<void> {
  const key = String(config.LAST_SENT_THUMBPRINT);
  const { status, stderr } = command('landbridge-hub', ['connector', 'revoke', connection, key, '--key', '--yes', '--home', hub.home]);
  assert.equal(status, 0, stderr);
  await hub.untilConnectors(connection, 0);
}

const configOf = async (home: string): Promise<Record<string, unknown>> => JSON.parse(await readFile(join(home, 'config.json'), 'utf8'));

test('a revoked connector says so, and enrols again with a new key and the same password', { skip }, async () => {
  await using slapd = await startSlapd({ users: 3 });
  await using hub = await startHub();
  const [user] = slapd.users.ordinary;
  assert.ok(user);
  const signsIn = async () => assert.equal((await hub.login('corp', user.uid, user.password)).status, 200);
  const port = await freePort();
  const settings = { ...directoryConfig(slapd, 'plain'), PROVISIONING_TICKET: await hub.createConnection('corp'), CONSOLE_PORT: port };
  await using connector = await startConnector(settings);
  await hub.untilConnectors('corp', 1);
  await signsIn();
  const { home } = connector;
  const firstKey = await readFile(join(home, 'certs', 'cert.key'), 'utf8');

  await revokeKey(hub, 'corp', await configOf(home));
  const logged = await untilLogged([connector], /rejected this connector: an administrator of the hub revoked it.*setup --new-certificate/);
  assert.doesNotMatch(logged, /Try again later/);
  // A restart reads the ticket first.
  await connector.stop();
  await writeFile(join(home, 'program.log'), '');
  connector.start();
  assert.doesNotMatch(await untilLogged([connector], /revoked it.*setup --new-certificate/), /Try again later|\(403\)/);
  await connector.stop();

  const withTicket = async (ticket: string) => {
    await writeFile(join(home, 'ticket'), ticket, { mode: 0o600 });
    return command('landbridge-connector', ['setup', '--new-certificate', '--ticket-file', join(home, 'ticket'), '--home', home]);
  };
  const before = await configOf(home);
  const wrong = await withTicket(`${hub.url}/p/ad/unknown`);
  assert.equal(wrong.status, 1);
  assert.deepEqual(await configOf(home), before);
  assert.equal(await readFile(join(home, 'certs', 'cert.key'), 'utf8'), firstKey);

  const done = await withTicket(await hub.addConnector('corp'));
  assert.equal(done.status, 0, done.stdout + done.stderr);
  assert.ok(!(done.stdout + done.stderr).includes(slapd.serviceAccount.password));
  const [aside = ''] = (await readdir(home)).filter((name) => name.startsWith('certs-'));
  assert.equal(await readFile(join(home, aside, 'cert.key'), 'utf8'), firstKey);
  assert.notEqual(await readFile(join(home, 'certs', 'cert.key'), 'utf8'), firstKey);
  const { LDAP_BIND_PASSWORD, LDAP_BIND_CREDENTIALS } = await configOf(home);
  assert.equal(LDAP_BIND_PASSWORD, undefined);
  assert.notEqual(LDAP_BIND_CREDENTIALS, before.LDAP_BIND_CREDENTIALS);
  await writeFile(join(home, 'program.log'), '');
  connector.start();
  await hub.untilConnectors('corp', 1);
  await signsIn();

  // Again, in the console of the running connector.
  const link = /http:\/\/127\.0\.0\.1:\d+\/link\?code=[^ "]+/;
  const [address = ''] = link.exec(await untilLogged([connector], link)) ?? [];
  const browser = await launchChromium();
  await using _ = { [Symbol.asyncDispose]: () => browser.close() };
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(address);
  await page.getByLabel('New password', { exact: true }).fill('eleven blue horses');
  await page.getByLabel('Repeat').fill('eleven blue horses');
  await page.keyboard.press('Enter');
  await page.getByText('Users can sign in.').waitFor();
  await revokeKey(hub, 'corp', await configOf(home));
  await page.getByText('the hub revoked the key of this connector').waitFor();
  await examinePage(page, 'console-revoked');
  await page.getByRole('link', { name: 'Replace the certificate' }).click();
  await page.getByLabel('Ticket').fill(`${hub.url}/p/ad/unknown`);
  await page.getByRole('button', { name: 'Replace the certificate' }).click();
  await page.getByRole('alert').waitFor();
  await examinePage(page, 'console-new-certificate-refused');
  await page.getByLabel('Ticket').fill(await hub.addConnector('corp'));
  await page.getByRole('button', { name: 'Replace the certificate' }).click();
  await page.getByText('The new certificate is in use.').waitFor();
  await hub.untilConnectors('corp', 1);
  await signsIn();
  assert.equal((await readdir(home)).filter((name) => name.startsWith('certs-')).length, 2);
});
