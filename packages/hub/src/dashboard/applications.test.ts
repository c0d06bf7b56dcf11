import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

test('the options of an application are set in the form, and an option that weakens a defence shows its warning while it is on', async (t) => {
  const { hub, store } = await startHubForTest(t);
  const { browser, formToken } = await signedInBrowser(store, 'olga');
  const post = (path: string, fields: Record<string, string>) =>
    browser.open(`${hub.publicUrl}/dashboard${path}`, {
      method: 'POST',
      body: new URLSearchParams({
        token: formToken,
        name: 'Wiki',
        redirectUris: 'https://wiki.example/cb',
        'all-connections': 'on',
        ...fields,
      }),
      headers: { Origin: hub.publicUrl },
    });
  const apis = 'https://api.example read write\nurn:example:reports';
  await post('/clients/new', { allowMissingPkce: 'on', apis, corsOrigins: 'https://wiki.example' });
  const [client] = await store.oidcClients();
  assert.deepEqual(client?.options, {
    allowMissingPkce: true,
    deviceFlow: false,
    introspectOthers: false,
    corsOrigins: ['https://wiki.example'],
    apis: apis.split('\n'),
    backchannelLogoutUri: '',
  });
  const shown = async () => (await browser.open(`${hub.publicUrl}/dashboard/clients/${client?.id}`)).text;
  assert.match(await shown(), /Sign-ins without PKCE are allowed/);
  const refused = await post(`/clients/${client?.id}/change`, { allowMissingPkce: 'on', apis: 'nonsense' });
  assert.equal(refused.status, 400);
  assert.match(refused.text, /id="apis-problem"/);
  await post(`/clients/${client?.id}/change`, { apis });
  assert.doesNotMatch(await shown(), /Sign-ins without PKCE are allowed/);
  assert.deepEqual((await store.oidcClients())[0]?.options.apis, apis.split('\n'));
});
