/** The server certificate for browsers, from settings and the files that they name. */
import { CodedError } from '@landbridge/runtime';
import { readKeyPair, type TlsKeyPair } from '../config/key-pair.ts';
import type { ConnectorSettings } from '../config/settings.ts';

type ServerCertificateSettings = Pick<ConnectorSettings, 'SSL_PFX' | 'SSL_KEY_PASSWORD' | 'SSL_CERT' | 'SSL_KEY'>;

/**
 * @param folder the connector's home, which paths are relative to
 * @returns undefined if it is not set
 * @throws CodedError SERVER_CERTIFICATE_UNUSABLE, which names the setting but does not quote it
 */
export function readServerCertificate(settings: ServerCertificateSettings, folder: string): TlsKeyPair | undefined {
  return readKeyPair(
    {
      pfx: settings.SSL_PFX,
      cert: settings.SSL_CERT,
      key: settings.SSL_KEY,
      passphrase: settings.SSL_KEY_PASSWORD,
      names: { pfx: 'SSL_PFX', cert: 'SSL_CERT', key: 'SSL_KEY', passphrase: 'SSL_KEY_PASSWORD' },
      passphraseHint: ' (Auth0 connectors since 7.0 keep it in the key store of the operating system)',
    },
    folder,
    (what, cause) =>
      new CodedError('SERVER_CERTIFICATE_UNUSABLE', `Cannot use the certificate for browsers: ${what}`, {
        action: 'Set SSL_PFX (PKCS #12 as base64, with SSL_KEY_PASSWORD), or SSL_CERT and SSL_KEY (PEM).',
        cause,
      }),
  );
}
