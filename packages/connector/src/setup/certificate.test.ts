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

describe('a made certificate', () => {
  it('is what openssl reads as self-signed RSA 2048 with SHA-256, with its subject', () => {
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

  it('is valid since yesterday and for decades, and is another one each time', () => {
    assert.ok(made.certificate.validFromDate < new Date());
    assert.ok(made.certificate.validToDate > new Date('2045-01-01'));
    assert.notEqual(made.certificate.serialNumber, createCertificate(made, SUBJECT).certificate.serialNumber);
  });

  it('holds the key that signs', () => {
    const signature = createSign('sha256').update('x').sign(made.privateKey);
    assert.ok(createVerify('sha256').update('x').verify(createPublicKey(made.certificate.toString()), signature));
  });

  it('takes names of any letters and of some length', () => {
    const { certificate } = createCertificate(made, { connectionName: `Größe, "x"=+\\ ${'n'.repeat(200)}`, connectionDomain: '日本' });
    assert.match(certificate.subject, /CN=Größe/);
    assert.match(certificate.subject, /OU=日本/);
  });

  it('has the thumbprint that openssl counts', () => {
    const text = execFileSync('openssl', ['x509', '-noout', '-fingerprint', '-sha1'], {
      input: made.certificate.toString(),
      encoding: 'utf8',
    });
    assert.equal(thumbprint(made.certificate), text.split('=')[1]?.trim().replaceAll(':', '').toLowerCase());
  });
});

describe('the files', () => {
  it('are read back as they were saved, and nobody else may read them', () => {
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

  it('one of which is missing are an error that names it', () => {
    for (const [name, missing] of [
      ['cert.pem', /cert\.pem is missing/],
      ['cert.key', /cert\.key is missing/],
    ] as const) {
      saveCertificate(config().home, made);
      rmSync(join(home, 'certs', name));
      assert.throws(() => loadCertificate(config()), { code: 'CERTIFICATE_UNUSABLE', message: missing });
      rmSync(join(home, 'certs'), { recursive: true });
    }
  });

  it('that do not belong together, or are none, are an error', () => {
    saveCertificate(config().home, made);
    writeFileSync(join(home, 'certs', 'cert.key'), other.privateKeyPem);
    assert.throws(() => loadCertificate(config()), { code: 'CERTIFICATE_UNUSABLE', message: /does not belong/ });
    writeFileSync(join(home, 'certs', 'cert.key'), 'no key');
    assert.throws(() => loadCertificate(config()), { code: 'CERTIFICATE_UNUSABLE', message: /cert\.key is not a private key/ });
    writeFileSync(join(home, 'certs', 'cert.pem'), 'no certificate');
    assert.throws(() => loadCertificate(config()), { code: 'CERTIFICATE_UNUSABLE', message: /cert\.pem is not a certificate/ });
  });
});

describe('AUTH_CERT and AUTH_CERT_KEY', () => {
  const both = (cert: string, key: string) => loadCertificate(config({ OVERRIDE_CONFIG: 'false', AUTH_CERT: cert, AUTH_CERT_KEY: key }));
  it('are PEM texts, with \\n for line ends too, or paths', () => {
    const certificatePem = made.certificate.toString();
    const escaped = (pem: string) => pem.replaceAll('\n', '\\n');
    writeFileSync(join(home, 'c.pem'), certificatePem);
    writeFileSync(join(home, 'k.pem'), made.privateKeyPem);
    for (const [cert, key] of [
      [certificatePem, made.privateKeyPem],
      [escaped(certificatePem), escaped(made.privateKeyPem)],
      [join(home, 'c.pem'), 'k.pem'],
    ] as const) {
      const loaded = both(cert, key);
      assert.equal(loaded?.certificate.fingerprint256, made.certificate.fingerprint256);
      assert.equal(loaded?.privateKeyPem, made.privateKeyPem);
    }
  });

  it('that are wrong are an error that names the setting and shows no key', () => {
    const base64 = made.privateKeyPem.split('\n')[3] ?? '';
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const [key, message] of [
      [other.privateKeyPem, /AUTH_CERT_KEY does not belong/],
      [base64, /AUTH_CERT_KEY is neither/],
      [`-----BEGIN PRIVATE KEY-----\n${base64}`, /AUTH_CERT_KEY is not a private key/],
      [ec, /AUTH_CERT_KEY is not an RSA key/],
    ] as const) {
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
    }
  });
});
