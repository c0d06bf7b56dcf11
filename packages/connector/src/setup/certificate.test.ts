import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey, createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { loadConfig } from '../config/load.ts';
import { type ConnectorCertificate, createCertificate, createKey, loadCertificate, saveCertificate, thumbprint } from './certificate.ts';

const SUBJECT = { connectionName: 'fabrikam-ad', connectionDomain: 'fabrikam.example' };
let made: ConnectorCertificate;
let other: ConnectorCertificate;
let home: string;
before(() => {
  made = createCertificate(createKey(), SUBJECT);
  other = createCertificate(createKey(), SUBJECT);
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'certificate-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const config = (environment: Record<string, string> = {}) => loadConfig(home, environment);

describe('a created certificate', () => {
  it('is self-signed RSA 2048 with SHA-256 and its subject, as openssl reads it', () => {
    const file = join(home, 'cert.pem');
    writeFileSync(file, made.certificate.toString());
    const text = execFileSync('openssl', ['x509', '-in', file, '-noout', '-text', '-nameopt', 'RFC2253'], { encoding: 'utf8' });
    assert.match(text, /Subject: OU=fabrikam\.example,CN=fabrikam-ad/);
    assert.match(text, /Issuer: OU=fabrikam\.example,CN=fabrikam-ad/);
    assert.match(text, /Signature Algorithm: sha256WithRSAEncryption/);
    assert.match(text, /Public-Key: \(2048 bit\)/);
    assert.match(text, /Version: 3/);
    assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
    assert.match(text, /Key Usage: critical\s+Digital Signature\s/);
    const verified = execFileSync('openssl', ['verify', '-check_ss_sig', '-CAfile', file, file], { encoding: 'utf8' });
    assert.match(verified, /OK/);
  });

  it('is valid from yesterday for decades, and differs each time', () => {
    assert.ok(made.certificate.validFromDate < new Date());
    assert.ok(made.certificate.validToDate > new Date('2045-01-01'));
    assert.notEqual(made.certificate.serialNumber, createCertificate(made, SUBJECT).certificate.serialNumber);
  });

  it('contains the public key of the signing key', () => {
    const signature = createSign('sha256').update('x').sign(made.privateKey);
    assert.ok(createVerify('sha256').update('x').verify(createPublicKey(made.certificate.toString()), signature));
  });

  it('accepts long names and names in any script', () => {
    const { certificate } = createCertificate(made, { connectionName: `Größe, "x"=+\\ ${'n'.repeat(200)}`, connectionDomain: '日本' });
    assert.match(certificate.subject, /CN=Größe/);
    assert.match(certificate.subject, /OU=日本/);
  });

  it('has the thumbprint that openssl computes', () => {
    const text = execFileSync('openssl', ['x509', '-noout', '-fingerprint', '-sha1'], {
      input: made.certificate.toString(),
      encoding: 'utf8',
    });
    assert.equal(thumbprint(made.certificate), text.split('=')[1]?.trim().replaceAll(':', '').toLowerCase());
  });
});

describe('the certificate files', () => {
  it('are read back as they were saved, and only their owner can read them', () => {
    assert.equal(loadCertificate(config()), undefined);
    saveCertificate(config().home, made);
    const loaded = loadCertificate(config());
    assert.equal(loaded?.certificate.fingerprint256, made.certificate.fingerprint256);
    assert.equal(loaded?.privateKeyPem, made.privateKeyPem);
    for (const name of ['cert.key', 'cert.pem']) assert.equal(statSync(join(home, 'certs', name)).mode & 0o777, 0o600, name);
  });

  it('are never overwritten', () => {
    saveCertificate(config().home, made);
    assert.throws(() => saveCertificate(config().home, other), { code: 'CERTIFICATE_UNUSABLE' });
    assert.equal(readFileSync(join(home, 'certs', 'cert.key'), 'utf8'), made.privateKeyPem);
  });

  for (const [name, missing] of [
    ['cert.pem', /cert\.pem is missing/],
    ['cert.key', /cert\.key is missing/],
  ] as const) {
    it(`cause an error if ${name} is missing`, () => {
      saveCertificate(config().home, made);
      rmSync(join(home, 'certs', name));
      assert.throws(() => loadCertificate(config()), { code: 'CERTIFICATE_UNUSABLE', message: missing });
    });
  }

  it('cause an error if they do not match or are not PEM', () => {
    saveCertificate(config().home, made);
    writeFileSync(join(home, 'certs', 'cert.key'), other.privateKeyPem);
    assert.throws(() => loadCertificate(config()), { code: 'CERTIFICATE_UNUSABLE', message: /do not match/ });
    writeFileSync(join(home, 'certs', 'cert.key'), 'no key');
    assert.throws(() => loadCertificate(config()), { code: 'CERTIFICATE_UNUSABLE', message: /cert\.key is not a PEM private key/ });
    writeFileSync(join(home, 'certs', 'cert.pem'), 'no certificate');
    assert.throws(() => loadCertificate(config()), { code: 'CERTIFICATE_UNUSABLE', message: /cert\.pem is not a PEM certificate/ });
  });
});

describe('AUTH_CERT and AUTH_CERT_KEY', () => {
  const both = (cert: string, key: string) => loadCertificate(config({ OVERRIDE_CONFIG: 'false', AUTH_CERT: cert, AUTH_CERT_KEY: key }));
  it('accept PEM texts and paths', async (t) => {
    const certificatePem = made.certificate.toString();
    const escaped = (pem: string) => pem.replaceAll('\n', '\\n');
    for (const [title, cert, key] of [
      ['texts', certificatePem, made.privateKeyPem],
      ['texts with \\n for line ends', escaped(certificatePem), escaped(made.privateKeyPem)],
      ['paths', 'c.pem', 'k.pem'],
    ] as const) {
      await t.test(title, () => {
        writeFileSync(join(home, 'c.pem'), certificatePem);
        writeFileSync(join(home, 'k.pem'), made.privateKeyPem);
        const loaded = both(cert === 'c.pem' ? join(home, cert) : cert, key);
        assert.equal(loaded?.certificate.fingerprint256, made.certificate.fingerprint256);
        assert.equal(loaded?.privateKeyPem, made.privateKeyPem);
      });
    }
  });

  it('cause an error that names the setting and shows no key', async (t) => {
    const base64 = made.privateKeyPem.split('\n')[3] ?? '';
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const [title, key, message] of [
      ['the key of another certificate', other.privateKeyPem, /AUTH_CERT_KEY do not match/],
      ['neither PEM nor a path', base64, /AUTH_CERT_KEY is neither/],
      ['damaged PEM', `-----BEGIN PRIVATE KEY-----\n${base64}`, /AUTH_CERT_KEY is not a PEM private key/],
      ['an EC key', ec, /AUTH_CERT_KEY is not an RSA key/],
    ] as const) {
      await t.test(title, () => {
        assert.throws(
          () => both(made.certificate.toString(), key),
          (error) => {
            assert.ok(error instanceof CodedError);
            assert.equal(error.code, 'CERTIFICATE_UNUSABLE');
            assert.match(error.message, message);
            assert.ok(!`${error.stack}${String(error.cause)}`.includes(base64));
            return true;
          },
        );
      });
    }
  });
});
