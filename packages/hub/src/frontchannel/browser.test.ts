import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { launchChromium, responseAround, signedAssertion, whyNoChromium } from '@landbridge/lab';
import { createApplication } from '../../test/application.ts';
import { connect, makeIdentity, provision } from '../../test/foreign-connector.ts';
import { HERE } from '../../test/front-channel.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

const skip = whyNoChromium();

async function serve(t: TestContext, answer: (url: URL) => string): Promise<{ origin: string; asked: URL[]; close(): void }> {
  const asked: URL[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://127.0.0.1');
    asked.push(url);
    response.setHeader('Content-Type', 'text/html').end(answer(url));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  t.after(close);
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

// The hub is `localhost`, the others are `127.0.0.1`: different sites, so the browser does not send the hub's cookies along.
test('a browser signs in through a connector without asking the user, and shows the form if the connector is unreachable', {
  skip,
}, async (t) => {
  const hub = await startHubForTest(t);
  const identity = makeIdentity();
  const frontChannel = await serve(t, (url) => {
    const wresult = responseAround(signedAssertion(identity)).replaceAll('&', '&amp;').replaceAll('"', '&quot;');
    return `<form method="post" action="${hub.hub.publicUrl}/login/callback"><input name="wa" value="wsignin1.0"><input name="wctx" value="${url.searchParams.get('wctx')}"><input name="wresult" value="${wresult}"></form><script>document.forms[0].submit()</script>`;
  });
  const connector = await connect(
    await provision(await hub.createConnection(), identity, { signInEndpoint: `${frontChannel.origin}/wsfed` }),
  );
  t.after(() => connector.socket.close());
  await hub.api('/connections/corp', { kerberos: true, ipRanges: HERE }, 'PATCH');
  const application = await serve(t, () => '<title>Welcome</title>');
  const redirectUri = `${application.origin}/callback`;
  const app = await createApplication(hub, { redirectUris: [redirectUri] });

  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  const { url, checks } = await app.begin();
  await page.goto(url);
  await page.waitForURL(`${redirectUri}**`);
  const tokens = await app.finish(page.url(), checks);
  assert.deepEqual(tokens.claims()?.amr, ['wia']);
  assert.equal(frontChannel.asked[0]?.pathname, '/wsfed');

  // Away from the office: the connector is online, but this browser cannot reach it.
  frontChannel.close();
  const elsewhere = await browser.newContext();
  const lost = await elsewhere.newPage();
  const failed = lost.waitForEvent('requestfailed', (request) => request.url().startsWith(frontChannel.origin));
  await lost.goto((await app.begin()).url, { waitUntil: 'commit' });
  await failed;
  // As if the user had read the browser's error page for a while before going back to the application.
  const [cookie] = (await elsewhere.cookies(`${hub.hub.publicUrl}/login`)).filter(({ name }) => name === 'landbridge_front_channel');
  assert.ok(cookie);
  const [id] = cookie.value.split('.');
  await elsewhere.addCookies([{ ...cookie, value: `${id}.${Date.now() - 60_000}` }]);
  const back = await elsewhere.newPage();
  await back.goto((await app.begin()).url);
  await back.getByLabel('Password', { exact: true }).waitFor();
  assert.ok(await back.getByRole('link', { name: 'Sign in without a password' }).isVisible());
});
