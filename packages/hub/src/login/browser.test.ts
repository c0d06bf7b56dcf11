import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { examinePage, launchChromium, whyNoChromium } from '@landbridge/lab';
import { createApplication } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

const skip = whyNoChromium();

/** An application, which redirects users to another address as applications do. */
async function startApplicationServer(t: TestContext): Promise<{ origin: string; arrived: string[] }> {
  const arrived: string[] = [];
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    if (request.url?.startsWith('/callback')) {
      arrived.push(`http://127.0.0.1:${port}${request.url}`);
      response.writeHead(302, { Location: `http://localhost:${port}/home` }).end();
    } else response.end('<title>Welcome to the application</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrived };
}

test('a browser gets from the application through the login pages and back, with every error on the way', { skip }, async (t) => {
  const hub = await startHubForTest(t);
  let current = 'old password';
  const [corp, partners] = [
    await connect(await hub.provisioned(), { capabilities: ['changeOwnPassword'] }),
    await connect(await hub.provisioned('partners')),
  ];
  corp.answerAll(({ name, claims }) => {
    if (name === 'change_password') {
      if (claims.password === 'short') return { err: { name: 'PasswordComplexityError' }, profile: {} };
      current = String(claims.password);
      return { profile: { id: 'anna' } };
    }
    if (claims.username === 'locked') return { err: { name: 'AccountLocked' }, profile: {} };
    if (claims.password !== current) return { err: { name: 'WrongPassword' }, profile: {} };
    if (current === 'old password') return { err: { name: 'PasswordExpired' }, profile: { id: 'anna' } };
    return { profile: { id: 'anna', displayName: 'Anna', groups: ['Staff'] } };
  });
  partners.answerAll(() => ({ err: { name: 'PasswordChangeRequired' }, profile: {} }));
  const settings = { emailDomains: ['fabrikam.example'], listed: false, displayName: 'Fabrikam <script>document.title = "owned"</script>' };
  const links = {
    helpUrl: 'https://help.example/',
    privacyUrl: 'https://fabrikam.example/privacy',
    forgotPasswordUrl: 'https://reset.example/',
    accentColour: '#7a1f5c',
    accentColourDark: '#f0a6d6',
    footerText: 'Fabrikam Inc.',
  };
  await hub.api('/connections/corp', { ...settings, ...links }, 'PATCH');
  await hub.api('/connections/partners', { emailDomains: ['partners.example'], listed: false }, 'PATCH');
  const { origin, arrived } = await startApplicationServer(t);
  const application = await createApplication(hub, {
    name: 'Billing & <b>Invoices</b>',
    redirectUris: [`${origin}/callback`],
    postLogoutRedirectUris: [`${origin}/bye`],
  });

  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));

  /** Types into the focused field and submits with the Enter key. */
  const typeAtCursor = async (field: 'username' | 'password', text: string) => {
    // Focus moves with the first paint, which may be after the page has loaded.
    await page.waitForFunction(`document.activeElement?.id === '${field}'`);
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
  };

  const { url, checks } = await application.begin();
  await page.goto(url);
  await examinePage(page, 'who');
  await typeAtCursor('username', 'anna@nowhere.example');
  await page.getByRole('alert').waitFor();
  await examinePage(page, 'who-unknown');
  await page.getByLabel('E-mail address').fill('anna@Fabrikam.example');
  await page.keyboard.press('Enter');
  await page.getByText('Use your Fabrikam <script>').waitFor();
  await examinePage(page, 'password');

  // The name is filled in, so the password has the focus.
  await typeAtCursor('password', 'wrong');
  await page.getByText('The user name or the password is wrong.').waitFor();
  assert.match(await page.title(), /^Problem/);
  await examinePage(page, 'password-wrong');
  await page.getByLabel('User name').fill('locked');
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('Your account is locked').waitFor();
  await page.getByLabel('User name').fill('anna@fabrikam.example');
  await page.getByLabel('Password', { exact: true }).fill('old password');
  await page.keyboard.press('Enter');

  await page.getByRole('heading', { name: 'Choose a new password' }).waitFor();
  await examinePage(page, 'new-password');
  const change = async (chosen: string, again = chosen) => {
    await page.getByLabel('New password', { exact: true }).fill(chosen);
    await page.getByLabel('Repeat new password', { exact: true }).fill(again);
    await page.keyboard.press('Enter');
  };
  await change('new password', 'another');
  await page.getByText('The new passwords do not match.').waitFor();
  await change('short');
  await page.getByText('does not meet the rules').waitFor();
  await examinePage(page, 'new-password-refused');
  await change('new password');
  await page.waitForURL('**/home');
  assert.equal(await page.title(), 'Welcome to the application');
  const tokens = await application.finish(arrived[0] ?? '', checks);
  // Going back never asks to send a form again, and says that the sign-in is over.
  await page.goBack();
  await page.getByRole('heading', { name: 'This sign-in is over' }).waitFor();
  await page.getByText('You finished it already').waitFor();
  await examinePage(page, 'over-finished');
  await page.goBack();
  await page.getByText('You finished it already').waitFor();
  await page.getByRole('link', { name: 'Go to Billing' }).click();
  await page.waitForURL(`${origin}/`);
  assert.equal(tokens.claims()?.name, 'Anna');

  // The second sign-in needs no password; signing out asks for confirmation.
  await page.goto((await application.begin()).url);
  await page.waitForURL('**/home');
  await page.goto(`${hub.hub.publicUrl}/oidc/logout?client_id=${application.clientId}&post_logout_redirect_uri=${origin}/bye`);
  await examinePage(page, 'sign-out');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.waitForURL('**/bye');

  // With an ID token of the user, the application signs the user out without a question.
  await page.goto((await application.begin({ login_hint: 'anna@fabrikam.example' })).url);
  await typeAtCursor('password', 'new password');
  await page.waitForURL('**/home');
  const signOut = (hint: string) =>
    page.goto(
      `${hub.hub.publicUrl}/oidc/logout?${new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: `${origin}/bye` })}`,
    );
  await signOut(tokens.id_token ?? '');
  await page.waitForURL('**/bye');

  // The user is signed out; the provider's one script continues.
  await page.goto(`${hub.hub.publicUrl}/oidc/logout`);
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
  await examinePage(page, 'signed-out');

  // A connector that cannot change passwords: the page says whom to ask.
  await page.goto((await application.begin({ login_hint: 'ben@partners.example' })).url);
  await typeAtCursor('password', 'secret');
  await page.getByRole('heading', { name: 'cannot be changed here' }).waitFor();
  await examinePage(page, 'cannot-change');
  await page.getByRole('link', { name: 'Use another account' }).click();
  assert.equal(await page.getByLabel('E-mail address').inputValue(), '');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL('**/home');
  assert.match(arrived.at(-1) ?? '', /error=access_denied/);

  // Connections without an e-mail domain are offered by name.
  await hub.createConnection('suppliers');
  await hub.createConnection('visitors');
  await page.goto((await application.begin()).url);
  await typeAtCursor('username', 'carla');
  await page.getByText('Choose your organisation').waitFor();
  await examinePage(page, 'choice');
  await page.getByRole('button', { name: 'visitors' }).click();
  await page.getByText('Use your visitors account.').waitFor();

  await page.goto(`${hub.hub.publicUrl}/login/nothing`);
  await examinePage(page, 'gone');
  await page.goto(`${hub.hub.publicUrl}/oidc/authorize?client_id=unknown&redirect_uri=https://evil.example`);
  await examinePage(page, 'error');
  assert.deepEqual(
    complaints.filter((text) => !/status of 40[04]|favicon/.test(text)),
    [],
  );
});
