/** Headers of all pages that can be reached. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { newTryLink } from '../src/try/access.ts';
import { signedInBrowser } from './administrators-for-test.ts';
import { createApplication } from './application.ts';
import { startHubForTest } from './hub-under-test.ts';

interface Seen {
  url: string;
  status: number;
  headers: Headers;
  text: string;
}

/** Opens the start pages, and every page of the hub they link to. */
async function crawl(origin: string, starts: readonly string[], cookie: string): Promise<Seen[]> {
  const waiting = [...starts];
  const known = new Set(waiting);
  const seen: Seen[] = [];
  for (let url = waiting.shift(); url !== undefined && seen.length < 200; url = waiting.shift()) {
    const response = await fetch(url, { redirect: 'manual', headers: { Accept: 'text/html', Cookie: cookie } });
    const text = await response.text();
    seen.push({ url, status: response.status, headers: response.headers, text });
    const links = [...text.matchAll(/\b(?:href|src|action)="([^"]+)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&'));
    for (const link of [...links, response.headers.get('Location') ?? '']) {
      const next = new URL(link, url).href;
      if (new URL(next).origin !== origin || known.has(next)) continue;
      known.add(next);
      waiting.push(next);
    }
  }
  return seen;
}

function assertSafePage({ url, headers, text }: Seen): void {
  const policy = headers.get('Content-Security-Policy') ?? '';
  for (const part of [/default-src 'none'/, /frame-ancestors 'none'/, /base-uri 'none'/]) assert.match(policy, part, url);
  // Inline images, such as a QR code, are harmless.
  assert.doesNotMatch(policy.replace(/img-src [^;]*;/, ''), /unsafe|\*|data:|https?:/, url);
  assert.equal(headers.get('X-Content-Type-Options'), 'nosniff', url);
  assert.equal(headers.get('X-Frame-Options'), 'DENY', url);
  assert.match(headers.get('Referrer-Policy') ?? '', /^(same-origin|no-referrer)$/, url);
  assert.match(headers.get('Cache-Control') ?? '', /no-store/, url);
  assert.doesNotMatch(text, /<[^>]+\son\w+\s*=/i, `${url} has an event handler`);
  assert.doesNotMatch(text, /<[^>]+\sstyle=/i, `${url} has a style attribute`);
  assert.doesNotMatch(text, /href="\s*javascript:/i, url);
  for (const [, inside = ''] of text.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/gi)) {
    // The OpenID provider has one, which its policy allows by hash.
    const hash = `'sha256-${createHash('sha256').update(inside).digest('base64')}'`;
    assert.ok(inside.trim() === '' || (url.includes('/oidc/') && policy.includes(hash)), `${url} has an inline script`);
  }
  for (const [, source = ''] of text.matchAll(/<(?:script|img|link|iframe)\b[^>]*\s(?:src|href)="([^"]*)"/gi)) {
    assert.match(source, /^(\/(?!\/)|data:)/, `${url} loads from elsewhere`);
  }
}

test('every page has the security headers and no inline script', async (t) => {
  const under = await startHubForTest(t);
  await under.createConnection();
  const application = await createApplication(under);
  const { url } = under.hub;
  const starts = ['/', '/dashboard', '/dashboard/none', '/try/corp', '/login/none', '/oidc/authorize', '/oidc/logout', '/oidc/none'];
  const all = [
    ...starts.map((path) => `${url}${path}`),
    (await application.begin()).url.replace(under.hub.publicUrl, url),
    await newTryLink(under.store, url, 'corp'),
  ];
  const asStranger = await crawl(url, all, '');
  const asAdministrator = await crawl(url, [`${url}/dashboard`], (await signedInBrowser(under.store, 'ada')).cookie);
  const pages = [...asStranger, ...asAdministrator].filter(({ headers }) => headers.get('Content-Type')?.startsWith('text/html'));
  assert.ok(pages.length >= 12, `only ${pages.map((page) => page.url).join(' ')}`);
  assert.ok(asAdministrator.filter(({ status, url }) => status === 200 && url.includes('/dashboard')).length >= 6, 'not signed in');
  for (const page of pages) assertSafePage(page);
  for (const { url, status, headers, text } of [...asStranger, ...asAdministrator]) {
    assert.ok(status < 500, `${url}: ${status} ${text}`);
    assert.equal(headers.get('X-Content-Type-Options'), 'nosniff', url);
    assert.equal(headers.get('X-Powered-By'), null, url);
    assert.equal(headers.get('Server'), null, url);
    assert.match(headers.get('X-Request-Id') ?? '', /^[0-9a-f-]{36}$/, url);
  }
});

test('personal responses are not cached', async (t) => {
  const under = await startHubForTest(t);
  await under.createConnection();
  for (const path of [
    '/api/connections',
    '/api/connections/corp',
    '/api/nothing',
    '/metrics',
    '/readyz',
    '/dashboard',
    '/try/corp',
    '/login/x',
  ]) {
    await t.test(path, async () => {
      const response = await fetch(`${under.hub.url}${path}`, { redirect: 'manual', headers: { Authorization: `Bearer ${under.apiKey}` } });
      await response.text();
      if (response.status !== 302 && response.status !== 303) assert.match(response.headers.get('Cache-Control') ?? '', /no-store/, path);
    });
  }
  const refused = await fetch(`${under.hub.url}/api/connections`);
  assert.match(refused.headers.get('Cache-Control') ?? '', /no-store/);
});

test('no other site may read a response', async (t) => {
  const under = await startHubForTest(t);
  const ticket = await under.createConnection();
  const origins = ['https://evil.example', 'null', under.hub.publicUrl];
  for (const path of [
    '/api/connections',
    '/try/corp',
    '/login/x',
    '/dashboard',
    '/metrics',
    '/readyz',
    '/healthz',
    `${new URL(ticket).pathname}/info`,
  ]) {
    await t.test(path, async () => {
      for (const origin of origins) {
        for (const method of ['GET', 'OPTIONS']) {
          const response = await fetch(`${under.hub.url}${path}`, {
            method,
            redirect: 'manual',
            headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' },
          });
          await response.text();
          for (const [name] of response.headers) assert.ok(!name.startsWith('access-control-'), `${method} ${path} for ${origin}: ${name}`);
        }
      }
    });
  }
});

test('cookies are HttpOnly, SameSite and Secure', async (t) => {
  const under = await startHubForTest(t, { PUBLIC_URL: 'https://hub.example', TRUSTED_PROXIES: '127.0.0.1' });
  await under.createConnection();
  const { url } = under.hub;
  const tryLink = await newTryLink(under.store, url, 'corp');
  const query = 'response_type=code&scope=openid&redirect_uri=https://app.example/callback&code_challenge_method=S256';
  const { createClient } = await import('../src/oidc/clients.ts');
  const { operatorForTest } = await import('./operator-for-test.ts');
  const { client } = await createClient(operatorForTest(under.store), { name: 'Billing', redirectUris: ['https://app.example/callback'] });
  const authorize = `${url}/oidc/authorize?client_id=${client.id}&${query}&code_challenge=${'x'.repeat(43)}`;
  const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.7' };
  for (const page of [tryLink, authorize, `${url}/dashboard/sign-in`]) {
    const response = await fetch(page, { redirect: 'manual', headers });
    await response.text();
    const cookies = response.headers.getSetCookie().filter((cookie) => !/expires=Thu, 01 Jan 1970/i.test(cookie));
    assert.ok(cookies.length > 0, `${page} set none: ${response.status}`);
    for (const cookie of cookies) {
      for (const flag of [/; *httponly/i, /; *secure/i, /; *samesite=(lax|strict)/i]) assert.match(cookie, flag, page);
      assert.doesNotMatch(cookie, /; *domain=/i, page);
    }
    assert.equal(response.headers.get('Strict-Transport-Security'), 'max-age=31536000', page);
  }
});
