/** Intermediate authorities in CLIENT_CERT_CA, over real TLS: their certificates are accepted, and no others. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createCertificateAuthority, type KeyPair, whyNoSlapd } from '@landbridge/lab';
import { type CertificateUsers, startCertificateUsers } from '../../../test/certificate-users.ts';
import { signedIn } from '../../../test/signed-in.ts';

describe('certificates of an intermediate authority', { skip: whyNoSlapd() }, () => {
  let users: CertificateUsers;
  before(async () => {
    users = await startCertificateUsers();
  });
  after(() => users?.[Symbol.asyncDispose]());

  it('are accepted without the root, and no others of the root', async (t) => {
    const front = await users.on({ CLIENT_CERT_CA: users.issuing.cert });
    const below = await users.issuing.issueAuthority('Fabrikam people, branch');
    const beside = await users.root.issueAuthority('Fabrikam guests');
    const namesake = await (await createCertificateAuthority('Fabrikam root')).issueAuthority('Fabrikam people');
    const clientAuth = true;
    assert.equal(await signedIn(front, await users.forUser(10)), users.uid(10));
    const branch = await below.issue({ commonName: users.uid(11), clientAuth });
    assert.equal(await signedIn(front, { ...branch, cert: branch.cert + below.cert }), users.uid(11));
    assert.equal(
      await signedIn(front, { ...branch, cert: branch.cert + below.cert + users.issuing.cert + users.root.cert }),
      users.uid(11),
    );
    const rejected: [string, KeyPair, string][] = [
      ['of the root', await users.root.issue({ commonName: users.uid(12), clientAuth }), ''],
      ['of the root, with its certificate', await users.root.issue({ commonName: users.uid(12), clientAuth }), users.root.cert],
      ['of another intermediate authority', await beside.issue({ commonName: users.uid(12), clientAuth }), beside.cert + users.root.cert],
      ['of an authority of the same name', await namesake.issue({ commonName: users.uid(12), clientAuth }), namesake.cert],
      ['of a server', await users.issuing.issue({ commonName: users.uid(12), dnsNames: ['a.example'] }), ''],
    ];
    for (const [name, pair, along] of rejected) {
      await t.test(name, async () => assert.equal(await signedIn(front, { ...pair, cert: pair.cert + along }), undefined));
    }
  });

  it('need the intermediate certificate from the client if only the root is configured', async () => {
    const front = await users.on({ CLIENT_CERT_CA: users.root.cert });
    const pair = await users.forUser(10);
    assert.equal(await signedIn(front, pair), undefined);
    assert.equal(await signedIn(front, { ...pair, cert: pair.cert + users.issuing.cert }), users.uid(10));
  });

  it('are rejected if the authority is only in CA_CERT', async () => {
    const front = await users.on({ CLIENT_CERT_CA: undefined, CA_CERT: [users.issuing.cert] });
    assert.equal(await signedIn(front, await users.forUser(10)), undefined);
  });

  it('are rejected if the authority only comes with the server certificate', async () => {
    const servers = await createCertificateAuthority('Servers');
    const hosts = await servers.issueAuthority('Hosts');
    for (const [n, along] of [hosts.cert, hosts.cert + servers.cert].entries()) {
      const own = await hosts.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] });
      const settings = { ...users.pfx(own, along), CLIENT_CERT_CA: users.issuing.cert };
      const front = await users.on(settings, { serversCa: servers.cert });
      const pair = await hosts.issue({ commonName: users.uid(10), clientAuth: true });
      assert.equal(await signedIn(front, pair), undefined, String(n));
      assert.equal(await signedIn(front, { ...pair, cert: pair.cert + hosts.cert }), undefined, String(n));
      assert.equal(await signedIn(front, await users.forUser(10)), users.uid(10), String(n));
    }
  });

  it('are checked with revocation lists if the issuers are next to the lists', async () => {
    const lists = mkdtempSync(join(users.folder, 'lists-'));
    const [kept, lost] = [await users.forUser(13), await users.forUser(14)];
    writeFileSync(join(lists, 'people.crl'), await users.issuing.revocationList([lost]));
    writeFileSync(join(lists, 'root.crl'), await users.root.revocationList([]));
    const settings = { CLIENT_CERT_CA: users.issuing.cert, CLIENT_CERT_CRL: lists };
    const without = await users.on(settings);
    assert.equal(await signedIn(without, kept), undefined);
    assert.match(
      without.lines.join(''),
      /CLIENT_CERT_CRL needs the certificates above it.*the certificate above that authority is missing/s,
    );
    writeFileSync(join(lists, 'root.pem'), users.root.cert);
    const front = await users.on(settings);
    assert.doesNotMatch(front.lines.join(''), /needs the certificates above/);
    assert.equal(await signedIn(front, kept), users.uid(13));
    assert.equal(await signedIn(front, lost), undefined);
    assert.match(front.lines.join(''), /it was revoked/);
    // The root is known, but its other certificates are rejected.
    assert.equal(await signedIn(front, await users.root.issue({ commonName: users.uid(13), clientAuth: true })), undefined);
    assert.match(front.lines.join(''), /not issued by a configured authority/);
    writeFileSync(join(lists, 'root.crl'), await users.root.revocationList([users.issuing]));
    front.front.renew();
    assert.equal(await signedIn(front, kept), undefined);
  });
});
