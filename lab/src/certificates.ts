/**
 * Certificates for tests: a certificate authority of the test's own, and certificates that it issues. Everything is made in memory
 * when it is asked for; nothing here is trusted by any machine, and no key is kept in a file.
 */
import { webcrypto } from 'node:crypto';
// The X.509 library refuses to load without this, so it stands before it.
import './reflect-metadata.ts';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto);

/** PEM texts of a certificate and of its private key (PKCS #8). */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface CertificateRequest {
  /** The subject's CN. Clients look for names in `dnsNames` and `ips` only (RFC 9525, section 2). */
  commonName: string;
  dnsNames?: string[];
  ips?: string[];
  /** One day ago by default, so that a clock that is a little behind does not matter. */
  notBefore?: Date;
  /** In ten days by default; a past date gives an expired certificate. */
  notAfter?: Date;
  /** For a client's certificate; otherwise it is a server's. */
  clientAuth?: boolean;
}

export interface CertificateAuthority {
  /** PEM text: what a program under test is told to trust. */
  readonly cert: string;
  issue(request: CertificateRequest): Promise<KeyPair>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
// Elliptic keys are made in a millisecond where an RSA key takes some hundred.
const KEY = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** @param commonName the CN of the authority; two authorities of the same name still have different keys */
export async function createCertificateAuthority(commonName = 'Landbridge test CA'): Promise<CertificateAuthority> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const name = [{ CN: [commonName] }];
  const authority = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: KEY,
    ...validity({}),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    cert: pemLine(authority.toString('pem')),
    async issue(request) {
      const own = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
      const certificate = await X509CertificateGenerator.create({
        subject: [{ CN: [request.commonName] }],
        issuer: name,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: KEY,
        ...validity(request),
        extensions: leafExtensions(request),
      });
      return { cert: pemLine(certificate.toString('pem')), key: await keyPem(own.privateKey) };
    },
  };
}

/** A certificate that no authority signed, as a directory server makes for itself. */
export async function createSelfSigned(request: CertificateRequest): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [request.commonName] }],
    keys,
    signingAlgorithm: KEY,
    ...validity(request),
    extensions: leafExtensions(request),
  });
  return { cert: pemLine(certificate.toString('pem')), key: await keyPem(keys.privateKey) };
}

function validity(request: { notBefore?: Date; notAfter?: Date }): { notBefore: Date; notAfter: Date } {
  const notAfter = request.notAfter ?? new Date(Date.now() + 10 * DAY_MS);
  return { notBefore: request.notBefore ?? new Date(Math.min(Date.now(), notAfter.getTime()) - DAY_MS), notAfter };
}

function leafExtensions(request: CertificateRequest) {
  const names: JsonGeneralName[] = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([request.clientAuth ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
  ];
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const base64 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${base64.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

/** PEM texts are joined to bundles, so each ends with a line end. */
function pemLine(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
