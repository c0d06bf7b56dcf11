/** Certificates in the entries of a real OpenLDAP and a real Active Directory: which user each one belongs to. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  type CertificateAuthority,
  type CertificateRequest,
  type CertificateSubject,
  createCertificateAuthority,
  type KeyPair,
  type SambaDomainController,
  type SambaUserName,
  type Slapd,
  startSambaDomainController,
  startSlapd,
  whyNoSamba,
  whyNoSlapd,
} from '@landbridge/lab';
import { type FrontChannelOn, frontChannelOn } from '../../../test/front-channel-on.ts';
import { signedIn } from '../../../test/signed-in.ts';
import { type UsersOn, usersOn } from '../../../test/users-on.ts';

/** As for the other tests with a domain: provisioning takes ten seconds on an idle processor and minutes on a busy one. */
const SETUP_TIMEOUT_MS = 10 * 60_000;

const derOf = ({ cert }: KeyPair): Buffer => new X509Certificate(cert).raw;
const requestFor = (request: Partial<CertificateRequest> = {}): CertificateRequest => ({
  commonName: 'somebody',
  clientAuth: true,
  ...request,
});

async function frontFor(users: UsersOn, authorities: readonly CertificateAuthority[]): Promise<FrontChannelOn> {
  const settings = { CLIENT_CERT_CA: authorities.map(({ cert }) => cert).join(''), CLIENT_CERT_USER: 'directory' };
  return frontChannelOn(users.users, settings, { connection: { clientCertificates: true } });
}

describe('certificates in OpenLDAP', { skip: whyNoSlapd() }, () => {
  /** With everything that has to be escaped. Only ASCII: OpenLDAP 2.5 escapes other letters on one side only and does not find them. */
  const NAMES: CertificateSubject[] = [
    [{ CN: 'Fabrikam people' }],
    [{ DC: 'test' }, { DC: 'fabrikam' }, { O: 'Fabrikam, "Inc."; <a+b> = c\\d' }, { CN: ' #1 ' }],
    [{ C: 'DE', ST: 'Bayern' }, { L: '#Hof', '2.5.4.9': ' 1' }, { E: 'ca@fabrikam.example' }],
    [
      { '2.5.4.5': '12' },
      { '0.9.2342.19200300.100.1.1': 'ca' },
      { '2.5.4.12': 'CA' },
      { CN: 'a", serialNumber 1, issuer rdnSequence:"CN=b' },
    ],
  ];
  let slapd: Slapd;
  let users: UsersOn;
  let front: FrontChannelOn;
  let authorities: CertificateAuthority[];
  /** One of each authority. */
  let own: KeyPair[];
  let shared: KeyPair;

  before(async () => {
    authorities = await Promise.all(NAMES.map((name) => createCertificateAuthority(name)));
    own = await Promise.all(authorities.map((authority, n) => authority.issue(requestFor({ serialNumber: `00ff1${n}00` }))));
    shared = await first().issue(requestFor());
    const entry = (uid: string, certificates: KeyPair[]) => ({
      dn: `uid=${uid},ou=people,dc=example,dc=org`,
      attributes: { objectClass: ['inetOrgPerson'], uid: [uid], cn: [uid], sn: [uid], 'userCertificate;binary': certificates.map(derOf) },
    });
    slapd = await startSlapd({
      users: 3,
      entries: [...own.map((pair, n) => entry(`owner${n}`, [pair])), entry('one', [shared]), entry('other', [shared])],
    });
    users = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount });
    front = await frontFor(users, authorities);
  });
  after(async () => {
    await front?.close();
    await users?.close();
    await slapd?.[Symbol.asyncDispose]();
  });
  const first = (): CertificateAuthority => authorities[0] ?? assert.fail();

  it('identify the user who has one in userCertificate', async () => {
    for (const [n, pair] of own.entries()) assert.equal(await signedIn(front, pair), `owner${n}`);
  });

  it('identify no user if no entry has one, or two have the same', async () => {
    assert.equal(await signedIn(front, await first().issue(requestFor({ commonName: 'owner0' }))), undefined);
    assert.equal(await signedIn(front, shared), undefined);
    assert.match(front.lines.join(''), /WrongUsername/);
  });

  it('identify no user by the serial number of another authority', async () => {
    const { serialNumber } = new X509Certificate(own[0]?.cert ?? '');
    for (const authority of authorities.slice(1)) {
      assert.equal(await signedIn(front, await authority.issue(requestFor({ serialNumber }))), undefined);
    }
  });
});

describe('certificates in Active Directory', { skip: whyNoSamba() }, () => {
  const NAMES: CertificateSubject[] = [
    [{ DC: 'com' }, { DC: 'fabrikam' }, { CN: 'Fabrikam-CA' }],
    [
      { C: 'DE', O: 'Fabrikam' },
      { ST: 'Bayern' },
      { E: 'ca@fabrikam.example' },
      { CN: 'Fabrikam, "Zürich"; <東京> ' },
      { '2.5.4.97': 'NTRDE-1' },
    ],
    // Each of these would equal the first one if its parts were concatenated without quotes.
    [{ DC: 'com,DC=fabrikam' }, { CN: 'Fabrikam-CA' }],
    [{ DC: 'com' }, { DC: 'fabrikam' }, { CN: 'Fabrikam-CA<SR>10ff' }],
    [{ DC: 'com' }, { DC: 'fabrikam' }, { CN: 'Fabrikam-CA\n' }],
  ];
  /** In the notation of Microsoft's guides. */
  const PLAIN = 'X509:<I>DC=com,DC=fabrikam,CN=Fabrikam-CA';
  const RICH = 'X509:<I>C=DE + O=Fabrikam,S=Bayern,E=ca@fabrikam.example,CN="Fabrikam, ""Zürich""; <東京> ",OID.2.5.4.97=NTRDE-1';
  let dc: SambaDomainController;
  let users: UsersOn;
  let front: FrontChannelOn;
  let authorities: CertificateAuthority[];

  before(
    async () => {
      authorities = await Promise.all(NAMES.map((name) => createCertificateAuthority(name)));
      dc = await startSambaDomainController();
      users = usersOn({ url: dc.ldapsUrl, ca: dc.caPem, serviceAccount: dc.serviceAccount });
      front = await frontFor(users, authorities);
    },
    { timeout: SETUP_TIMEOUT_MS },
  );
  after(async () => {
    await front?.close();
    await users?.close();
    await dc?.[Symbol.asyncDispose]();
  });

  const issue = (n: number, request: Partial<CertificateRequest> = {}) => (authorities[n] ?? assert.fail()).issue(requestFor(request));
  const names = (user: SambaUserName, altSecurityIdentities: string[], userCertificate: Buffer[] = []) =>
    dc.modify([{ dn: dc.users[user].dn, attributes: { altSecurityIdentities, userCertificate } }]);
  const account = (pair: KeyPair) => signedIn(front, pair, 'sAMAccountName');

  it('identify the user by issuer and serial number, little-endian without leading zeros', async () => {
    await names('alice', [`${PLAIN}<SR>10ff`]);
    await names('bob', ['X509:<SKI>00', `${RICH}<SR>000302010A`]);
    assert.equal(await account(await issue(0, { serialNumber: '00ff10' })), 'alice');
    assert.equal(await account(await issue(1, { serialNumber: '0a01020300' })), 'bob');
    for (const serialNumber of ['10ff', 'ff10ff', '01ff10', 'ff1000']) {
      assert.equal(await account(await issue(0, { serialNumber })), undefined, serialNumber);
    }
  });

  it('do not confuse the names of authorities', async () => {
    await names('alice', [`${PLAIN}<SR>10ff`, `${PLAIN}<SR>10ff<SR>10ff`]);
    await names('bob', []);
    for (const n of [1, 2, 3, 4]) assert.equal(await account(await issue(n, { serialNumber: '00ff10' })), undefined, String(n));
    assert.equal(await account(await issue(3, { commonName: 'alice', serialNumber: '11' })), undefined);
  });

  it('identify the user by key identifier, hash of key or certificate, or the whole certificate', async () => {
    const pair = await issue(0, { subjectKeyIdentifier: '00a1b2c3d4' });
    const bare = await issue(0);
    const sha1 = (bytes: Buffer) => createHash('sha1').update(bytes).digest('hex');
    const key = (of: KeyPair) => new X509Certificate(of.cert).publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
    await names('alice', ['X509:<SKI>00A1B2C3D4']);
    assert.equal(await account(pair), 'alice');
    assert.equal(await account(bare), undefined);
    for (const identity of [sha1(key(bare)), sha1(derOf(bare))]) {
      await names('alice', [`X509:<SHA1-PUKEY>${identity}`]);
      assert.equal(await account(bare), 'alice');
      assert.equal(await account(pair), undefined);
    }
    await names('alice', [], [derOf(pair), derOf(await issue(1))]);
    assert.equal(await account(pair), 'alice');
    assert.equal(await account(bare), undefined);
  });

  it('identify no user by weak mappings, or by a mapping of two users', async () => {
    const pair = await issue(0, { commonName: 'alice', mail: 'alice@fabrikam.example', upn: 'alice', serialNumber: '0b01' });
    const weak = ['X509:<S>CN=alice', `${PLAIN}<S>CN=alice`, 'X509:<RFC822>alice@fabrikam.example', `${PLAIN}<SR>`, 'X509:<SKI>'];
    await names('alice', weak);
    assert.equal(await account(pair), undefined);
    await names('alice', [`${PLAIN}<SR>010b`]);
    assert.equal(await account(pair), 'alice');
    await names('bob', [`${PLAIN}<SR>010B`]);
    assert.equal(await account(pair), undefined);
    await names('bob', []);
    await names('disabled', [`${PLAIN}<SR>020b`]);
    assert.equal(await account(await issue(0, { serialNumber: '0b02' })), undefined);
    assert.match(front.lines.join(''), /Account ?disabled/i);
  });
});
