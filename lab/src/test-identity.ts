/** An RSA key with a self-signed certificate, made by OpenSSL: what a connector proves itself with. */
import { spawnSync } from 'node:child_process';
import { createPrivateKey, type KeyObject } from 'node:crypto';

export interface TestIdentity {
  /** Base64 DER. */
  certificate: string;
  key: KeyObject;
}

export function makeIdentity(bits = 2048): TestIdentity {
  const args = `req -x509 -newkey rsa:${bits} -nodes -sha256 -days 30 -subj /CN=corp -keyout - -out -`;
  const { stdout, stderr, status } = spawnSync('openssl', args.split(' '), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
  return { certificate: pemBody(stdout, 'CERTIFICATE'), key: createPrivateKey(stdout) };
}

/** @returns the base64 text between the lines of a PEM block */
export function pemBody(pem: string, label: string): string {
  const [, body] = new RegExp(`-----BEGIN ${label}-----([^-]+)-----END`).exec(pem) ?? [];
  return (body ?? '').replaceAll(/\s/g, '');
}
