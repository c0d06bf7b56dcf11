/** A connector enrols by a code, from `setup --hub` to a sign-in: real processes, and an administrator in a browser. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { examinePage, freePort, launchChromium, type Slapd, spawnBound, startSlapd, whyNoChromium, whyNoSlapd } from '@landbridge/lab';
import type { Page } from 'playwright-core';
import { startCodeProxy } from './code-proxy.ts';
import { directoryConfig, type HubProgram, runConnector, startHub, until, untilLogged } from './programs.ts';

const PROGRAMS = join(import.meta.dirname, '..', 'node_modules', '.bin');
const ENVIRONMENT = { PATH: process.env.PATH ?? '', HOME: '/nonexistent' };
const skip = whyNoChromium() || whyNoSlapd();

/** RFC 6238 with its defaults. @param secret in base32 */
function oneTimeCode(secret: string): string {
  const bits = Array.from(secret.replace(/\s/g, ''), (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const number = digest.readUInt32BE(digest.readUInt8(19) & 0x0f) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** @returns the browser of a new administrator of this hub */
async function signInAdministrator(t: TestContext, hub: HubProgram): Promise<Page> {
  const invited = spawnSync(join(PROGRAMS, 'landbridge-hub'), ['admin', 'invite', 'anna', '--home', hub.home], {
    env: ENVIRONMENT,
    encoding: 'utf8',
  });
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(invited.stdout.trim());
  await page.getByLabel('Password', { exact: true }).fill('eleven blue horses');
  await page.getByLabel('Repeat the password').fill('eleven blue horses');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Code' }).fill(oneTimeCode((await page.locator('.key code').textContent()) ?? ''));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('region', { name: 'Recovery codes' }).waitFor();
  return page;
}

/** Runs `setup --hub` without a terminal. */
async function startSetup(t: TestContext, hubUrl: string, slapd: Slapd) {
  const home = await mkdtemp(join(tmpdir(), 'landbridge-e2e-'));
  t.after(() => rm(home, { recursive: true, force: true }));
  const answers = join(home, 'answers');
  const settings = Object.entries(directoryConfig(slapd, 'plain')).map(
    ([name, value]) => `${name}=${String(value).replaceAll('\n', '\\n')}\n`,
  );
  await writeFile(answers, settings.join(''));
  const args = ['setup', '--hub', hubUrl, '--answers', answers, '--home', home];
  const child = spawnBound(join(PROGRAMS, 'landbridge-connector'), args, { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code]: (number | null)[]) => code);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const shown = async (name: string) => {
    await until(`setup shows ${name}`, async () => output.includes(`${name}:`) || child.exitCode !== null);
    return new RegExp(`^${name}: +(\\S+)`, 'm').exec(output)?.[1] ?? assert.fail(output);
  };
  return { home, ended, shown, output: () => output };
}

async function openCode(page: Page, hubUrl: string, code: string): Promise<void> {
  await page.goto(`${hubUrl}/dashboard/code`);
  await page.getByLabel('Code', { exact: true }).fill(code.toLowerCase().replace('-', ' '));
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Enrol this connector?' }).waitFor();
}

test('a connector is enrolled by a code that an administrator approves, and signs users in', { skip }, async (t) => {
  await using slapd = await startSlapd({ users: 3 });
  await using hub = await startHub();
  const page = await signInAdministrator(t, hub);
  const publicUrl = hub.url.replace('127.0.0.1', 'localhost');

  const denied = await startSetup(t, publicUrl, slapd);
  await openCode(page, publicUrl, await denied.shown('code'));
  await page.getByRole('button', { name: /^Deny/ }).click();
  await page.getByText('Connector denied').waitFor();
  assert.equal(await denied.ended, 1);
  assert.match(denied.output(), /\[ENROLMENT_DENIED\]|denied this connector/);

  const setup = await startSetup(t, publicUrl, slapd);
  const code = await setup.shown('code');
  assert.equal(await setup.shown('open'), `${publicUrl}/dashboard/code`);
  await openCode(page, publicUrl, code);
  assert.equal(await page.locator('#comparison').textContent(), await setup.shown('compare'));
  await page.getByText(await setup.shown('key')).waitFor();
  // Approval requires the comparison.
  await page.getByLabel('Name of the new connection').fill('corp');
  await page.locator('form[action$="/approve"]').evaluate((form: { noValidate: boolean }) => {
    form.noValidate = true;
  });
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByRole('alert').filter({ hasText: 'same comparison code' }).waitFor();
  await page.getByLabel(/^It matches/).check();
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('enrols itself now').waitFor();
  assert.equal(await setup.ended, 0, setup.output());

  const config: Record<string, unknown> = JSON.parse(await readFile(join(setup.home, 'config.json'), 'utf8'));
  const { HUB_IDENTITY, PROVISIONING_TICKET, CONNECTION } = config;
  assert.equal(CONNECTION, 'corp');
  assert.match(String(PROVISIONING_TICKET), new RegExp(`^${publicUrl}/p/ad/[^.]+\\.\\.${HUB_IDENTITY}$`));
  await using _connector = runConnector(setup.home);
  await hub.untilConnectors('corp', 1);
  const [user] = slapd.users.ordinary;
  assert.ok(user);
  assert.equal((await hub.login('corp', user.uid, user.password)).status, 200);

  // The code was for one connector.
  await page.goto(`${publicUrl}/dashboard/code/${code}`);
  await page.getByRole('alert').filter({ hasText: 'No connector is waiting with this code' }).waitFor();
});

test('the console enrols by a code, stays enrolled after a restart, and continues with the directory', { skip }, async (t) => {
  await using slapd = await startSlapd({ users: 3 });
  await using hub = await startHub();
  const dashboard = await signInAdministrator(t, hub);
  const publicUrl = hub.url.replace('127.0.0.1', 'localhost');
  const home = await mkdtemp(join(tmpdir(), 'landbridge-e2e-'));
  await using connector = runConnector(home, { CONSOLE_PORT: String(await freePort()) });
  const signIn = /http:\/\/127\.0\.0\.1:\d+\/link\?code=[^ "]+/;
  const [link = ''] = signIn.exec(await untilLogged([connector], signIn)) ?? [];
  const page = await dashboard.context().newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(link);
  await page.getByLabel('New password', { exact: true }).fill('eleven blue horses');
  await page.getByLabel('Repeat').fill('eleven blue horses');
  await page.keyboard.press('Enter');

  const askForCode = async () => {
    await page.getByLabel('Address of the hub').fill(publicUrl);
    await page.getByRole('button', { name: 'Get a code' }).click();
    await page.locator('#code').waitFor();
    return (await page.locator('#code').textContent()) ?? '';
  };
  await page.getByRole('link', { name: 'Enrol by a code' }).click();
  await openCode(dashboard, publicUrl, await askForCode());
  await examinePage(page, 'console-code');
  await dashboard.getByRole('button', { name: /^Deny/ }).click();
  await page.getByRole('alert').filter({ hasText: 'denied this connector' }).waitFor();
  await examinePage(page, 'console-code-denied');
  await page.getByRole('link', { name: 'Try again' }).click();

  await openCode(dashboard, publicUrl, await askForCode());
  assert.equal(await dashboard.locator('#comparison').textContent(), await page.locator('#comparison').textContent());
  await dashboard.getByLabel('Name of the new connection').fill('corp');
  await dashboard.getByLabel(/^It matches/).check();
  await dashboard.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('The connector is enrolled.').waitFor();

  assert.equal(await connector.stop(), 0);
  connector.start();
  await until('the console is back', async () => (await page.goto(new URL('/', link).href).catch(() => null)) !== null);
  await page.getByLabel('Password', { exact: true }).fill('eleven blue horses');
  await page.keyboard.press('Enter');
  await page.getByText('for the connection corp').waitFor();
  await examinePage(page, 'console-enrolled');
  const { url, serviceAccount } = slapd;
  for (const [name, value] of Object.entries({
    LDAP_URL: url,
    LDAP_BIND_USER: serviceAccount.dn,
    LDAP_BIND_PASSWORD: serviceAccount.password,
  })) {
    await page.locator(`[name="${name}"]`).fill(value);
  }
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByRole('button', { name: 'Save and start' }).click();
  await page.getByText('The connector is running').waitFor();
  await hub.untilConnectors('corp', 1);
  const [user] = slapd.users.ordinary;
  assert.ok(user);
  assert.equal((await hub.login('corp', user.uid, user.password)).status, 200);
});

test('a proxy with its own keys makes the two sides show different comparison codes', { skip }, async (t) => {
  await using slapd = await startSlapd({ users: 3 });
  const port = await freePort();
  await using hub = await startHub({ PUBLIC_URL: `http://127.0.0.1:${port}` });
  await using proxy = await startCodeProxy(port, hub.url);
  const page = await signInAdministrator(t, hub);
  const setup = await startSetup(t, `http://127.0.0.1:${port}`, slapd);
  const shown = await setup.shown('compare');
  await openCode(page, `http://127.0.0.1:${port}`, await setup.shown('code'));
  const compared = (await page.locator('#comparison').textContent()) ?? '';
  assert.match(compared, /^(?:\w{4}-){2}\w{4}$/);
  assert.notEqual(compared, shown);
  assert.notEqual(proxy.publicKey, await setup.shown('key'));
  await page.getByRole('button', { name: /^Deny/ }).click();
  await page.getByText('Connector denied').waitFor();
});
