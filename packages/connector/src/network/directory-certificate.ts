/** The certificate that the connector presents to directory servers, from settings and the files that they name. */
import { X509Certificate } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { readKeyPair, type TlsKeyPair } from '../config/key-pair.ts';
import type { ConnectorSettings } from '../config/settings.ts';

export type DirectoryCertificateSettings = Pick<
  ConnectorSettings,
  'LDAP_CLIENT_PFX' | 'LDAP_CLIENT_CERT' | 'LDAP_CLIENT_KEY' | 'LDAP_CLIENT_KEY_PASSWORD'
>;

/**
 * @param folder the connector's home, which paths are relative to
 * @returns undefined if it is not set
 * @throws CodedError LDAP_CLIENT_CERTIFICATE_UNUSABLE, which names the setting but does not quote it
 */
export function readDirectoryCertificate(settings: DirectoryCertificateSettings, folder: string): TlsKeyPair | undefined {
  return readKeyPair(
    {
      pfx: settings.LDAP_CLIENT_PFX,
      cert: settings.LDAP_CLIENT_CERT,
      key: settings.LDAP_CLIENT_KEY,
      passphrase: settings.LDAP_CLIENT_KEY_PASSWORD,
      names: { pfx: 'LDAP_CLIENT_PFX', cert: 'LDAP_CLIENT_CERT', key: 'LDAP_CLIENT_KEY', passphrase: 'LDAP_CLIENT_KEY_PASSWORD' },
    },
    folder,
    unusable,
  );
}

/** @returns why a server would refuse it now, as the end of a sentence; undefined for a valid one, and for one in a PKCS #12 file */
export function validityProblem(pair: TlsKeyPair | undefined): string | undefined {
  if (pair === undefined || !('cert' in pair)) return undefined;
  const { validFromDate, validToDate } = new X509Certificate(pair.cert);
  if (validToDate.getTime() < Date.now()) return `it expired on ${validToDate.toISOString().slice(0, 10)}`;
  return validFromDate.getTime() > Date.now() ? `it is not valid before ${validFromDate.toISOString()}` : undefined;
}

function unusable(what: string, cause?: unknown): CodedError {
  return new CodedError('LDAP_CLIENT_CERTIFICATE_UNUSABLE', `Cannot use the client certificate for the directory: ${what}`, {
    action: 'Set LDAP_CLIENT_CERT and LDAP_CLIENT_KEY (PEM), or LDAP_CLIENT_PFX (PKCS #12 as base64), with LDAP_CLIENT_KEY_PASSWORD.',
    cause,
  });
}
