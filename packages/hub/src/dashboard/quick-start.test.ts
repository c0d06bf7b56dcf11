import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { createPlainBrowser } from '../../test/plain-browser.ts';
import { createClient } from '../oidc/clients.ts';
import { quickStartSnippets } from './quick-start.ts';

const REDIRECT_URI = 'https://app.example/callback';
const exports = z.object({ signInUrl: z.instanceof(URL), finish: z.custom<(url: URL) => Promise<unknown>>() });

test('the snippet for Node.js signs a user in, with a secret and as a public application', async (t) => {
  const under = await startHubForTest(t);
  const { hub, store } = under;
  const connector = await connect(await under.provisioned());
  connector.answerAll(() => ({ profile: { id: 'guid-1', displayName: 'Anna', mail: 'anna@fabrikam.com', sub: 'x' } }));
  for (const isPublic of [false, true]) {
    const { client, secret } = await createClient(operatorForTest(store), {
      name: 'Billing',
      redirectUris: [REDIRECT_URI],
      public: isPublic,
    });
    const [node] = quickStartSnippets(client, `${hub.publicUrl}/oidc`);
    assert.ok(node);
    // The test's hub has no TLS, which the library accepts only on request.
    const text = `process.env.CLIENT_SECRET = ${JSON.stringify(secret ?? '')};\n${node.text
      .replace(
        isPublic ? 'client.None(),' : 'process.env.CLIENT_SECRET,',
        (argument) => `${argument}${isPublic ? '' : ' undefined,'} { execute: [client.allowInsecureRequests] },`,
      )
      .replaceAll(/^const (config|signInUrl|finish)\b/gm, 'export const $1')}`;
    // Beside this file, where the library is found.
    const folder = mkdtempSync(join(import.meta.dirname, 'quick-start-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'snippet.mjs');
    writeFileSync(file, text);
    const { signInUrl, finish } = exports.parse(await import(pathToFileURL(file).href));
    const browser = createPlainBrowser();
    const login = await browser.follow(await browser.open(signInUrl.href));
    const end = await browser.follow(await browser.submit(login, new URL(login.url).pathname, { username: 'anna', password: 'right' }));
    const claims = z.object({ name: z.string(), email: z.string() }).parse(await finish(new URL(end.onward ?? '')));
    assert.deepEqual(claims, { name: 'Anna', email: 'anna@fabrikam.com' });
  }
});

const APACHE = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';

test('the snippet for Apache is valid', {
  skip: !existsSync(`${MODULES}/mod_auth_openidc.so`) && 'mod_auth_openidc is not installed',
}, async (t) => {
  const { hub, store } = await startHubForTest(t);
  const { client } = await createClient(operatorForTest(store), { name: 'Wiki', redirectUris: [REDIRECT_URI] });
  const snippet = quickStartSnippets(client, `${hub.publicUrl}/oidc`).find(({ title }) => title.startsWith('Apache'));
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-apache-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_openidc'];
  const file = join(folder, 'httpd.conf');
  writeFileSync(
    file,
    `ServerName localhost\nListen 127.0.0.1:1\nPidFile ${folder}/pid\nErrorLog ${folder}/log\n${modules
      .map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so\n`)
      .join('')}${snippet?.text ?? 'missing'}`,
  );
  const { status, stderr } = spawnSync(APACHE, ['-t', '-f', file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('an application’s page has its quick start, and a form that was rejected says at each field what is wrong', async (t) => {
  const { hub, store } = await startHubForTest(t);
  const { browser, formToken } = await signedInBrowser(store, 'olga');
  const post = (path: string, fields: Record<string, string>) =>
    browser.open(`${hub.publicUrl}/dashboard${path}`, {
      method: 'POST',
      body: new URLSearchParams({ token: formToken, 'all-connections': 'on', ...fields }),
      headers: { Origin: hub.publicUrl },
    });
  const wrong = {
    name: '',
    redirectUris: 'http://app.example/cb',
    corsOrigins: 'https://app.example/path',
    apis: 'nonsense',
    idTokenAlgorithm: 'ES256',
  };
  const refused = await post('/clients/new', wrong);
  assert.equal(refused.status, 400);
  for (const [name, problem] of Object.entries({
    name: 'Must have 1 to 100',
    redirectUris: 'Contains .*which uses http',
    corsOrigins: 'Contains .*is not an origin',
    apis: '.*is not an identifier',
  })) {
    assert.match(refused.text, new RegExp(`id="${name}"[^>]*aria-describedby="${name}-problem ${name}-hint" aria-invalid="true"`), name);
    assert.match(refused.text, new RegExp(`<p class="problem" id="${name}-problem">${problem}`), name);
    assert.match(refused.text, new RegExp(`<li><a href="#${name}">`), name);
  }
  assert.match(refused.text, /http:\/\/app\.example\/cb<\/textarea>/);
  assert.match(refused.text, /value="ES256" selected/);
  const created = await post('/clients/new', { name: 'Wiki', redirectUris: REDIRECT_URI, scope: 'profile', idTokenAlgorithm: 'ES256' });
  const page = await browser.follow(created);
  const [client] = await store.oidcClients();
  assert.equal(client?.idTokenAlgorithm, 'ES256');
  for (const { title } of quickStartSnippets(client, `${hub.publicUrl}/oidc`))
    assert.ok(page.text.includes(`<summary>${title}</summary>`), title);
  assert.match(page.text, new RegExp(`aria-label="Issuer" data-copy>${hub.publicUrl}/oidc<`));
});
