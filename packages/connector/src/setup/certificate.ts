/**
 * The connector's own key and certificate: it authenticates to the hub with the key, and registers the certificate once. Both are created
 * once and never overwritten, because another certificate would have to be registered again.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CodedError, errorCodeOf, readTextFile, writePrivateFile } from '@landbridge/runtime';
import type { Config } from '../config/load.ts';
import { selfSignedCertificate } from './self-signed.ts';

export interface ConnectorKey {
  privateKey: KeyObject;
  /** The exact text of the file or setting: LDAP_BIND_CREDENTIALS is encrypted with it. */
  privateKeyPem: string;
}

export interface ConnectorCertificate extends ConnectorKey {
  certificate: X509Certificate;
}

/** RSA, because Auth0 hubs verify the connector's token with RS256 only. */
const RSA_BITS = 2048;
/** The certificate is never renewed: the hub only compares it with the registered one. Later times need another encoding (RFC 5280, section 4.1.2.5). */
const NOT_AFTER = new Date('2049-12-31T23:59:59Z');

/**
 * @returns the pair from AUTH_CERT and AUTH_CERT_KEY, else from `certs/`; undefined if there is none yet
 * @throws CodedError CERTIFICATE_UNUSABLE: one half is missing, a text or file is not PEM, or certificate and key do not match
 */
export function loadCertificate(config: Pick<Config, 'home' | 'values' | 'candidate'>): ConnectorCertificate | undefined {
  const { home, values, candidate } = config;
  if (values.AUTH_CERT !== undefined && values.AUTH_CERT_KEY !== undefined) {
    return pair(
      pemOf(values.AUTH_CERT, home.folder, 'AUTH_CERT'),
      pemOf(values.AUTH_CERT_KEY, home.folder, 'AUTH_CERT_KEY'),
      'AUTH_CERT',
      'AUTH_CERT_KEY',
    );
  }
  if (candidate !== undefined) {
    return candidate.certificate && pair(candidate.certificate.certificatePem, candidate.certificate.privateKeyPem, 'cert.pem', 'cert.key');
  }
  const certificatePem = existsSync(home.certFile) ? readFile(home.certFile, home.certFile) : undefined;
  const privateKeyPem = existsSync(home.keyFile) ? readFile(home.keyFile, home.keyFile) : undefined;
  if (certificatePem === undefined && privateKeyPem === undefined) return undefined;
  if (certificatePem === undefined || privateKeyPem === undefined) {
    const [missing, there] = certificatePem === undefined ? [home.certFile, home.keyFile] : [home.keyFile, home.certFile];
    throw unusable(`${missing} is missing, but ${there} exists`, {
      action: `Restore ${missing}. If it is lost, move ${there} away: a new pair is created and registered, and the password of the service account must be set again.`,
    });
  }
  return pair(certificatePem, privateKeyPem, home.certFile, home.keyFile);
}

/** Creates a key without saving it. Takes a few hundred milliseconds. */
export function createKey(): ConnectorKey {
  const { privateKey: privateKeyPem } = generateKeyPairSync('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { privateKey: createPrivateKey(privateKeyPem), privateKeyPem };
}

/** Creates a certificate without saving it. */
export function createCertificate(key: ConnectorKey, subject: { connectionName: string; connectionDomain: string }): ConnectorCertificate {
  const der = selfSignedCertificate(key.privateKey, {
    commonName: subject.connectionName,
    organizationalUnit: subject.connectionDomain,
    // Yesterday, because the hub's clock may be behind.
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: NOT_AFTER,
  });
  return { ...key, certificate: new X509Certificate(der) };
}

/** @throws CodedError CERTIFICATE_UNUSABLE if one of the files exists by now, or cannot be written */
export function saveCertificate(home: Config['home'], made: ConnectorCertificate): void {
  for (const path of [home.keyFile, home.certFile]) {
    if (existsSync(path)) throw unusable(`${path} exists already and is not overwritten`, { action: 'Start the connector again.' });
  }
  try {
    writePrivateFile(home.keyFile, made.privateKeyPem);
    writePrivateFile(home.certFile, made.certificate.toString());
  } catch (error) {
    throw unusable(`${home.keyFile} and ${home.certFile} cannot be written`, {
      action: 'Allow the account that runs the connector to write there, or set AUTH_CERT and AUTH_CERT_KEY.',
      cause: error,
    });
  }
}

/** The SHA-1 thumbprint that hubs identify a certificate by, in lower-case hexadecimal. */
export function thumbprint(certificate: X509Certificate): string {
  return createHash('sha1').update(certificate.raw).digest('hex');
}

function pair(certificatePem: string, privateKeyPem: string, certificateName: string, keyName: string): ConnectorCertificate {
  let certificate: X509Certificate;
  let privateKey: KeyObject;
  try {
    certificate = new X509Certificate(certificatePem);
  } catch (error) {
    throw unusable(`${certificateName} is not a PEM certificate`, { cause: error });
  }
  try {
    privateKey = createPrivateKey(privateKeyPem);
  } catch {
    // OpenSSL's error is not helpful, and might quote the key.
    throw unusable(`${keyName} is not a PEM private key, or it is encrypted`);
  }
  if (privateKey.asymmetricKeyType !== 'rsa') throw unusable(`${keyName} is not an RSA key, which hubs require`);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw unusable(`the certificate ${certificateName} and the private key ${keyName} do not match`, {
      action: 'Restore both from the same backup or export.',
    });
  }
  return { certificate, privateKey, privateKeyPem };
}

/** Reads PEM text, in which `\n` may stand for line ends, or the path of a file. */
function pemOf(given: string, folder: string, name: string): string {
  if (given.includes('-----BEGIN ')) return given.includes('\n') ? given : given.replaceAll('\\n', '\n');
  return readFile(resolve(folder, given), name);
}

function readFile(path: string, name: string): string {
  try {
    return readTextFile(path);
  } catch (error) {
    // The value may be a damaged key instead of a path, so it is not shown.
    throw unusable(`${name} is neither PEM text nor a readable file`, {
      cause: errorCodeOf(error),
    });
  }
}

function unusable(what: string, options: { action?: string; cause?: unknown } = {}): CodedError {
  return new CodedError('CERTIFICATE_UNUSABLE', `The connector's own certificate cannot be used: ${what}`, {
    action: 'Correct it, or restore the files in certs/ from a backup.',
    ...options,
  });
}
