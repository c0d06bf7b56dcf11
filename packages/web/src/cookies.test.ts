import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Context, Hono } from 'hono';
import { type CookiePolicy, createCookie, createSessionCookie } from './cookies.ts';

const policy = (secure: boolean): CookiePolicy => ({ name: 'landbridge', sameSite: 'Lax', isSecure: () => secure, maxAgeSeconds: 60 });

async function run(work: (c: Context) => string | undefined, cookie?: string) {
  const app = new Hono().get('/', (c) => c.text(work(c) ?? '(none)'));
  const response = await app.request('/', cookie === undefined ? {} : { headers: { Cookie: cookie } });
  return { text: await response.text(), set: response.headers.getSetCookie() };
}
const written = async (secure: boolean) => (await run((c) => void createCookie(policy(secure)).write(c, 'v'))).set;
const read = async (secure: boolean, cookie?: string) => (await run((c) => createCookie(policy(secure)).read(c), cookie)).text;

describe('a cookie', () => {
  it('is for this host and HTTPS only, and hidden from scripts', async () => {
    assert.deepEqual(await written(true), ['__Host-landbridge=v; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax']);
  });
  it('has neither prefix nor Secure without HTTPS', async () => {
    assert.deepEqual(await written(false), ['landbridge=v; Max-Age=60; Path=/; HttpOnly; SameSite=Lax']);
  });
  it('is cleared at once', async () => {
    assert.match((await run((c) => void createCookie(policy(true)).clear(c))).set.join(), /^__Host-landbridge=; Max-Age=0;/);
  });

  const rows: [string, boolean, string | undefined, string][] = [
    ['is found among others', true, 'a=b; __Host-landbridge=v; c=d', 'v'],
    ['is found without HTTPS', false, 'landbridge=v', 'v'],
    ['is not found if there is none', true, undefined, '(none)'],
    ['is not found in an empty header', true, '', '(none)'],
    ['is ignored over HTTPS without the prefix', true, 'landbridge=v', '(none)'],
    ['is ignored if the prefix is in lower case', true, '__host-landbridge=v', '(none)'],
    ['is ignored if its name only ends like ours', true, 'x__Host-landbridge=v', '(none)'],
    ['is ignored if there are two of them', true, '__Host-landbridge=v; __Host-landbridge=w', '(none)'],
    ['is ignored if there are two of them without HTTPS', false, 'landbridge=v; landbridge=v', '(none)'],
  ];
  for (const [name, secure, header, expected] of rows) it(name, async () => assert.equal(await read(secure, header), expected));
});

describe('the token of a form before there is a session', () => {
  const visitor = { ...policy(false), name: 'visitor' };
  const cookie = createSessionCookie({ session: policy(false), visitor });
  it('stays the same for one browser, and differs for another', async () => {
    const first = await run(cookie.formToken);
    const sent = first.set[0]?.split(';')[0] ?? '';
    assert.match(sent, /^visitor=/);
    const second = await run(cookie.formToken, sent);
    assert.deepEqual([second.text, second.set], [first.text, []]);
    assert.notEqual((await run(cookie.formToken)).text, first.text);
    assert.doesNotMatch(first.text, new RegExp(sent.slice('visitor='.length)));
  });
});
