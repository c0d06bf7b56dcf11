/** Applications with third-party OpenID Connect clients, in a browser without scripts, with both programs and a directory. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { type DirectoryServer, startDirectory } from '@landbridge/directory';
import { createCertificateAuthority, freePort, launchChromium, whyNoChromium } from '@landbridge/lab';
import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { type HubProgram, type Program, startConnector, startHub } from './programs.ts';
import { startProxy, whyNoProxy } from './proxies.ts';
import { NPM_CLIENTS, type NpmClient, newOrigin, startNpmClient, whyNoNpmClients } from './third-party-clients.ts';

const CONNECTION = 'fabrikam';
const ALICE = { username: 'alice', password: 'Passw0rd!' };

/** Where each library expects its answer. */
const CALLBACKS: Record<NpmClient, string> = {
  'express-openid-connect': '/callback',
  'passport-openidconnect': '/callback',
  'auth-js': '/auth/callback/landbridge',
};
const SETTINGS: Record<NpmClient, object> = {
  'express-openid-connect': {},
  'passport-openidconnect': { allowMissingPkce: true },
  'auth-js': {},
};

/** What an application's pages show of the user and the tokens. */
const claims = z.looseObject({
  sub: z.string(),
  preferred_username: z.string(),
  name: z.string(),
  email: z.string(),
  groups: z.array(z.string()),
});
const state = z.object({ claims, userinfo: claims, before: z.string().optional(), after: z.string().optional() });

describe('an application', { skip: whyNoChromium() }, () => {
  let directory: DirectoryServer;
  let hub: HubProgram;
  let connector: Program;
  let browser: Browser;

  before(async () => {
    [directory, hub, browser] = await Promise.all([startDirectory(), startHub(), launchChromium()]);
    connector = await startConnector({
      LDAP_URL: directory.url,
      LDAP_BASE: directory.baseDn,
      LDAP_BIND_USER: directory.serviceAccount.dn,
      LDAP_BIND_PASSWORD: directory.serviceAccount.password,
      PROVISIONING_TICKET: await hub.createConnection(CONNECTION),
    });
    await hub.untilConnectors(CONNECTION, 1);
  });

  after(async () => {
    await browser?.close();
    for (const part of [connector, hub]) await part?.[Symbol.asyncDispose]();
    await directory?.stop();
  });

  for (const name of NPM_CLIENTS) {
    test(`with ${name} signs a user in with groups, refreshes, and signs the user out of the hub`, {
      skip: whyNoNpmClients(),
    }, async () => {
      const origin = await newOrigin();
      const client = await hub.createClient(CONNECTION, `${origin}${CALLBACKS[name]}`, {
        postLogoutRedirectUris: [`${origin}/goodbye`],
        refreshTokens: true,
        ...SETTINGS[name],
      });
      await using application = await startNpmClient(name, { origin, issuer: issuerOf(hub), client });
      const context = await browser.newContext({ javaScriptEnabled: false });
      const page = await context.newPage();
      try {
        await openApplication(page, origin);
        await enterPassword(page, ALICE);
        const first = await readState(page);
        for (const each of [first.claims, first.userinfo]) {
          assert.deepEqual([each.preferred_username, each.name, each.email], ['alice', 'Alice Adams', 'alice@fabrikam.local']);
          assert.ok(
            ['nest-1', 'nest-4', 'circle-a'].every((group) => each.groups.includes(group)),
            JSON.stringify(each.groups),
          );
        }

        await page.goto(`${origin}/refresh`);
        const refreshed = await readState(page);
        assert.ok(refreshed.before && refreshed.after && refreshed.before !== refreshed.after);
        assert.equal(refreshed.userinfo.sub, first.claims.sub);

        await page.goto(`${origin}/sign-out`);
        await page.getByRole('button', { name: 'Sign out', exact: true }).click();
        await page.getByRole('heading', { name: 'Goodbye' }).waitFor();
        assert.equal(page.url().split('?')[0], `${origin}/goodbye`);
        await openApplication(page, origin);
        await page.getByLabel('Password', { exact: true }).waitFor();
      } catch (error) {
        throw new Error(`at ${page.url()}: ${await page.content()}\n${await application.output()}`, { cause: error });
      } finally {
        await context.close();
      }
    });
  }

  test('behind Apache with mod_auth_openidc gets user and groups, and only members of a group reach it', {
    skip: whyNoProxy('apache'),
  }, async () => {
    const port = await freePort();
    const origin = `https://127.0.0.1:${port}`;
    const client = await hub.createClient(CONNECTION, `${origin}/callback`, {
      postLogoutRedirectUris: [`${origin}/goodbye`],
      refreshTokens: true,
    });
    await using backend = await startEcho();
    const authority = await createCertificateAuthority('Servers');
    await using _apache = await startProxy('apache', {
      example: { document: 'applications.md', section: 'Apache with mod_auth_openidc' },
      replacements: {
        'https://127.0.0.1/': `${origin}/`,
        'https://hub.example.com/oidc': issuerOf(hub),
        'CLIENT-ID': client.id,
        'CLIENT-SECRET': client.secret,
        'RANDOM-TEXT': 'a-secret-of-the-application-under-test',
        'groups:Staff': 'groups:nest-1',
        'http://127.0.0.1:3000': backend.origin,
      },
      front: {
        port,
        host: { example: 'wiki.example.com', own: '127.0.0.1' },
        certificate: await authority.issue({ commonName: '127.0.0.1', ips: ['127.0.0.1'] }),
      },
    });
    const forged = { 'X-Remote-User': 'bob', OIDC_CLAIM_email: 'bob@fabrikam.local' };
    const open = () => browser.newContext({ javaScriptEnabled: false, ignoreHTTPSErrors: true, extraHTTPHeaders: forged });
    {
      await using context = await open();
      const page = await context.newPage();
      await page.goto(`${origin}/page`);
      await enterPassword(page, ALICE);
      await page.waitForURL(`${origin}/page`);
      const headers = z.record(z.string(), z.string()).parse(JSON.parse(await bodyOf(page)));
      assert.deepEqual([headers['x-remote-user'], headers.oidc_claim_email], ['alice', 'alice@fabrikam.local']);
      assert.ok(headers.oidc_claim_groups?.split(',').includes('circle-a'), headers.oidc_claim_groups);

      const info = async () => {
        await page.goto(`${origin}/callback?info=json`);
        return z.object({ access_token: z.string(), id_token: claims, userinfo: claims }).parse(JSON.parse(await bodyOf(page)));
      };
      const first = await info();
      await page.goto(`${origin}/callback?${new URLSearchParams({ refresh: `${origin}/page`, access_token: first.access_token })}`);
      assert.equal(page.url(), `${origin}/page`);
      const refreshed = await info();
      assert.notEqual(refreshed.access_token, first.access_token);
      assert.equal(refreshed.userinfo.sub, first.id_token.sub);

      await page.goto(`${origin}/callback?${new URLSearchParams({ logout: `${origin}/goodbye` })}`);
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.waitForURL(`${origin}/goodbye**`);
      assert.ok(!(await bodyOf(page)).includes('alice'));
      await page.goto(`${origin}/page`);
      await page.getByLabel('Password', { exact: true }).waitFor();
    }
    await using context = await open();
    const page = await context.newPage();
    await page.goto(`${origin}/page`);
    await enterPassword(page, { ...ALICE, username: 'bob' });
    await page.waitForURL(`${origin}/**`);
    assert.match(await bodyOf(page), /Unauthorized|Forbidden/);
  });
});

/** The hub's own host name, which is another site than the application for a browser. */
function issuerOf(hub: HubProgram): string {
  return `${hub.url.replace('127.0.0.1', 'localhost')}/oidc`;
}

/** An application that answers with the headers of the request. */
async function startEcho(): Promise<AsyncDisposable & { origin: string }> {
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(page: Page): Promise<string> {
  return (await page.locator('body').textContent()) ?? '';
}

/** Auth.js shows a page with a button first. */
async function openApplication(page: Page, origin: string): Promise<void> {
  await page.goto(origin);
  const button = page.getByRole('button', { name: 'Sign in with Landbridge' });
  if (await button.isVisible()) await button.click();
}

async function enterPassword(page: Page, { username, password }: { username: string; password: string }): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

async function readState(page: Page) {
  return state.parse(JSON.parse((await page.locator('#state').textContent({ timeout: 20_000 })) ?? ''));
}
