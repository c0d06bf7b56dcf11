/**
 * Certificates for tests: a certificate authority of the test's own, and certificates that it issues. Everything is made in memory
 * when it is asked for; nothing here is trusted by any machine, and no key is kept in a file.
 */
import { webcrypto } from 'node:crypto';
// The X.509 library refuses to load without this, so it stands before it.
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
  /** One day ago by default, so that a clock that is a little behind does not matter. */
  notBefore?: Date;
  /** In ten days by default; a past date gives an expired certificate. */
  notAfter?: Date;
  /** For a client's certificate; otherwise it is a server's. */
  clientAuth?: boolean;
  /** The User Principal Name that Windows puts into the certificates of people. */
  upn?: string;
  mail?: string;
  /** Hexadecimal; a random one by default. */
  serialNumber?: string;
  /** Where its authority says that its status can be asked for (authorityInfoAccess, RFC 5280, section 4.2.2.1). */
  ocspUrls?: readonly string[];
  /** It may sign what its authority knows of certificates (RFC 6960, section 4.2.2.2); then it is neither a client's nor a server's. */
  ocspSigning?: boolean;
  /** Hexadecimal. */
  subjectKeyIdentifier?: string;
}

/** From the root on: each part with one attribute, or with several; their types by name, or as object identifiers. */
export type CertificateSubject = readonly Readonly<Record<string, string>>[];

export interface CertificateAuthority {
  /** PEM text: what a program under test is told to trust. */
  readonly cert: string;
  /** PEM text: for programs that sign in its name. */
  readonly key: string;
  issue(request: CertificateRequest): Promise<KeyPair>;
  /** Another authority, whose certificate this one has issued. */
  issueAuthority(name: string | CertificateSubject, request?: Pick<CertificateRequest, 'ocspUrls'>): Promise<CertificateAuthority>;
  /** The list of those that it has revoked (PEM). @param nextUpdate a past one makes a list that is too old */
  revocationList(revoked: readonly KeyPair[], nextUpdate?: Date): Promise<string>;
}

const DAY_MS = 24 * 60 * 60 * 1000;
// Elliptic keys are made in a millisecond where an RSA key takes some hundred.
const KEY = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * @param name the CN of the authority, or its whole name from the root on, each part with one attribute or with several; two
 *   authorities of the same name still have different keys
 */
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

/** These two are of the Internet's names and mail addresses, and have no other letters than those (RFC 4519, RFC 2985). */
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
      // The library's label is not that of RFC 7468, section 6, and OpenSSL takes no other.
      return pemLine(list.toString('pem').replaceAll(' CRL-----', ' X509 CRL-----'));
    },
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
}

/** A certificate that no authority signed, as a directory server makes for itself. */
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

/** PEM texts are joined to bundles, so each ends with a line end. */
function pemLine(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
