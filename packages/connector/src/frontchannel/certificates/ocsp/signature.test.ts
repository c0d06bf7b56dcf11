/** Signatures made by OpenSSL with every supported algorithm. Certificates are signed like responses, so the tests use certificates. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { whyNoOcspResponder } from '@landbridge/lab';
import { BerReader } from '../../../asn1/ber-reader.ts';
import { isSigned } from './signature.ts';

describe('isSigned', { skip: whyNoOcspResponder() }, () => {
  function selfSigned(...args: string[]): { certificate: X509Certificate; data: Buffer; algorithm: Buffer; signature: Buffer } {
    const folder = mkdtempSync(join(tmpdir(), 'landbridge-signature-'));
    try {
      const made = spawnSync('openssl', ['req', '-x509', '-nodes', '-subj', '/CN=a', '-keyout', join(folder, 'key'), ...args]);
      assert.equal(made.status, 0, String(made.stderr));
      const certificate = new X509Certificate(made.stdout);
      const content = new BerReader(certificate.raw, Error).enter(0x30);
      return { certificate, data: content.readElement(), algorithm: content.readElement(), signature: content.readBits() };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const PSS = ['-sigopt', 'rsa_padding_mode:pss'];
  const ec = (curve: string) => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`];
  const supported: Record<string, string[]> = {
    'RSA with SHA-256': ['-newkey', 'rsa:2048', '-sha256'],
    'RSA with SHA-384': ['-newkey', 'rsa:2048', '-sha384'],
    'RSA with SHA-512': ['-newkey', 'rsa:2048', '-sha512'],
    'RSA-PSS with SHA-256': ['-newkey', 'rsa:2048', '-sha256', ...PSS],
    'RSA-PSS with SHA-384': ['-newkey', 'rsa:2048', '-sha384', ...PSS],
    'RSA-PSS with SHA-512 and an RSA-PSS key': ['-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048', '-sha512'],
    'ECDSA with SHA-256': [...ec('P-256'), '-sha256'],
    'ECDSA with SHA-384': [...ec('P-384'), '-sha384'],
    'ECDSA with SHA-512': [...ec('P-521'), '-sha512'],
    Ed25519: ['-newkey', 'ed25519'],
    Ed448: ['-newkey', 'ed448'],
  };
  let other: X509Certificate;
  before(() => {
    other = selfSigned('-newkey', 'ed25519').certificate;
  });

  for (const [name, args] of Object.entries(supported)) {
    it(`verifies ${name}, for the signed data and key only`, () => {
      const { certificate, data, algorithm, signature } = selfSigned(...args);
      const { publicKey } = certificate;
      assert.equal(isSigned(data, { algorithm, signature, publicKey }), true);
      assert.equal(isSigned(Buffer.concat([data, Buffer.of(0)]), { algorithm, signature, publicKey }), false);
      assert.equal(isSigned(data, { algorithm, signature: signature.subarray(1), publicKey }), false);
      assert.equal(isSigned(data, { algorithm, signature: Buffer.alloc(0), publicKey }), false);
      assert.equal(isSigned(data, { algorithm, signature, publicKey: other.publicKey }), false);
    });
  }

  it('rejects SHA-1', () => {
    for (const args of [[], PSS]) {
      const { certificate, data, algorithm, signature } = selfSigned('-newkey', 'rsa:2048', '-sha1', ...args);
      assert.throws(
        () => isSigned(data, { algorithm, signature, publicKey: certificate.publicKey }),
        /unsupported signature algorithm|unknown RSA-PSS hash/,
      );
    }
  });
});
