/** A real directory that demands a client certificate over LDAPS and StartTLS, and accepts it for the service account. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type CertificateAuthority, createCertificateAuthority, type KeyPair, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { login, request, usersOn } from '../../test/users-on.ts';
import { LdapError } from './errors.ts';

const skip = whyNoSlapd();
let clients: CertificateAuthority;
let slapd: Slapd;
let good: KeyPair;

const pairOf = ({ cert, key }: KeyPair) => ({ cert, key, passphrase: '' });
const clientOf = (authority: CertificateAuthority, commonName: string, more = {}) =>
  authority.issue({ commonName, clientAuth: true, ...more });

before(async () => {
  if (skip) return;
  clients = await createCertificateAuthority('Client CA');
  good = await clientOf(clients, 'connector');
  slapd = await startSlapd({ users: 5, clientAuthority: clients.cert });
});
after(() => slapd?.[Symbol.asyncDispose]());

function on(pair: KeyPair | undefined, how: 'ldaps' | 'starttls', serviceAccount: 'external' | { dn: string; password: string }) {
  return usersOn({
    url: how === 'ldaps' ? slapd.ldapsUrl : slapd.url.replace('127.0.0.1', 'localhost'),
    startTls: how === 'starttls',
    serviceAccount,
    tls: { ca: [slapd.ca], insecureSkipVerify: false, clientCertificate: pair && pairOf(pair) },
  });
}

describe('a directory that demands a client certificate', { skip }, () => {
  for (const how of ['ldaps', 'starttls'] as const) {
    for (const account of ['external', 'simple'] as const) {
      it(`signs users in over ${how}, with the service account bound by ${account}`, async () => {
        const opened = on(good, how, account === 'external' ? 'external' : slapd.serviceAccount);
        try {
          const [user] = slapd.users.ordinary;
          assert.ok(user);
          const answer = await opened.users.authenticate(login(user.uid, user.password), request());
          assert.ok('profile' in answer, JSON.stringify(answer));
          const wrong = await opened.users.authenticate(login(user.uid, 'wrong'), request());
          assert.ok(!('profile' in wrong));
        } finally {
          await opened.close();
        }
      });
    }
    it(`says over ${how} that a client certificate is demanded, and which settings it needs`, async () => {
      const error = await failureOf(undefined, how, slapd.serviceAccount);
      assert.equal(error.code, 'LDAP_TLS_FAILED');
      assert.match(`${error.message}. ${error.action}`, /client certificate.*LDAP_CLIENT_CERT and LDAP_CLIENT_KEY/s);
    });
    it(`says over ${how} that the server does not accept the certificate of another authority`, async () => {
      const error = await failureOf(await clientOf(await createCertificateAuthority('Other CA'), 'connector'), how, slapd.serviceAccount);
      assert.equal(error.code, 'LDAP_TLS_FAILED');
      assert.match(`${error.message}. ${error.action}`, /client certificate.*authority that the server trusts/s);
    });
    it(`says over ${how} that the server does not accept an expired certificate`, async () => {
      const expired = await clientOf(clients, 'connector', {
        notBefore: new Date(Date.now() - 2 * 86_400_000),
        notAfter: new Date(Date.now() - 86_400_000),
      });
      assert.ok(new X509Certificate(expired.cert).validToDate.getTime() < Date.now());
      const error = await failureOf(expired, how, slapd.serviceAccount);
      assert.equal(error.code, 'LDAP_TLS_FAILED');
      assert.match(`${error.message}. ${error.action}`, /client certificate/);
    });
  }

  it('a service account whose certificate no rule maps to an account can read nothing', async () => {
    const opened = on(await clientOf(clients, 'stranger'), 'ldaps', 'external');
    try {
      const [user] = slapd.users.ordinary;
      assert.ok(user);
      assert.ok(!('profile' in (await opened.users.authenticate(login(user.uid, user.password), request()))));
    } finally {
      await opened.close();
    }
  });
});

it('says that a server which asks for no certificate does not accept SASL EXTERNAL', { skip }, async () => {
  await using plain = await startSlapd({ users: 1 });
  const opened = usersOn({
    url: plain.ldapsUrl,
    serviceAccount: 'external',
    tls: { ca: [plain.ca], insecureSkipVerify: false, clientCertificate: pairOf(good) },
  });
  try {
    await assert.rejects(opened.directory.rootDse(), (error) => {
      assert.ok(error instanceof LdapError && error.code === 'LDAP_SERVICE_BIND_REFUSED', String(error));
      assert.match(`${error.message} ${error.action}`, /SASL EXTERNAL.*LDAP_BIND_METHOD=simple/s);
      return true;
    });
  } finally {
    await opened.close();
  }
});

async function failureOf(...given: Parameters<typeof on>): Promise<LdapError> {
  const opened = on(...given);
  try {
    await opened.directory.rootDse();
  } catch (error) {
    assert.ok(error instanceof LdapError, String(error));
    return error;
  } finally {
    await opened.close();
  }
  throw new Error('the directory accepted it');
}
