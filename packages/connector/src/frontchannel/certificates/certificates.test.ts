/** Client certificates over real TLS, with users of a real OpenLDAP. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { createCertificateAuthority, createSelfSigned, type KeyPair, whyNoSlapd } from '@landbridge/lab';
import { type CertificateUsers, startCertificateUsers } from '../../../test/certificate-users.ts';
import { signedIn } from '../../../test/signed-in.ts';

describe('client certificates', { skip: whyNoSlapd() }, () => {
  let users: CertificateUsers;
  before(async () => {
    users = await startCertificateUsers();
  });
  after(() => users?.[Symbol.asyncDispose]());

  it('sign the user in without asking; without one, the form is shown', async () => {
    const front = await users.on();
    assert.equal(await signedIn(front, await users.forUser(0)), users.uid(0));
    assert.equal(await signedIn(front, await users.root.issue({ commonName: users.uid(1), clientAuth: true })), users.uid(1));
    assert.equal(await signedIn(front, undefined), undefined);
  });

  it('lead to the form if they are invalid, and the log has the reason', async (t) => {
    const front = await users.on();
    const foreign = await createCertificateAuthority('Fabrikam root');
    const day = 86_400_000;
    const { locked } = users.slapd.users.special;
    const cases: [string, KeyPair, RegExp][] = [
      [
        'of a foreign authority with the same name',
        await foreign.issue({ commonName: users.uid(2), clientAuth: true }),
        /only one of the same name/,
      ],
      ['self-signed', await createSelfSigned({ commonName: users.uid(2), clientAuth: true }), /self-signed/],
      [
        'expired',
        await users.issuing.issue({ commonName: users.uid(2), clientAuth: true, notAfter: new Date(Date.now() - day) }),
        /"expired"/,
      ],
      [
        'not valid yet',
        await users.issuing.issue({
          commonName: users.uid(2),
          clientAuth: true,
          notBefore: new Date(Date.now() + day),
          notAfter: new Date(Date.now() + 2 * day),
        }),
        /not valid yet/,
      ],
      ['of a server', await users.issuing.issue({ commonName: users.uid(2), dnsNames: ['a.example'] }), /not a client certificate/],
      ['of an unknown user', await users.issuing.issue({ commonName: 'nobody', clientAuth: true }), /WrongUsername/],
      ['with a query for a name', await users.issuing.issue({ commonName: '*', clientAuth: true }), /WrongUsername/],
      ['with a filter for a name', await users.issuing.issue({ commonName: `${users.uid(2)})(uid=*`, clientAuth: true }), /WrongUsername/],
      ['of a locked account', await users.issuing.issue({ commonName: locked.uid, clientAuth: true }), /AccountLocked/],
    ];
    for (const [name, pair, reason] of cases) {
      await t.test(name, async () => {
        const before = front.lines.length;
        assert.equal(await signedIn(front, pair), undefined);
        assert.match(front.lines.slice(before).join(''), reason);
      });
    }
  });

  it('with an invalid signature do not close the connection, even if the request follows the handshake', async () => {
    const front = await users.on();
    const foreign = await (await createCertificateAuthority('Fabrikam root')).issue({ commonName: users.uid(2), clientAuth: true });
    // In TLS 1.3 the client may finish, and write, before the server.
    const socket = connect({ port: front.front.port, host: '127.0.0.1', ca: front.ca, maxVersion: 'TLSv1.2', ...foreign });
    await once(socket, 'secureConnect');
    socket.write('GET /wsfed?wa=wsignin1.0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    assert.match(await text(socket), /name="password"/);
  });

  it('are rejected if issued by the authority of the server certificate', async () => {
    // OpenSSL also trusts the server's own authority in a PFX.
    const servers = await createCertificateAuthority('Servers');
    const own = await servers.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] });
    const front = await users.on({ ...users.pfx(own, servers.cert), CLIENT_CERT_CA: users.root.cert }, { serversCa: servers.cert });
    assert.equal(await signedIn(front, await servers.issue({ commonName: users.uid(3), clientAuth: true })), undefined);
    assert.match(front.lines.join(''), /not issued by a configured authority/);
    assert.equal(await signedIn(front, await users.root.issue({ commonName: users.uid(3), clientAuth: true })), users.uid(3));
  });

  it('are not requested if no authority is configured', async () => {
    const front = await users.on({ CLIENT_CERT_CA: undefined });
    assert.equal(await signedIn(front, await users.forUser(4)), undefined);
    assert.match(front.lines.join(''), /name no authority/);
  });

  it('may be issued by the authorities of CA_CERT if CLIENT_CERT_CA is not set', async () => {
    const front = await users.on({ CLIENT_CERT_CA: undefined, CA_CERT: [users.root.cert, users.issuing.cert] });
    assert.equal(await signedIn(front, await users.forUser(4)), users.uid(4));
  });

  it('are rejected once revoked, also on older connections, and altogether once a list has expired', async () => {
    const [kept, lost] = [await users.forUser(5), await users.forUser(6)];
    const write = async (revoked: KeyPair[], nextUpdate?: Date) => {
      writeFileSync(join(users.folder, 'root.crl'), await users.root.revocationList([], nextUpdate));
      writeFileSync(join(users.folder, 'people.crl'), await users.issuing.revocationList(revoked, nextUpdate));
    };
    await write([]);
    const front = await users.on({ CLIENT_CERT_CRL: 'root.crl,people.crl' });
    assert.equal(await signedIn(front, lost), users.uid(6));
    // This request begins before the certificate is revoked.
    const early = connect({ port: front.front.port, host: '127.0.0.1', ca: front.ca, ...lost });
    await once(early, 'secureConnect');
    early.write('GET /wsfed?wa=wsignin1.0&wctx=x HTTP/1.1\r\nHost: localhost\r\n');
    await signedIn(front, kept);
    await write([lost]);
    front.front.renew();
    early.end('\r\n');
    const answer = await text(early);
    assert.match(answer, /^HTTP\/1\.1 307 /);
    assert.match(answer, /^location: wsfed\?wa=wsignin1\.0&wctx=x\r$/im);
    assert.match(answer, /^connection: close\r$/im);

    assert.equal(await signedIn(front, lost), undefined);
    assert.match(front.lines.join(''), /it was revoked/);
    assert.equal(await signedIn(front, kept), users.uid(5));
    // A damaged list has no effect.
    writeFileSync(join(users.folder, 'people.crl'), '-----BEGIN CRL-----\n-----END CRL-----\n');
    front.front.renew();
    assert.equal(await signedIn(front, lost), undefined);
    assert.equal(await signedIn(front, kept), users.uid(5));
    await write([], new Date(Date.now() - 1000));
    front.front.renew();
    assert.equal(await signedIn(front, kept), undefined);
    assert.match(front.lines.join(''), /revocation list of its issuer has expired/);
  });

  it('identify users only by the name of the configured kind', async () => {
    const cn = users.uid(7);
    const pair = await users.issuing.issue({ commonName: cn, clientAuth: true, upn: users.uid(8), mail: `${users.uid(9)}@example.org` });
    for (const [by, expected] of [
      ['cn', cn],
      ['upn', users.uid(8)],
      ['mail', users.uid(9)],
    ] as const) {
      const front = await users.on({ CLIENT_CERT_USER: by });
      assert.equal(await signedIn(front, pair), expected, by);
      if (by !== 'cn') assert.equal(await signedIn(front, await users.forUser(7)), undefined, by);
    }
    const front = await users.on({ CLIENT_CERT_USER: 'upn' });
    for (const upn of ['*', `${users.uid(8)}, othername:UPN:${users.uid(9)}`, `a"${users.uid(8)}`, `${users.uid(8)})(uid=*`]) {
      assert.equal(await signedIn(front, await users.issuing.issue({ commonName: cn, clientAuth: true, upn })), undefined, upn);
    }
  });
});
