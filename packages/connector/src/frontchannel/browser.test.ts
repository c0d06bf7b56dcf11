/** The front channel in a real browser: by certificate and by form, in narrow and dark windows, with and without scripts. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createCertificateAuthority, examinePage, launchChromium, whyNoChromium } from '@landbridge/lab';
import { namedFailure } from '@landbridge/protocol';
import { LANGUAGES, type Language, speechIn } from '@landbridge/web';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { frontChannelOn, REALM } from '../../test/front-channel-on.ts';
import { EVERYBODY } from '../../test/trusted-identity.ts';
import type { FrontUsers } from './routes.ts';

const skip = whyNoChromium();

const WCTX = 'rm=0&id="p"<x>&ru=%2f';

/** A hub that accepts the token and redirects to an application on another site, as hubs do. */
async function startHub(t: TestContext): Promise<{ replyTo: string; posted: URLSearchParams[] }> {
  const posted: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    if (request.url !== '/callback') {
      response.end('<title>Application</title>');
      return;
    }
    text(request).then(
      (body) => {
        posted.push(new URLSearchParams(body));
        response.writeHead(302, { Location: `http://localhost:${port}/application` }).end();
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { replyTo: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`, posted };
}

test('a browser signs in by form, session, certificate, and without scripts', { skip }, async (t) => {
  const { replyTo, posted } = await startHub(t);
  const authority = await createCertificateAuthority('People');
  const front = await frontChannelOn(
    EVERYBODY,
    { SITE_NAME: 'Fabrikam', CLIENT_CERT_CA: authority.cert },
    { connection: { clientCertificates: true, replyAddresses: [replyTo] } },
  );
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    await front.close();
  });
  const address = `${front.url}/wsfed?${new URLSearchParams({ wa: 'wsignin1.0', wtrealm: REALM, wctx: WCTX })}`;
  const complaints: string[] = [];
  async function open(options: BrowserContextOptions): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
    const page = await context.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    return { context, page };
  }

  const { page } = await open({ locale: 'de-DE' });
  await page.goto(address);
  await examinePage(page, 'form', { narrowPx: 320 });
  await page.getByLabel('Benutzername').fill('anna');
  await page.getByLabel('Passwort', { exact: true }).fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('falsch').waitFor();
  await examinePage(page, 'form-refused', { narrowPx: 320 });
  assert.deepEqual(complaints.splice(0), ['Failed to load resource: the server responded with a status of 401 (Unauthorized)']);
  await page.getByLabel('Passwort', { exact: true }).fill('right');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/application');
  assert.equal(posted.at(-1)?.get('wctx'), WCTX);
  assert.match(posted.at(-1)?.get('wresult') ?? '', />anna</);

  // The session works although the request comes from another site.
  await page.goto(replyTo.replace('callback', 'from'));
  await page.evaluate(`setTimeout(() => { location.href = ${JSON.stringify(address)}; })`);
  await page.waitForURL('**/application');
  assert.equal(posted.length, 2);

  const client = await authority.issue({ commonName: 'bertha', clientAuth: true });
  const withCertificate = await open({
    clientCertificates: [{ origin: front.url, cert: Buffer.from(client.cert), key: Buffer.from(client.key) }],
  });
  await withCertificate.page.goto(address);
  await withCertificate.page.waitForURL('**/application');
  assert.match(posted.at(-1)?.get('wresult') ?? '', />bertha</);

  const without = await open({ javaScriptEnabled: false });
  await without.page.goto(address);
  await without.page.getByLabel('User name').fill('carla');
  await without.page.getByLabel('Password', { exact: true }).fill('right');
  await without.page.getByRole('button').click();
  await without.page.getByRole('button', { name: 'Continue' }).click();
  await without.page.waitForURL('**/application');
  assert.match(posted.at(-1)?.get('wresult') ?? '', />carla</);
  assert.deepEqual(complaints, []);
});

test('the form fits a narrow window in each language, with long names and each problem', { skip }, async (t) => {
  const problems = [
    'PasswordExpired',
    'PasswordChangeRequired',
    'AccountLocked',
    'AccountDisabled',
    'AccountExpired',
    'WrongPassword',
  ] as const;
  const refusing: FrontUsers = {
    ...EVERYBODY,
    authenticate: async ({ password }) => {
      const name = problems.find((problem) => problem === password);
      return { failure: name === undefined ? { code: 'connector_busy' } : namedFailure(name, {}) };
    },
  };
  const front = await frontChannelOn(refusing, {
    SITE_NAME: 'Fabrikam Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG',
    WITH_KERBEROS_PROXY_FRONTEND: true,
  });
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    await front.close();
  });
  for (const locale of Object.keys(LANGUAGES) as Language[]) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale, viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    await page.goto(`${front.url}/wsfed?wa=wsignin1.0`);
    assert.equal(await page.evaluate('document.documentElement.lang'), speechIn(locale).tag);
    const alerts = new Set<string>();
    for (const problem of [...problems, 'unavailable']) {
      await page.locator('#username').fill(`maximiliane.von-und-zu-hohenlohe-${locale}-${problem}@verwaltung.fabrikam.example`);
      await page.locator('#password').fill(problem);
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
      alerts.add((await page.getByRole('alert').textContent()) ?? '');
      // Screen readers read the problem with the focused field.
      assert.equal(
        await page.evaluate("document.activeElement.id + ' ' + document.activeElement.getAttribute('aria-describedby')"),
        'password problem',
      );
      assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 320, `${locale}, ${problem}, is too wide`);
    }
    assert.equal(alerts.size, problems.length + 1, locale);
    await examinePage(page, `form-${locale}`, { narrowPx: 320 });
    await context.close();
  }
});
