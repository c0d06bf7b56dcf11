/** Signing in with a real OpenLDAP: form, token, session, and what must not be possible. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { parseWithXmldom, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import {
  actionOf,
  CONNECTION,
  type FrontChannelOn,
  fieldsOf,
  frontChannelOn,
  OTHER_REPLY,
  REALM,
  REPLY_TO,
} from '../../test/front-channel-on.ts';
import { type UsersOn, usersOn } from '../../test/users-on.ts';

describe('signing in at the front channel', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  let made: UsersOn;
  let on: FrontChannelOn;
  before(async () => {
    slapd = await startSlapd({ users: 20 });
    made = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount });
    on = await frontChannelOn(made.users, { SITE_NAME: 'Fabrikam <b>&</b> Sons', WITH_KERBEROS_PROXY_FRONTEND: true });
  });
  after(async () => {
    await on?.close();
    await made?.close();
    await slapd?.[Symbol.asyncDispose]();
  });
  const userAt = (n: number) => {
    const found = slapd.users.ordinary[n];
    assert.ok(found);
    return found;
  };
  const as = (n: number, password = userAt(n).password) => ({ username: userAt(n).uid, password });

  it('shows the form, then the page that posts the token', async () => {
    const page = await on.begin();
    assert.equal(page.status, 200);
    assert.match(page.text, /<title>Sign in · Fabrikam &lt;b&gt;&amp;&lt;\/b&gt; Sons<\/title>/);
    const policy = String(page.headers['content-security-policy']);
    assert.match(
      policy,
      /^default-src 'none'; style-src 'nonce-[^']+'; script-src 'nonce-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );

    const reply = await on.fillIn(page, as(0));
    assert.equal(reply.status, 200);
    assert.equal(actionOf(reply.text), REPLY_TO);
    const { wa, wctx, wresult = '' } = fieldsOf(reply.text);
    assert.deepEqual([wa, wctx], ['wsignin1.0', 'state']);
    const token = parseWithXmldom(wresult);
    assert.equal(token.getAttribute('Context'), 'state');
    assert.equal(token.getElementsByTagName('saml:NameIdentifier')[0]?.textContent, userAt(0).uid);
    assert.equal(token.getElementsByTagName('saml:Audience')[0]?.textContent, REALM);
    assert.equal(token.getElementsByTagName('saml:Assertion')[0]?.getAttribute('Issuer'), 'urn:fabrikam.example');
  });

  it('speaks the language of the user', async (t) => {
    for (const [header, language, word] of [
      ['de-AT,de;q=0.9,en;q=0.5', 'de', 'Anmelden'],
      ['ja', 'ja', 'サインイン'],
      ['xx, fr;q=0.3, es;q=0.7', 'es', 'Contraseña'],
      ['zz;q=0.9,fr;q=0.1', 'fr', 'Mot de passe'],
      ['constructor', 'en', 'Password'],
    ] as const) {
      await t.test(header, async () => {
        const { text } = await on.begin({}, { headers: { 'Accept-Language': header } });
        assert.match(text, new RegExp(`<html lang="${language}">`));
        assert.ok(text.includes(word));
      });
    }
  });

  it('returns wctx unchanged, whatever it contains', async () => {
    for (const wctx of [
      '',
      'rm=0&id=<passive>&ru=/?a=1',
      '"\'><script>alert(1)</script>',
      'a\nb\r\nc\td',
      '𝔘nicode ✓ \u0085 \u202e',
      `${'x'.repeat(4000)}`,
    ]) {
      const reply = await on.fillIn(await on.begin({ wctx }), as(1));
      const fields = fieldsOf(reply.text);
      assert.equal(fields.wctx, wctx);
      const token = parseWithXmldom(fields.wresult ?? '');
      assert.equal(token.getAttribute('Context'), wctx);
    }
    const without = await on.fillIn(await on.ask(`/wsfed?wa=wsignin1.0&wtrealm=${REALM}`), as(1));
    assert.equal(fieldsOf(without.text).wctx, undefined);
  });

  it('posts only to listed addresses', async () => {
    const second = await on.fillIn(await on.begin({ wreply: OTHER_REPLY }), as(2));
    assert.equal(actionOf(second.text), OTHER_REPLY);
    const refused: Record<string, string>[] = [
      { wreply: 'https://evil.example/' },
      { wreply: `${REPLY_TO}/../evil` },
      { wreply: `${REPLY_TO}?x` },
      { wreply: REPLY_TO.toUpperCase() },
      { wreply: 'javascript:alert(1)' },
      { wreply: '' },
      { wtrealm: 'urn:auth0:other' },
      { wa: 'wattr1.0' },
    ];
    for (const values of refused) {
      const page = await on.begin(values);
      assert.equal(page.status, 400, JSON.stringify(values));
      assert.doesNotMatch(page.text, /evil|javascript|urn:auth0/);
      // The request in the form is validated too.
      const carried = Buffer.from(JSON.stringify({ wa: 'wsignin1.0', wtrealm: REALM, ...values })).toString('base64url');
      const posted = await on.fillIn({ ...page, text: '' }, { ...as(2), request: carried });
      assert.equal(posted.status, 400, JSON.stringify(values));
    }
  });

  it('shows what is wrong, and the same for an unknown name and a wrong password', async () => {
    const page = await on.begin();
    const wrong = await on.fillIn(page, { ...as(3), password: 'wrong' });
    const unknown = await on.fillIn(page, { username: 'no"body<', password: 'wrong' });
    for (const { status, text } of [wrong, unknown]) {
      assert.equal(status, 401);
      assert.match(text, /role="alert"[^>]*>The user name or the password is wrong\./);
      assert.match(text, /<title>Problem · /);
    }
    assert.match(unknown.text, /value="no&quot;body&lt;"/);
    assert.doesNotMatch(wrong.text, /value="wrong"/);
    const { locked } = slapd.users.special;
    const refused = await on.fillIn(page, { username: locked.uid, password: locked.password });
    assert.match(refused.text, /Your account is locked|The user name or the password is wrong/);
    assert.match((await on.fillIn(page, { username: '', password: 'x' })).text, /Enter your user name/);
    assert.match((await on.fillIn(page, { ...as(3), password: '' })).text, /Enter your user name/);
  });

  it('treats names as values, never as part of a filter', async () => {
    for (const username of ['*', 'user0000*', `${userAt(4).uid})(objectClass=*`, '\\2a', `*)(uid=${userAt(4).uid}))(|(uid=*`, 'a\0b']) {
      const answer = await on.fillIn(await on.begin(), { username, password: userAt(4).password });
      assert.equal(answer.status, 401, username);
    }
    const { star, parenthesis } = slapd.users.special;
    for (const { uid, password } of [star, parenthesis]) {
      const answer = await on.fillIn(await on.begin(), { username: uid, password });
      assert.equal(actionOf(answer.text), REPLY_TO, uid);
    }
  });

  it('limits the attempts for a name in all its forms', async () => {
    const { uid } = userAt(5);
    const statuses: number[] = [];
    for (const username of [uid, `CORP\\${uid}`, uid.toUpperCase(), `${uid}@example.org`, uid, ` ${uid}`]) {
      statuses.push((await on.fillIn(await on.begin(), { username, password: 'wrong' })).status);
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 429, 429]);
    const right = await on.fillIn(await on.begin(), as(5));
    assert.equal(right.status, 429);
    assert.ok(Number(right.headers['retry-after']) > 60);
    // Other users are not affected.
    assert.equal((await on.fillIn(await on.begin(), as(6))).status, 200);
  });

  it('rejects forms from other sites', async () => {
    for (const headers of [{ Origin: 'https://evil.example' }, { Origin: 'null' }, { Origin: 'https://connector.example.evil.example' }]) {
      const answer = await on.fillIn(await on.begin(), as(7), { headers });
      assert.equal(answer.status, 403);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    const body = new URLSearchParams({ ...fieldsOf((await on.begin()).text), ...as(7) }).toString();
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const post = (headers: Record<string, string>) => on.ask('/wsfed', { method: 'POST', body, headers: { ...type, ...headers } });
    assert.equal((await post({ 'Sec-Fetch-Site': 'cross-site' })).status, 403);
    // Programs other than browsers do not send an origin.
    assert.equal((await post({})).status, 200);
    assert.equal((await on.ask('/wsfed', { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } })).status, 415);
  });

  it('does not ask again while the session lasts', async () => {
    const signedIn = await on.fillIn(await on.begin(), as(8));
    const [cookie = ''] = [signedIn.headers['set-cookie'] ?? []].flat();
    assert.match(cookie, /^__Host-landbridge=v2\.[^;]+; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const pair = cookie.split(';')[0] ?? '';
    const again = await on.begin({ wctx: 'second' }, { headers: { Cookie: pair } });
    assert.equal(actionOf(again.text), REPLY_TO);
    assert.equal(fieldsOf(again.text).wctx, 'second');
    for (const [values, Cookie] of [
      [{ wfresh: '0' }, pair],
      [{}, `${pair}x`],
      [{}, `${pair}; ${pair}`],
      [{}, pair.replace('__Host-', '')],
      [
        {},
        pair.replace(/v2\.[^.]+/, `v2.${Buffer.from(JSON.stringify([userAt(9).uid, userAt(9).uid, Date.now()])).toString('base64url')}`),
      ],
    ] as const) {
      const page = await on.begin(values, { headers: { Cookie } });
      assert.match(page.text, /name="password"/, Cookie);
    }
    const out = await on.ask('/logout', { headers: { Cookie: pair } });
    assert.match(String(out.headers['set-cookie']), /^__Host-landbridge=; .*Max-Age=0/);
    assert.match(String((await on.begin({ wa: 'wsignout1.0' })).headers['set-cookie']), /Max-Age=0/);
  });

  it('accepts sessions of another connector only if key and secret are the same', async () => {
    const make = (secret: string) => frontChannelOn(made.users, { SESSION_SECRET: secret, WITH_KERBEROS_PROXY_FRONTEND: true });
    const [one, same, other] = await Promise.all([make('a'), make('a'), make('b')]);
    try {
      const signedIn = await one.fillIn(await one.begin(), as(10));
      const Cookie = String([signedIn.headers['set-cookie'] ?? []].flat()[0]).split(';')[0] ?? '';
      assert.equal(actionOf((await same.begin({}, { headers: { Cookie } })).text), REPLY_TO);
      assert.match((await other.begin({}, { headers: { Cookie } })).text, /name="password"/);
      // A form of one works at the other.
      assert.equal((await other.fillIn(await one.begin(), as(10))).status, 200);
    } finally {
      for (const each of [one, same, other]) await each.close();
    }
  });

  it('ends the session and redirects only to addresses of the hub', async () => {
    const signedOut = async (returnTo: string) => {
      const answer = await on.ask(`/logout?returnTo=${encodeURIComponent(returnTo)}`);
      assert.match(String(answer.headers['set-cookie']), /Max-Age=0/);
      return [answer.status, answer.headers.location];
    };
    assert.deepEqual(await signedOut(REPLY_TO), [302, REPLY_TO]);
    for (const address of ['https://evil.example/', `${REPLY_TO}/`, `${REPLY_TO}?a`, '//evil.example', 'javascript:alert(1)', '']) {
      assert.deepEqual(await signedOut(address), [200, undefined], address);
    }
  });

  it('shows the form to a user with a session if the hub asks for consent', async () => {
    const signedIn = await on.fillIn(await on.begin(), as(12));
    const Cookie = String([signedIn.headers['set-cookie'] ?? []].flat()[0]).split(';')[0] ?? '';
    assert.equal(actionOf((await on.begin({}, { headers: { Cookie } })).text), REPLY_TO);
    assert.match((await on.begin({ wprompt: 'consent' }, { headers: { Cookie } })).text, /name="password"/);
    assert.equal(actionOf((await on.begin({ wprompt: 'none' }, { headers: { Cookie } })).text), REPLY_TO);
  });

  it('answers a JSON request to /wsfed/direct with only the form, and puts the members into its context', async () => {
    const direct = (body: unknown, query = `?wtrealm=${REALM}`) =>
      on.ask(`/wsfed/direct${query}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const good = await direct({ ...as(11), client_id: 'app', state: { nested: 1 } });
    assert.equal(good.status, 200);
    assert.match(String(good.headers['content-type']), /^text\/html/);
    assert.match(good.text, /^<form method="post" name="hiddenform" action="[^"]*">\s*<input[\s\S]*<\/form>$/);
    assert.equal(actionOf(good.text), REPLY_TO);
    const { wa, wresult, wctx } = fieldsOf(good.text);
    assert.equal(wa, 'wsignin1.0');
    assert.match(wresult ?? '', /RequestSecurityTokenResponse/);
    assert.deepEqual(JSON.parse(wctx ?? ''), { strategy: 'ad', client_id: 'app', state: { nested: 1 } });
    assert.equal(fieldsOf((await direct({ ...as(11), wctx: 'kept' })).text).wctx, 'kept');
    for (const body of [{ ...as(11), password: 'wrong' }, { ...as(11), password: 1 }, { username: {} }, {}]) {
      const bad = await direct(body);
      assert.deepEqual([bad.status, JSON.parse(bad.text).invalid_user_password], [401, true]);
    }
    for (const body of [[], 'x', null]) assert.equal((await direct(body)).status, 400);
    assert.equal((await direct({ ...as(11), wreply: 'https://evil.example' })).status, 400);
    assert.equal((await direct(as(11), '?wtrealm=other')).status, 400);
  });

  it('answers a form sent to /wsfed/direct with the form that carries the token, or with JSON', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const direct = (body: Record<string, string>) =>
      on.ask(`/wsfed/direct?wa=wsignin1.0&wtrealm=${REALM}&wctx=here`, {
        method: 'POST',
        headers,
        body: new URLSearchParams(body).toString(),
      });
    const good = await direct(as(11));
    assert.equal(good.status, 200);
    assert.equal(fieldsOf(good.text).wctx, 'here');
    assert.equal(good.headers['set-cookie'], undefined);
    const bad = await direct({ ...as(11), password: 'wrong' });
    assert.equal(bad.status, 401);
    assert.equal(JSON.parse(bad.text).invalid_user_password, true);
    const evil = await direct({ ...as(11), wreply: 'https://evil.example' });
    assert.equal(evil.status, 400);
  });

  it('searches users for tokens of the tenant with the right audience', async () => {
    const claims: Record<string, Record<string, unknown>> = {
      good: { exp: 1, aud: REALM },
      plain: { exp: 1 },
      idToken: { exp: 1, aud: 'some-application' },
      request: { exp: 1, pid: '1' },
      endless: { aud: REALM },
    };
    const bearer = await frontChannelOn(
      made.users,
      { WITH_KERBEROS_PROXY_FRONTEND: true },
      {
        checkBearer: async (token) => ({ ...(claims[token] === undefined ? { refused: 'unknown' } : { claims: claims[token] }) }),
      },
    );
    try {
      const search = (token: string | undefined) =>
        bearer.ask('/users?criteria=user0000&limit=3', token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } });
      const found = JSON.parse((await search('good')).text);
      assert.equal(found.length, 3);
      assert.equal((await search('plain')).status, 200);
      for (const token of [undefined, 'unknown', 'idToken', 'request', 'endless', 'good"'])
        assert.equal((await search(token)).status, 401, token);
    } finally {
      await bearer.close();
    }
  });

  it('rejects oversized requests and unknown paths', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const large = await on.ask('/wsfed', { method: 'POST', headers, body: `username=a&password=${'x'.repeat(200_000)}` });
    assert.equal(large.status, 413);
    const longHeader = await on.ask('/wsfed', { headers: { 'X-Long': 'x'.repeat(20_000) } });
    assert.equal(longHeader.status, 431);
    for (const path of ['/../../etc/passwd', '/wsfed/../../config.json', '/%2e%2e/config.json', '/wsfed%00', '//evil.example/wsfed']) {
      assert.equal((await on.ask(path)).status, 404, path);
    }
  });

  it('without TLS ignores forged proxy headers and rejects ambiguous requests', async () => {
    const plain = await frontChannelOn(made.users, { WITH_KERBEROS_PROXY_FRONTEND: true }, { tls: false });
    try {
      const forged = await plain.begin({}, { headers: { 'X-Forwarded-User': userAt(12).uid, X_Forwarded_User: userAt(12).uid } });
      assert.match(forged.text, /name="password"/);
      // Two lengths: where one program sees the end of a request, another sees the beginning of the next.
      const smuggled = await rawRequest(
        plain.front.port,
        'POST /wsfed HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /wsfed HTTP/1.1\r\nX-Forwarded-User: a\r\n\r\n',
      );
      assert.match(smuggled, /^HTTP\/1\.1 400 /);
      assert.equal(smuggled.match(/HTTP\/1\.1/g)?.length, 1);
      assert.match(
        await rawRequest(plain.front.port, 'GET /wsfed HTTP/1.1\r\nHost: a\r\nX-Forwarded-User : a\r\n\r\n'),
        /^HTTP\/1\.1 400 /,
      );
    } finally {
      await plain.close();
    }
  });

  it('serves metadata with its certificate', async () => {
    const { text, headers } = await on.ask('/wsfed/FederationMetadata/2007-06/FederationMetadata.xml');
    assert.match(String(headers['content-type']), /^application\/xml/);
    const root = parseWithXmldom(text);
    assert.equal(root.getAttribute('entityID'), 'urn:fabrikam.example');
    assert.equal(root.getElementsByTagName('X509Certificate')[0]?.textContent, on.connection.signing.certificate.raw.toString('base64'));
    assert.equal(root.getElementsByTagName('Address')[0]?.textContent, 'https://connector.example/wsfed');
  });

  it('logs no password', () => {
    assert.ok(on.lines.some((line) => line.includes('Signed in')));
    assert.ok(!on.lines.some((line) => line.includes('Passw0rd')), CONNECTION);
  });
});

function rawRequest(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    socket.setEncoding('utf8').on('data', (part: string) => {
      answer += part;
    });
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}
