/** A certificate authority for tests. Its keys and certificates exist in memory only, and no machine trusts them. */
import { webcrypto } from 'node:crypto';
// The X.509 library does not load without this.
import './reflect-metadata.ts';
import {
  AuthorityInfoAccessExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  GeneralName,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
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
  /** One day ago by default, to tolerate clock skew. */
  notBefore?: Date;
  /** In ten days by default; a past date makes the certificate expired. */
  notAfter?: Date;
  /** Makes a client certificate instead of a server certificate. */
  clientAuth?: boolean;
  /** The User Principal Name in Windows certificates of users. */
  upn?: string;
  mail?: string;
  /** Hexadecimal; random by default. */
  serialNumber?: string;
  /** Addresses of OCSP responders (authorityInfoAccess, RFC 5280, section 4.2.2.1). */
  ocspUrls?: readonly string[];
  /** Makes a certificate of a delegated OCSP responder (RFC 6960, section 4.2.2.2). */
  ocspSigning?: boolean;
  /** Hexadecimal. */
  subjectKeyIdentifier?: string;
}

/** From the root on. Each part has one or more attributes; types are names or object identifiers. */
export type CertificateSubject = readonly Readonly<Record<string, string>>[];

export interface CertificateAuthority {
  /** PEM, for programs that trust this authority. */
  readonly cert: string;
  /** PEM, for programs that sign as this authority. */
  readonly key: string;
  issue(request: CertificateRequest): Promise<KeyPair>;
  /** Creates an intermediate authority. */
  issueAuthority(name: string | CertificateSubject, request?: Pick<CertificateRequest, 'ocspUrls'>): Promise<CertificateAuthority>;
  /**
   * @returns a revocation list (PEM)
   * @param nextUpdate a past date makes it outdated
   */
  revocationList(revoked: readonly KeyPair[], nextUpdate?: Date): Promise<string>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
// Creating an EC key takes a millisecond, an RSA key a hundred.
const KEY = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** @param name the CN, or the whole name from the root on; authorities with the same name still have different keys */
export async function createCertificateAuthority(name: string | CertificateSubject = 'Landbridge test CA'): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: nameOf(name),
    keys,
    signingAlgorithm: KEY,
    ...validity({}),
    extensions: AUTHORITY_EXTENSIONS,
  });
  return authorityOf(nameOf(name), certificate, keys);
}

function nameOf(name: string | CertificateSubject): Name {
  const parts = typeof name === 'string' ? [{ CN: name }] : name;
  return new Name(
    parts.map((part) => Object.fromEntries(Object.entries(part).map(([type, value]) => [type, [{ [stringType(type)]: value }]]))),
  );
}

/** Attributes of Internet names are ASCII (RFC 4519, RFC 2985). */
function stringType(attribute: string): 'ia5String' | 'utf8String' {
  return attribute === 'DC' || attribute === 'E' ? 'ia5String' : 'utf8String';
}

const AUTHORITY_EXTENSIONS = [
  new BasicConstraintsExtension(true, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
];

async function authorityOf(issuer: Name, certificate: X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<CertificateAuthority> {
  const signing = { issuer, signingKey: keys.privateKey, signingAlgorithm: KEY };
  return {
    cert: pemLine(certificate.toString('pem')),
    key: await keyPem(keys.privateKey),
    async issue(request) {
      const own = await newKeys();
      const issued = await X509CertificateGenerator.create({
        ...signing,
        subject: [{ CN: [request.commonName] }],
        publicKey: own.publicKey,
        ...validity(request),
        ...(request.serialNumber === undefined ? {} : { serialNumber: request.serialNumber }),
        extensions: leafExtensions(request),
      });
      return { cert: pemLine(issued.toString('pem')), key: await keyPem(own.privateKey) };
    },
    async issueAuthority(name, request = {}) {
      const own = await newKeys();
      const issued = await X509CertificateGenerator.create({
        ...signing,
        subject: nameOf(name),
        publicKey: own.publicKey,
        ...validity({}),
        extensions: [...AUTHORITY_EXTENSIONS, ...responders(request)],
      });
      return authorityOf(nameOf(name), issued, own);
    },
    async revocationList(revoked, nextUpdate = new Date(Date.now() + DAY_MS)) {
      const thisUpdate = new Date(Math.min(Date.now(), nextUpdate.getTime()) - DAY_MS);
      const entries = revoked.map(({ cert }) => ({
        serialNumber: new X509Certificate(cert).serialNumber,
        revocationDate: thisUpdate,
        reason: X509CrlReason.keyCompromise,
      }));
      const list = await X509CrlGenerator.create({ ...signing, thisUpdate, nextUpdate, entries });
      // The library's label differs from RFC 7468, section 6, and OpenSSL rejects it.
      return pemLine(list.toString('pem').replaceAll(' CRL-----', ' X509 CRL-----'));
    },
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
}

/** A self-signed certificate, like the default of many directory servers. */
export async function createSelfSigned(request: CertificateRequest): Promise<KeyPair> {
  const keys = await newKeys();
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
    ...(request.upn === undefined ? [] : [{ type: 'upn' as const, value: request.upn }]),
    ...(request.mail === undefined ? [] : [{ type: 'email' as const, value: request.mail }]),
  ];
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage(request)]),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
    ...(request.subjectKeyIdentifier === undefined ? [] : [new SubjectKeyIdentifierExtension(request.subjectKeyIdentifier)]),
    ...responders(request),
  ];
}

function usage({ ocspSigning, clientAuth }: CertificateRequest): ExtendedKeyUsage {
  if (ocspSigning) return ExtendedKeyUsage.ocspSigning;
  return clientAuth ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth;
}

function responders({ ocspUrls = [] }: Pick<CertificateRequest, 'ocspUrls'>): Extension[] {
  return ocspUrls.length === 0 ? [] : [new AuthorityInfoAccessExtension({ ocsp: ocspUrls.map((url) => new GeneralName('url', url)) })];
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const base64 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${base64.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

/** A line end at the end, so that PEM texts can be concatenated. */
function pemLine(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
