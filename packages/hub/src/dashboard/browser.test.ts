import assert from 'node:assert/strict';
import { test } from 'node:test';
import { examinePage, launchChromium, whyNoChromium } from '@landbridge/lab';
import { TOTP } from 'otpauth';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { askForCode } from '../../test/code-connector.ts';
import { connect, makeIdentity, provision } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { CLIENT_ID, startOpenIdProvider } from '../../test/openid-provider.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { firstAdministratorLink, inviteAdministrator } from '../administrators/administrators.ts';

const skip = whyNoChromium();

function codeOf(key: string, stepsAhead = 0): string {
  return new TOTP({ secret: key.replace(/\s/g, '') }).generate({ timestamp: Date.now() + stepsAhead * 30_000 });
}

test('every page works, from the first start to an online connection, a tried sign-in and a revoked connector', { skip }, async (t) => {
  const { hub, store, api } = await startHubForTest(t, { HEARTBEAT_INTERVAL_MS: '200' });
  const browser = await launchChromium();
  t.after(() => browser.close());
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // Chromium logs the status of a rejected form.
    if (['error', 'warning'].includes(message.type()) && !/status of 40[03]/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  const main = page.getByRole('main');

  // The first administrator.
  const link = await firstAdministratorLink(operatorForTest(store), hub.publicUrl);
  assert.ok(link);
  await page.goto(link);
  await examinePage(page, '01-invitation');
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByLabel('Repeat the password').fill('short');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'must have 12' }).waitFor();
  await page.getByLabel('Password', { exact: true }).fill('password1234');
  await page.getByLabel('Repeat the password').fill('password1234');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'too easy to guess' }).waitFor();
  await page.getByLabel('Password', { exact: true }).fill('eleven blue horses');
  await page.getByLabel('Repeat the password').fill('eleven blue horses');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Set up a second factor' }).waitFor();
  await examinePage(page, '02-second-factor');
  const key = (await page.locator('.key code').textContent()) ?? '';
  await page.getByRole('textbox', { name: 'Code' }).fill('000000');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('alert').filter({ hasText: 'The code is wrong' }).waitFor();
  assert.equal(await page.locator('.key code').textContent(), key);
  await page.getByRole('textbox', { name: 'Code' }).fill(codeOf(key));
  await page.getByRole('button', { name: 'Confirm' }).click();
  const recoveryCode = ((await page.getByRole('region', { name: 'Recovery codes' }).textContent()) ?? '').split('\n')[0] ?? '';
  await examinePage(page, '03-first-overview');

  // A connection, by keyboard.
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to content');
  await page.getByRole('link', { name: 'New connection' }).press('Enter');
  await page.getByLabel('Name').waitFor();
  await examinePage(page, '04-new-connection');
  await page.keyboard.type('no good');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Name').fill('corp');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'corp', level: 1 }).waitFor();
  const ticket = (await page.getByRole('region', { name: 'Ticket only' }).textContent()) ?? '';
  assert.match(
    (await page.getByRole('region', { name: 'Linux and macOS' }).textContent()) ?? '',
    new RegExp(`PROVISIONING_TICKET='${ticket}'`),
  );
  await main.getByText('No connector yet', { exact: true }).waitFor();
  await examinePage(page, '05-ticket');
  await page.reload();
  assert.equal(await page.getByText(ticket).count(), 0, 'the ticket is shown once');

  // A connector, which the page shows without a reload.
  const INSTANCE = { id: 'instance-one', hostName: 'dc-01', version: '0.0.9' };
  const provisioned = await provision(ticket, makeIdentity(), { instance: INSTANCE });
  const connector = await connect(provisioned, { capabilities: ['steps'], instance: INSTANCE });
  connector.answerAll(({ claims }) =>
    claims.password === 'right'
      ? {
          profile: { id: '1', displayName: 'Anna <img src=x onerror=alert(1)>', mail: 'anna@fabrikam.com', groups: ['Staff', 'VPN users'] },
          steps: [
            { name: 'find', ms: 1.2, outcome: 'found' },
            { name: 'bind', ms: 3.4, outcome: 'ok' },
            { name: 'groups', ms: 0.4, outcome: '2 groups' },
          ],
        }
      : { err: { name: 'AccountLocked', message: 'Account locked' }, profile: {} },
  );
  await page.locator('#health .dot.on').waitFor();
  await page
    .getByRole('row', { name: /^dc-01/ })
    .getByText('newest: ')
    .waitFor();

  // A connector that shows a code.
  const attempt = await askForCode(hub.url, makeIdentity(), { hostName: 'dc-02' });
  assert.ok(typeof attempt !== 'string');
  await attempt.poll();
  await page.getByRole('link', { name: 'Add a connector' }).click();
  await page.getByRole('link', { name: 'Enrol it by the code' }).click();
  await page.getByLabel('Code', { exact: true }).fill('BCDF');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'No connector is waiting with this code' }).waitFor();
  await examinePage(page, '05-code');
  await page.getByLabel('Code', { exact: true }).fill(attempt.userCode);
  await page.keyboard.press('Enter');
  await page.getByText(attempt.comparison).waitFor();
  assert.equal(await page.getByLabel('Connection', { exact: true }).inputValue(), '');
  await examinePage(page, '05-code-approval');
  await page.getByRole('button', { name: /^Deny/ }).click();
  await page.getByText('Connector denied').waitFor();
  await page.getByRole('link', { name: 'corp', exact: true }).click();

  // Settings.
  await page.getByLabel('Display name').fill('Fabrikam <script>alert(1)</script>');
  await page.getByLabel('IP ranges').fill('10.0.0.0/8\nnonsense');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').filter({ hasText: 'IP ranges' }).waitFor();
  await page.getByText('Must be an address or a range such as 10.0.0.0/8').waitFor();
  await examinePage(page, '05-settings-rejected');
  assert.match(await page.getByLabel('IP ranges').inputValue(), /nonsense/);
  await page.getByLabel('IP ranges').fill('10.0.0.0/8, 2001:db8::/32');
  await page.getByLabel('E-mail domains').fill('fabrikam.com');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Settings saved.').waitFor();

  // Disabling asks first.
  await page.getByRole('link', { name: 'Disable' }).click();
  await page.getByText('Its users can no longer sign in until you enable it again.').waitFor();
  await examinePage(page, '05-disable');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.getByRole('link', { name: 'Disable' }).click();
  await page.getByRole('button', { name: 'Disable' }).click();
  await page.getByText('Connection disabled.').waitFor();
  await page.getByRole('button', { name: 'Enable' }).click();
  await page.getByText('Connection enabled.').waitFor();

  // Try.
  await page.getByRole('link', { name: 'Try a sign-in' }).click();
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill('right');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Signed in as Anna <img' }).waitFor();
  assert.deepEqual(await page.locator('.trace tbody th').allTextContents(), ['Guard', 'Signature', 'Connector', 'find', 'bind', 'groups']);
  await examinePage(page, '06-try');
  await page.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'The account is locked' }).waitFor();
  await examinePage(page, '07-try-refused');
  for (let n = 0; n < 5; n++) await api('/connections/corp/login', { username: `user${n}`, password: 'right' });
  // A connection without a connector.
  await api('/connections', { name: 'branch' });
  await api('/connections/branch/login', { username: 'anna', password: 'right' });

  await page.goto(`${hub.publicUrl}/dashboard`);
  await page.getByRole('row', { name: /^corp/ }).getByText('Healthy').waitFor();
  await page
    .getByRole('row', { name: /^branch/ })
    .getByText('No connector yet')
    .waitFor();
  await examinePage(page, '08-overview');
  await page.getByRole('link', { name: 'corp', exact: true }).click();
  await page.getByRole('heading', { name: 'corp', level: 1 }).waitFor();
  await examinePage(page, '09-connection');

  // Another connector and another sign-in address, which wait for a decision.
  await page.getByRole('link', { name: 'Add a connector' }).click();
  await examinePage(page, '09-add-connector');
  await page.getByRole('button', { name: 'Issue a ticket' }).click();
  await page.getByText('Ticket issued.').waitFor();
  assert.notEqual(await page.getByRole('region', { name: 'Ticket only' }).textContent(), ticket);
  await page.reload();
  await provision(ticket, makeIdentity(), { instance: { id: 'instance-two', hostName: 'dc-02', version: '0.0.9' } });
  await provision(ticket, provisioned.identity, { signInEndpoint: 'https://dc-01.fabrikam.com/wsfed' });
  await page
    .getByRole('row', { name: /^dc-02/ })
    .getByText('Pending approval')
    .waitFor();
  await page.getByRole('alert').filter({ hasText: 'https://dc-01.fabrikam.com/wsfed' }).waitFor();
  await examinePage(page, '09-pending');
  await page.getByRole('link', { name: /^Confirm/ }).click();
  await examinePage(page, '09-confirm-address');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('New sign-in address confirmed.').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  await page.getByRole('link', { name: /^Approve dc-02/ }).click();
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('Connector approved.').waitFor();

  // Revoked: its socket ends.
  await page.getByRole('link', { name: /^Revoke dc-01/ }).click();
  await examinePage(page, '10-revoke');
  await page.getByRole('button', { name: 'Revoke connector' }).click();
  await page.getByText('Connector revoked.').waitFor();
  await connector.closed;
  await page.getByRole('row', { name: /dc-01/ }).getByText('Revoked', { exact: true }).waitFor();
  await examinePage(page, '11-revoked');

  // Applications.
  const navigation = page.getByRole('navigation', { name: 'Dashboard' });
  await navigation.getByRole('link', { name: 'Applications' }).click();
  await page.getByRole('link', { name: 'New application' }).click();
  await examinePage(page, '12-new-application');
  await page.getByLabel('Name').fill('Billing');
  await page.getByLabel('Redirect URIs', { exact: true }).fill('https://billing.example/callback');
  await page.getByRole('button', { name: 'Create' }).click();
  assert.match((await page.getByRole('region', { name: 'Client secret' }).textContent()) ?? '', /^lbs_/);
  assert.match((await page.getByRole('region', { name: 'Issuer' }).textContent()) ?? '', /\/oidc$/);
  await page.getByText('Apache (mod_auth_openidc)').click();
  await examinePage(page, '13-application');
  await page.getByRole('link', { name: 'New secret' }).click();
  await page.getByRole('button', { name: 'Create new secret' }).click();
  assert.match((await page.getByRole('region', { name: 'Client secret' }).textContent()) ?? '', /^lbs_/);
  await page.getByRole('link', { name: 'Change' }).click();
  await page.getByLabel('groups').check();
  await examinePage(page, '13-change-application');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('openid, profile, email, groups', { exact: true }).waitFor();
  await navigation.getByRole('link', { name: 'Applications' }).click();
  await examinePage(page, '14-applications');

  await navigation.getByRole('link', { name: 'API keys' }).click();
  await page.getByRole('link', { name: 'New API key' }).click();
  await examinePage(page, '15-new-api-key');
  assert.deepEqual([await page.getByLabel('sign-in').isChecked(), await page.getByLabel('search').isChecked()], [true, false]);
  await page.getByLabel('Name').fill('billing');
  await page.getByLabel('Addresses').fill('127.0.0.1\n10.0.0.0/8');
  await page.keyboard.press('Tab');
  await page.getByRole('button', { name: 'Create key' }).click();
  assert.match((await page.getByRole('region', { name: 'API key', exact: true }).textContent()) ?? '', /^lbk_/);
  await examinePage(page, '15-api-keys');
  await page.getByRole('link', { name: 'billing', exact: true }).click();
  await examinePage(page, '15-change-api-key');
  await page.getByLabel('search').check();
  await page.getByLabel('corp', { exact: true }).check();
  await page.getByLabel('Addresses').fill('10.0.0.0/33');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('"10.0.0.0/33" is not one').waitFor();
  await examinePage(page, '15-change-refused');
  await page.getByLabel('Addresses').fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('API key changed.').waitFor();
  const changed = (await store.apiKeys()).find(({ name }) => name === 'billing');
  assert.deepEqual([changed?.scopes, changed?.connectionIds?.length, changed?.addresses], [['sign-in', 'search'], 1, []]);

  await navigation.getByRole('link', { name: 'Signing keys' }).click();
  await page.getByRole('link', { name: 'Rotate' }).click();
  await page.getByRole('button', { name: 'Rotate' }).click();
  await page.getByText('Next', { exact: true }).first().waitFor();
  await examinePage(page, '16-signing-keys');

  await navigation.getByRole('link', { name: 'Audit log' }).click();
  await examinePage(page, '17-audit');
  await page.getByLabel('Action', { exact: true }).selectOption('connector.revoke');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.waitForURL(/action=connector\.revoke/);
  assert.equal(await page.locator('tbody tr').count(), 1);
  assert.match((await page.locator('tbody tr').textContent()) ?? '', /administrator:admin/);

  await navigation.getByRole('link', { name: 'Administrators' }).click();
  await page.getByLabel('Name').fill('ben fabrikam');
  await page.keyboard.press('Enter');
  await page.getByText('Must have 1 to 64 letters').waitFor();
  assert.equal(await page.getByLabel('Name').inputValue(), 'ben fabrikam');
  await examinePage(page, '18-invitation-rejected');
  await page.getByLabel('Name').fill('ben@fabrikam.com');
  await page.keyboard.press('Enter');
  await page.getByText('ben@fabrikam.com invited.').waitFor();
  await examinePage(page, '18-administrators');
  await page.getByRole('link', { name: 'Role ben@fabrikam.com' }).click();
  await page.getByLabel('Role').selectOption('read-only');
  await examinePage(page, '18-role');
  await page.getByRole('button', { name: 'Change role' }).click();
  await page.getByText('ben@fabrikam.com now has the role “read-only”.').waitFor();

  await page
    .getByRole('link', { name: /^Your account/ })
    .first()
    .click();
  await page.getByRole('heading', { name: 'Sessions' }).waitFor();
  await page.getByLabel('Current password').fill('wrong');
  await page.getByLabel('New password', { exact: true }).fill('twelve blue horses');
  await page.getByLabel('Repeat the new password').fill('twelve blue horses');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByRole('alert').filter({ hasText: 'The current password is wrong.' }).waitFor();
  await examinePage(page, '19-account');
  await page.getByRole('button', { name: 'Replace the app' }).click();
  await examinePage(page, '20-another-app');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Name').waitFor();
  await examinePage(page, '21-sign-in');
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill('eleven blue horses');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Code' }).waitFor();
  await examinePage(page, '22-code');
  await page.getByRole('textbox', { name: 'Code' }).fill(codeOf(key, 1));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  // A critical action some time after the sign-in.
  const [self] = await store.sessions((await store.administratorByName('admin'))?.id ?? '');
  await store.confirmSession(self?.id ?? '', new Date(Date.now() - 3_600_000));
  await page.goto(`${hub.publicUrl}/dashboard/api-keys/new`);
  await page.getByLabel('Name').fill('typed once');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
  await examinePage(page, '23-confirm');
  await page.getByLabel('Password').fill('wrong');
  await page.getByLabel('Code').fill('000000');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'Wrong name or password' }).waitFor();
  await page.getByLabel('Password').fill('eleven blue horses');
  // A recovery code, because the next code of the app is half a minute away.
  await page.getByLabel('Code').fill(recoveryCode);
  await page.keyboard.press('Enter');
  await page.getByText('API key for typed once created').waitFor();

  // Another role.
  const { cookie } = await signedInBrowser(store, 'rita', { role: 'read-only' });
  const [cookieName = '', value = ''] = cookie.split('=');
  await context.addCookies([{ name: cookieName, value, url: hub.publicUrl }]);
  await page.goto(`${hub.publicUrl}/dashboard/connections/corp`);
  await page.getByText('Your role may not change settings.').waitFor();
  assert.deepEqual(await page.locator('header, main').getByRole('button').allTextContents(), ['Sign out']);
  await examinePage(page, '24-read-only-connection');
  await page.goto(`${hub.publicUrl}/dashboard/administrators`);
  await examinePage(page, '25-read-only-administrators');
  await page.goto(`${hub.publicUrl}/dashboard/new-connection`);
  await page.getByText('Your role “read-only” may not create connections.').waitFor();
  await examinePage(page, '26-not-permitted');
  assert.deepEqual(complaints, []);
});

test('a passkey can be added, and then signs in without a password', { skip }, async (t) => {
  const { hub, store } = await startHubForTest(t);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(30_000);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto((await firstAdministratorLink(operatorForTest(store), hub.publicUrl)) ?? '');
  await page.getByLabel('Password', { exact: true }).fill('eleven blue horses');
  await page.getByLabel('Repeat the password').fill('eleven blue horses');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByRole('region', { name: 'Recovery codes' }).waitFor();
  const [administrator] = await store.administrators();
  assert.equal(administrator?.totpSecret, undefined);

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  // As a second factor, after the password.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Name').fill('admin');
  await page.getByLabel('Password').fill('eleven blue horses');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  // The only second factor cannot be removed.
  await page.goto(`${hub.publicUrl}/dashboard/account`);
  assert.equal(await page.getByRole('link', { name: /^Remove/ }).count(), 0);
});

test('administrators accept an invitation, sign in and confirm actions with an OpenID provider', { skip }, async (t) => {
  const provider = await startOpenIdProvider(t);
  const { hub, store } = await startHubForTest(t, {
    ADMIN_OIDC_ISSUER: provider.issuer,
    ADMIN_OIDC_CLIENT_ID: CLIENT_ID,
    ADMIN_OIDC_CLIENT_SECRET_FILE: provider.secretFile,
  });
  provider.serve(`${hub.publicUrl}/dashboard/provider/callback`);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(30_000);
  const { host } = new URL(provider.issuer);
  const signInThere = async () => {
    await page.getByLabel('Who').fill('7f3a');
    await page.getByRole('button', { name: 'Go' }).click();
  };

  await page.goto(await inviteAdministrator(operatorForTest(store), hub.publicUrl, 'ben', 'owner'));
  await examinePage(page, '30-invitation-with-provider');
  await page.getByRole('link', { name: `Accept with ${host}` }).click();
  await signInThere();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.goto(`${hub.publicUrl}/dashboard/account`);
  await examinePage(page, '31-account-with-provider');

  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByRole('link', { name: `Sign in with ${host}` }).waitFor();
  await examinePage(page, '32-sign-in-with-provider');
  await page.getByRole('link', { name: `Sign in with ${host}` }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();

  await page.goto(`${hub.publicUrl}/dashboard/administrators`);
  await page.getByLabel('Name').fill('carla');
  await examinePage(page, '33-administrators-with-provider');
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
  await examinePage(page, '34-confirm-with-provider');
  await page.getByRole('link', { name: `Confirm with ${host}` }).click();
  await signInThere();
  await page.getByRole('heading', { name: 'Confirmed' }).waitFor();
  await examinePage(page, '35-confirmed');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('carla invited.').waitFor();

  const { cookie } = await signedInBrowser(store, 'anna');
  await page.context().addCookies([{ name: 'landbridge-session', value: cookie.split('=')[1] ?? '', url: hub.publicUrl }]);
  await page.goto(`${hub.publicUrl}/dashboard/account`);
  await page.getByRole('button', { name: `Sign in with ${host}` }).click();
  await examinePage(page, '36-bind-provider');
  await page.getByRole('link', { name: `Continue to ${host}` }).click();
  await signInThere();
  await page.getByText('This user of the provider belongs to another administrator').waitFor();
  await examinePage(page, '37-taken');
});
