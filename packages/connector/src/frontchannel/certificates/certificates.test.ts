/** Client certificates over real TLS, with people of a real OpenLDAP: whose certificate signs in, and whose leads to the form. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createSelfSigned,
  type KeyPair,
  type Slapd,
  startSlapd,
  whyNoSlapd,
} from '@landbridge/lab';
import { actionOf, type FrontChannelOn, fieldsOf, frontChannelOn, REPLY_TO } from '../../../test/front-channel-on.ts';
import { type UsersOn, usersOn } from '../../../test/users-on.ts';
import { parseXml } from '../../../test/xml.ts';

describe('client certificates', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  let people: UsersOn;
  let root: CertificateAuthority;
  let issuing: CertificateAuthority;
  let folder: string;
  const open: FrontChannelOn[] = [];

  before(async () => {
    slapd = await startSlapd({ users: 20 });
    people = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount });
    root = await createCertificateAuthority('Fabrikam root');
    issuing = await root.issueAuthority('Fabrikam people');
    folder = mkdtempSync(join(tmpdir(), 'landbridge-certificates-'));
  });
  after(async () => {
    for (const one of open) await one.close();
    await people?.close();
    await slapd?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function on(settings: Record<string, unknown> = {}): Promise<FrontChannelOn> {
    const made = await frontChannelOn(
      people.users,
      { CLIENT_CERT_CA: root.cert + issuing.cert, ...settings },
      { connection: { clientCertificates: true }, folder },
    );
    open.push(made);
    return made;
  }
  const uid = (n: number) => slapd.people.ordinary[n]?.uid ?? '';
  const forPerson = (n: number) => issuing.issue({ commonName: uid(n), clientAuth: true });

  /** Whom the page's token is for; undefined for the form. */
  async function signedIn(front: FrontChannelOn, client: KeyPair | undefined): Promise<string | undefined> {
    const page = await front.begin({}, client && { client });
    assert.equal(page.status, 200);
    if (/name="password"/.test(page.text)) return undefined;
    assert.equal(actionOf(page.text), REPLY_TO);
    const token = parseXml(fieldsOf(page.text).wresult ?? '');
    assert.equal(token.getElementsByTagName('saml:AuthenticationStatement')[0]?.getAttribute('AuthenticationMethod'), 'urn:ietf:rfc:2246');
    return token.getElementsByTagName('saml:NameIdentifier')[0]?.textContent ?? '';
  }

  it('signs a person in without a question, and shows the form without a certificate', async () => {
    const front = await on();
    assert.equal(await signedIn(front, await forPerson(0)), uid(0));
    assert.equal(await signedIn(front, await root.issue({ commonName: uid(1), clientAuth: true })), uid(1));
    assert.equal(await signedIn(front, undefined), undefined);
  });

  it('leads everybody else to the form, with the reason in the log', async () => {
    const front = await on();
    const foreign = await createCertificateAuthority('Fabrikam root');
    const day = 86_400_000;
    const { locked } = slapd.people.special;
    const cases: [string, KeyPair, RegExp][] = [
      [
        'of a foreign authority with the same name',
        await foreign.issue({ commonName: uid(2), clientAuth: true }),
        /though one of the same name is/,
      ],
      ['that nobody signed', await createSelfSigned({ commonName: uid(2), clientAuth: true }), /nobody has signed it/],
      [
        'that has expired',
        await issuing.issue({ commonName: uid(2), clientAuth: true, notAfter: new Date(Date.now() - day) }),
        /has expired/,
      ],
      [
        'that is not valid yet',
        await issuing.issue({
          commonName: uid(2),
          clientAuth: true,
          notBefore: new Date(Date.now() + day),
          notAfter: new Date(Date.now() + 2 * day),
        }),
        /not valid yet/,
      ],
      ['of a server', await issuing.issue({ commonName: uid(2), dnsNames: ['a.example'] }), /not a certificate for clients/],
      ['of nobody in the directory', await issuing.issue({ commonName: 'nobody', clientAuth: true }), /WrongUsername/],
      ['with a query for a name', await issuing.issue({ commonName: '*', clientAuth: true }), /WrongUsername/],
      ['with a filter for a name', await issuing.issue({ commonName: `${uid(2)})(uid=*`, clientAuth: true }), /WrongUsername/],
      ['of a locked account', await issuing.issue({ commonName: locked.uid, clientAuth: true }), /AccountLocked/],
    ];
    for (const [what, pair, reason] of cases) {
      const before = front.lines.length;
      assert.equal(await signedIn(front, pair), undefined, what);
      assert.match(front.lines.slice(before).join(''), reason, what);
    }
  });

  it('keeps a connection whose certificate has a wrong signature, also where the request comes after the handshake', async () => {
    const front = await on();
    const foreign = await (await createCertificateAuthority('Fabrikam root')).issue({ commonName: uid(2), clientAuth: true });
    // In TLS 1.3 the client may be done, and write, before the server is.
    const socket = connect({ port: front.front.port, host: '127.0.0.1', ca: front.ca, maxVersion: 'TLSv1.2', ...foreign });
    await once(socket, 'secureConnect');
    socket.write('GET /wsfed?wa=wsignin1.0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    assert.match(await text(socket), /name="password"/);
  });

  it('takes the certificates of no authority that is there for something else', async () => {
    // The server's own authority comes with it in a PFX, where OpenSSL would trust it for clients too.
    const servers = await createCertificateAuthority('Servers');
    const own = await servers.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] });
    writeFileSync(join(folder, 'own.pem'), own.cert + own.key);
    writeFileSync(join(folder, 'servers.pem'), servers.cert);
    const made = spawnSync('openssl', [
      'pkcs12',
      '-export',
      '-in',
      join(folder, 'own.pem'),
      '-certfile',
      join(folder, 'servers.pem'),
      '-passout',
      'pass:secret',
    ]);
    assert.equal(made.status, 0, String(made.stderr));
    const front = await frontChannelOn(
      people.users,
      { SSL_CERT: '', SSL_KEY: '', SSL_PFX: made.stdout.toString('base64'), SSL_KEY_PASSWORD: 'secret', CLIENT_CERT_CA: root.cert },
      { connection: { clientCertificates: true }, ca: servers.cert },
    );
    open.push(front);
    assert.equal(await signedIn(front, await servers.issue({ commonName: uid(3), clientAuth: true })), undefined);
    assert.match(front.lines.join(''), /not by an authority of the settings/);
    assert.equal(await signedIn(front, await root.issue({ commonName: uid(3), clientAuth: true })), uid(3));
  });

  it('asks nobody for a certificate where no authority is set', async () => {
    const front = await on({ CLIENT_CERT_CA: undefined });
    assert.equal(await signedIn(front, await forPerson(4)), undefined);
    assert.match(front.lines.join(''), /no authority is set/);
  });

  it('uses the authorities of CA_CERT where no others are set', async () => {
    const front = await on({ CLIENT_CERT_CA: undefined, CA_CERT: [root.cert, issuing.cert] });
    assert.equal(await signedIn(front, await forPerson(4)), uid(4));
  });

  it('refuses what is revoked, also on a connection from before, and everything once a list is too old', async () => {
    const [kept, lost] = [await forPerson(5), await forPerson(6)];
    const write = async (revoked: KeyPair[], nextUpdate?: Date) => {
      writeFileSync(join(folder, 'root.crl'), await root.revocationList([], nextUpdate));
      writeFileSync(join(folder, 'people.crl'), await issuing.revocationList(revoked, nextUpdate));
    };
    await write([]);
    const front = await on({ CLIENT_CERT_CRL: 'root.crl,people.crl' });
    assert.equal(await signedIn(front, lost), uid(6));
    // This one begins its request while the certificate is still good.
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
    assert.equal(await signedIn(front, kept), uid(5));
    // A list that is damaged changes nothing: what was revoked stays so.
    writeFileSync(join(folder, 'people.crl'), '-----BEGIN CRL-----\n-----END CRL-----\n');
    front.front.renew();
    assert.equal(await signedIn(front, lost), undefined);
    assert.equal(await signedIn(front, kept), uid(5));
    await write([], new Date(Date.now() - 1000));
    front.front.renew();
    assert.equal(await signedIn(front, kept), undefined);
    assert.match(front.lines.join(''), /revocation list of its authority is too old/);
  });

  it('finds people by the name that the setting says, and by no other of the certificate', async () => {
    const cn = uid(7);
    const pair = await issuing.issue({ commonName: cn, clientAuth: true, upn: uid(8), mail: `${uid(9)}@example.org` });
    for (const [by, expected] of [
      ['cn', cn],
      ['upn', uid(8)],
      ['mail', uid(9)],
    ] as const) {
      const front = await on({ CLIENT_CERT_USER: by });
      assert.equal(await signedIn(front, pair), expected, by);
      if (by !== 'cn') assert.equal(await signedIn(front, await forPerson(7)), undefined, by);
    }
    const front = await on({ CLIENT_CERT_USER: 'upn' });
    for (const upn of ['*', `${uid(8)}, othername:UPN:${uid(9)}`, `a"${uid(8)}`, `${uid(8)})(uid=*`]) {
      assert.equal(await signedIn(front, await issuing.issue({ commonName: cn, clientAuth: true, upn })), undefined, upn);
    }
  });
});
