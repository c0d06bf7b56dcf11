/** Attacks on the console: by other sites, DNS rebinding, guessing, and uploads. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { zipSync } from 'fflate';
import { startCommand } from '../../test/command-line.ts';
import { openConsoleForTest, PASSWORD } from '../../test/console-client.ts';

const PAGES = [
  '/',
  '/setup',
  '/settings',
  '/server',
  '/mapper',
  '/search',
  '/transfer',
  '/logs',
  '/logs/download',
  '/troubleshooting',
  '/update',
  '/password',
];

describe('the console', { timeout: 240_000 }, () => {
  it('answers to its own names only, which defeats DNS rebinding', async (t) => {
    const client = await openConsoleForTest(t);
    const { port } = new URL(client.url);
    await client.signIn();
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      '127.0.0.1:1',
      `user@127.0.0.1:${port}`,
      `192.168.1.1:${port}`,
      '127.0.0.1',
      '',
    ]) {
      const { status, text } = await client.get('/logs', { host: host === '' ? ' ' : host });
      assert.ok(status === 421 || status === 400, `${host}: ${status}`);
      assert.doesNotMatch(text, /Landbridge/);
    }
    for (const host of [`localhost:${port}`, `[::1]:${port}`, `127.0.0.1:${port}`, `LOCALHOST:${port}`]) {
      assert.equal((await client.get('/sign-in', { host })).status, 200, host);
    }
  });

  it('rejects forms from another site, without an origin, or without the token of the session', async (t) => {
    const client = await openConsoleForTest(t);
    await client.signIn();
    const token = await client.token('/logs/clear');
    const port = new URL(client.url).port;
    const forged: [string, Record<string, string>, Record<string, string>][] = [
      ['another site', { token }, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
      ['another port of this machine', { token }, { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
      ['its own name by another scheme', { token }, { origin: `https://127.0.0.1:${port}`, 'sec-fetch-site': '' }],
      ['a sandboxed frame', { token }, { origin: 'null', 'sec-fetch-site': 'cross-site' }],
      ['without labels', { token }, { origin: '', 'sec-fetch-site': '' }],
      ['a page without the token', {}, {}],
      ['a page with another token', { token: 'x' }, {}],
    ];
    for (const [what, form, headers] of forged) assert.equal((await client.post('/logs/clear', form, headers)).status, 403, what);
    assert.equal((await client.post('/logs/clear', { token })).status, 303);
    // The sign-in form is bound to the browser too, so an attacker cannot sign a victim in to their own session.
    client.forgetCookies();
    assert.equal((await client.post('/sign-in', { token, password: PASSWORD })).status, 400);
  });

  it('shows no page without a session, and its policy blocks foreign content', async (t) => {
    const client = await openConsoleForTest(t);
    for (const path of PAGES) {
      const { status, headers } = await client.get(path);
      assert.deepEqual([status, headers.location], [303, '/sign-in'], path);
    }
    const { headers: signedIn } = await client.signIn();
    assert.match(String(signedIn['set-cookie']), /landbridge-console=[\w-]{27}; Path=\/; HttpOnly; SameSite=Strict/);
    const { headers } = await client.get('/logs');
    const policy = String(headers['content-security-policy']);
    assert.match(policy, /default-src 'none'; script-src 'nonce-[\w+/=]+'; style-src 'nonce-[\w+/=]+'; connect-src 'self'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.deepEqual(
      [headers['x-frame-options'], headers['x-content-type-options'], headers['cache-control']],
      ['DENY', 'nosniff', 'no-store'],
    );
    for (const path of [
      '/assets/modules/../../package.json',
      '/assets/modules/hono.js',
      '/assets/../console.ts',
      '/assets/modules/%2e%2e/x.js',
    ]) {
      assert.notEqual((await client.get(path)).status, 200, path);
    }
  });

  it('delays password guessing increasingly, even for the right password; a link still works', async (t) => {
    let clockMs = 1000;
    const client = await openConsoleForTest(t, { now: () => clockMs });
    await client.signIn();
    client.forgetCookies();
    const token = await client.token('/sign-in');
    const answers: string[] = [];
    for (let i = 0; i < 100; i++) answers.push((await client.post('/sign-in', { token, password: `wrong password ${i}` })).text);
    const tried = answers.filter((text) => text.includes('Wrong password')).length;
    assert.equal(tried, 5);
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      assert.match(
        (await client.post('/sign-in', { token, password: PASSWORD })).text,
        new RegExp(`Too many failed attempts: try again in ${seconds} second`),
      );
      clockMs += seconds * 1000;
      assert.match((await client.post('/sign-in', { token, password: 'wrong password 1' })).text, /Wrong password/);
    }
    // Parallel attempts do not bypass the wait, and do not reveal whether one of them is right.
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => client.post('/sign-in', { token, password: PASSWORD })));
    assert.ok(atOnce.every(({ status }) => status === 400));
    assert.doesNotMatch(client.lines.join(''), /wrong password \d|eleven blue horses/);
    assert.equal((await client.signIn()).status, 303);
    assert.equal((await client.get('/logs')).status, 200);
  });

  it('stores the password as a hash; only the newest link works, once, and ends other sessions', async (t) => {
    const client = await openConsoleForTest(t);
    await client.signIn();
    const kept = readFileSync(join(client.home, 'console.json'), 'utf8');
    assert.match(kept, /argon2id/);
    assert.doesNotMatch(kept, /horses/);
    const old = client.lines.join('').match(/link\?code=([\w-]+)/)?.[1] ?? '';
    assert.equal((await client.get(`/link?code=${old}`)).status, 400);
    const before = await client.token('/logs/clear');
    const command = startCommand(['console', 'link', '--home', client.home]);
    const [, code = ''] = /link\?code=([\w-]+)\n$/.exec((await command.ended).stdout) ?? [];
    const choose = async (token: string) =>
      client.post('/link', { token, code, password: 'twelve red herrings', again: 'twelve red herrings' });
    const token = await client.token(`/link?code=${code}`);
    assert.equal((await choose(token)).status, 303);
    assert.equal((await choose(token)).status, 400);
    assert.equal((await client.post('/logs/clear', { token: before })).status, 403);
    client.forgetCookies();
    assert.equal((await client.post('/sign-in', { token: await client.token('/sign-in'), password: 'twelve red herrings' })).status, 303);
  });

  it('ends sessions when the password in the home is replaced or removed', async (t) => {
    const client = await openConsoleForTest(t);
    await client.signIn();
    const path = join(client.home, 'console.json');
    const own = readFileSync(path, 'utf8');
    assert.equal((await client.get('/logs')).status, 200);
    writeFileSync(path, JSON.stringify({ password: 'argon2id-1$c2FsdA$aGFzaA' }));
    assert.deepEqual([(await client.get('/logs')).status, (await client.get('/password')).status], [303, 303]);
    // Not even if the old password is restored.
    writeFileSync(path, own);
    assert.equal((await client.get('/logs')).status, 303);
    await client.post('/sign-in', { token: await client.token('/sign-in'), password: PASSWORD });
    assert.equal((await client.get('/logs')).status, 200);
    rmSync(path);
    assert.equal((await client.get('/logs')).status, 303);
  });

  it('rejects uploads that are not exports, too large, or hostile, and changes nothing', async (t) => {
    const client = await openConsoleForTest(t);
    await client.signIn();
    const token = await client.token('/transfer');
    const upload = async (bytes: Uint8Array) => {
      const form = new FormData();
      form.set('token', token);
      form.set('file', new Blob([bytes.slice()]), 'x.zip');
      return client.post('/transfer/import', form);
    };
    const text = (value: string) => Buffer.from(value);
    const hostile: [string, Uint8Array, RegExp][] = [
      ['no zip', text('nothing'), /not a zip/],
      ['a path that leads out', zipSync({ '../../config.json': text('{}') }), /Nothing was|refused|cannot|not/],
      ['a bomb', zipSync({ 'config.json': new Uint8Array(64 * 1024 * 1024) }), /large|more|refused|times/],
      ['a link', zipSync({ 'config.json': [text('/etc/passwd'), { os: 3, attrs: (0o120777 << 16) >>> 0 }] }), /link|refused|regular|file/],
      ['nothing in it', zipSync({ 'a.txt': text('a') }), /neither config\.json/],
    ];
    for (const [what, bytes, expected] of hostile) {
      const { status, text: page } = await upload(bytes);
      assert.equal(status, 400, what);
      assert.match(/role="alert">([^<]*)</.exec(page)?.[1] ?? '', expected, what);
    }
    const tooLarge = await upload(new Uint8Array(20 * 1024 * 1024)).catch(() => ({ status: 413 }));
    assert.equal(tooLarge.status, 413);
    assert.throws(() => readFileSync(join(client.home, 'config.json')));
    assert.equal((await client.get('/transfer/confirm')).status, 303);
  });

  it('stops opening a PKCS #12 file that would take forever, and serves other requests meanwhile', {
    skip: spawnSync('openssl', ['version']).status !== 0 && 'there is no openssl',
  }, async (t) => {
    const { openPfx } = await import('./server-certificate.ts');
    const client = await openConsoleForTest(t);
    const run = (...args: string[]) => assert.equal(spawnSync('openssl', args, { cwd: client.home }).status, 0, args.join(' '));
    run(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
      '-days',
      '2',
      '-subj',
      '/CN=sso.example.com',
      '-addext',
      'subjectAltName=DNS:sso.example.com',
    );
    run('pkcs12', '-export', '-inkey', 'key.pem', '-in', 'cert.pem', '-out', 'good.pfx', '-passout', 'pass:right');
    const good = readFileSync(join(client.home, 'good.pfx'));
    assert.equal((await openPfx(good, 'right')).checkHost('sso.example.com'), 'sso.example.com');
    await assert.rejects(openPfx(good, 'wrong'), { code: 'PFX_UNUSABLE', message: /passphrase/ });
    await assert.rejects(openPfx(Buffer.from('nothing'), ''), { code: 'PFX_UNUSABLE', message: /not a PKCS #12/ });
    // The iteration count of its MAC is at its end (RFC 7292, section 4): 2048 becomes 2,147,483,647.
    const at = good.lastIndexOf(Buffer.from([0x02, 0x02, 0x08, 0x00]));
    assert.ok(at > 0);
    const endless = withLongerEnd(good, at);
    writeFileSync(join(client.home, 'endless.pfx'), endless);
    const opening = openPfx(endless, 'right');
    assert.equal((await client.get('/sign-in')).status, 200);
    await assert.rejects(opening, { code: 'PFX_UNUSABLE' });
  });
});

/** The number at `at` made four bytes long, and the lengths around it with it: of the file, and of the MAC at its end. */
function withLongerEnd(pfx: Buffer, at: number): Buffer {
  const rounds = Buffer.from([0x02, 0x04, 0x7f, 0xff, 0xff, 0xff]);
  const result = Buffer.concat([pfx.subarray(0, at), rounds, pfx.subarray(at + 4)]);
  // The outer sequence has its length in two bytes; that of the MAC is short, and is the last sequence that reaches the end.
  result.writeUInt16BE(result.readUInt16BE(2) + 2, 2);
  for (let i = at - 1; i > 4; i--) {
    const length = pfx[i + 1] ?? 0;
    if (pfx[i] === 0x30 && length < 0x80 && i + 2 + length === pfx.length) {
      result[i + 1] = length + 2;
      return result;
    }
  }
  throw new Error('the MAC was not found');
}
