/**
 * The connector's own key and certificate: with the key it proves to the hub who it is, the certificate is what the hub is told once.
 * Made once, kept for ever after, never overwritten: a new one would have to be registered anew.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CodedError } from '@landbridge/runtime';
import type { Config } from '../config/load.ts';
import { writePrivateFile } from '../config/write-private-file.ts';
import { selfSignedCertificate } from './self-signed.ts';

export interface ConnectorKey {
  privateKey: KeyObject;
  /** As it stands in the file or setting: LDAP_BIND_CREDENTIALS is encrypted with the text. */
  privateKeyPem: string;
}

export interface ConnectorCertificate extends ConnectorKey {
  certificate: X509Certificate;
}

/** RSA, because installed hubs verify the connector's token by RS256 only. */
const RSA_BITS = 2048;
/** Nobody renews it: the hub compares it with the one it was told. RFC 5280 has no longer time than this year. */
const NOT_AFTER = new Date('2049-12-31T23:59:59Z');

/**
 * @returns key and certificate of AUTH_CERT and AUTH_CERT_KEY, else of `certs/`; undefined where there is none yet
 * @throws CodedError CERTIFICATE_UNUSABLE: one half is missing, a text or file is not PEM, or the key is of another certificate
 */
export function loadCertificate(
  config: Pick<Config, 'home' | 'environmentOnly' | 'values' | 'candidate'>,
): ConnectorCertificate | undefined {
  const { home, environmentOnly, values, candidate } = config;
  if (values.AUTH_CERT !== undefined && values.AUTH_CERT_KEY !== undefined) {
    return pair(
      pemOf(values.AUTH_CERT, home.folder, 'AUTH_CERT'),
      pemOf(values.AUTH_CERT_KEY, home.folder, 'AUTH_CERT_KEY'),
      'AUTH_CERT',
      'AUTH_CERT_KEY',
    );
  }
  if (environmentOnly) return undefined;
  if (candidate !== undefined) {
    return candidate.certificate && pair(candidate.certificate.certificatePem, candidate.certificate.privateKeyPem, 'cert.pem', 'cert.key');
  }
  const certificatePem = existsSync(home.certFile) ? readFile(home.certFile, home.certFile) : undefined;
  const privateKeyPem = existsSync(home.keyFile) ? readFile(home.keyFile, home.keyFile) : undefined;
  if (certificatePem === undefined && privateKeyPem === undefined) return undefined;
  if (certificatePem === undefined || privateKeyPem === undefined) {
    const [missing, there] = certificatePem === undefined ? [home.certFile, home.keyFile] : [home.keyFile, home.certFile];
    throw unusable(`${missing} is missing, and ${there} is there`, {
      action: `Put ${missing} back. If it is lost, move ${there} away: a new pair is made and registered, and the password of the service account must be set again.`,
    });
  }
  return pair(certificatePem, privateKeyPem, home.certFile, home.keyFile);
}

/** A new key; nothing is saved. Takes some hundred milliseconds. */
export function createKey(): ConnectorKey {
  const { privateKey: privateKeyPem } = generateKeyPairSync('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { privateKey: createPrivateKey(privateKeyPem), privateKeyPem };
}

/** A certificate for this key; nothing is saved. */
export function createCertificate(key: ConnectorKey, subject: { connectionName: string; connectionDomain: string }): ConnectorCertificate {
  const der = selfSignedCertificate(key.privateKey, {
    commonName: subject.connectionName,
    organizationalUnit: subject.connectionDomain,
    // A day ago: the hub's clock may be behind.
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: NOT_AFTER,
  });
  return { ...key, certificate: new X509Certificate(der) };
}

/** @throws CodedError CERTIFICATE_UNUSABLE where one of the files is there meanwhile, or cannot be written */
export function saveCertificate(home: Config['home'], made: ConnectorCertificate): void {
  for (const path of [home.keyFile, home.certFile]) {
    if (existsSync(path)) throw unusable(`${path} is there already and is not overwritten`, { action: 'Start the connector again.' });
  }
  try {
    writePrivateFile(home.keyFile, made.privateKeyPem);
    writePrivateFile(home.certFile, made.certificate.toString());
  } catch (error) {
    throw unusable(`${home.keyFile} and ${home.certFile} cannot be written`, {
      action: 'Give the user that runs the connector the right to write there, or set AUTH_CERT and AUTH_CERT_KEY.',
      cause: error,
    });
  }
}

/** The SHA-1 thumbprint by which hubs name a certificate: hexadecimal, lower case. */
export function thumbprint(certificate: X509Certificate): string {
  return createHash('sha1').update(certificate.raw).digest('hex');
}

function pair(certificatePem: string, privateKeyPem: string, certificateName: string, keyName: string): ConnectorCertificate {
  let certificate: X509Certificate;
  let privateKey: KeyObject;
  try {
    certificate = new X509Certificate(certificatePem);
  } catch (error) {
    throw unusable(`${certificateName} is not a certificate in PEM`, { cause: error });
  }
  try {
    privateKey = createPrivateKey(privateKeyPem);
  } catch {
    // What OpenSSL says of a key it cannot read helps nobody, and is not to be trusted with what it quotes.
    throw unusable(`${keyName} is not a private key in PEM, or it is encrypted`);
  }
  if (privateKey.asymmetricKeyType !== 'rsa') throw unusable(`${keyName} is not an RSA key, and hubs accept no other`);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw unusable(`the private key ${keyName} does not belong to the certificate ${certificateName}`, {
      action: 'Put both from the same backup or export.',
    });
  }
  return { certificate, privateKey, privateKeyPem };
}

/** PEM text, with `\n` for line ends where the environment cannot hold them, or the path of a file. */
function pemOf(given: string, folder: string, name: string): string {
  if (given.includes('-----BEGIN ')) return given.includes('\n') ? given : given.replaceAll('\\n', '\n');
  return readFile(resolve(folder, given), name);
}

function readFile(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // The value of a setting that should have been a path may be a key: it is not shown.
    throw unusable(`${name} is neither PEM text nor a file that can be read`, {
      cause: error instanceof Error && 'code' in error ? error.code : undefined,
    });
  }
}

function unusable(what: string, options: { action?: string; cause?: unknown } = {}): CodedError {
  return new CodedError('CERTIFICATE_UNUSABLE', `The connector's own certificate cannot be used: ${what}`, {
    action: 'Correct it, or put back the files of certs/ from a backup.',
    ...options,
  });
}
