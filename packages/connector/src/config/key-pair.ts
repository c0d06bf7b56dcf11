/** A certificate with its private key, from settings and the files that they name: for browsers, and for directory servers. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { errorCodeOf, readTextFile } from '@landbridge/runtime';

/** For `tls.createSecureContext`. */
export type TlsKeyPair = { pfx: Buffer; passphrase: string } | { cert: string; key: string; passphrase: string };

/** The values of four settings, and their names for messages. */
export interface KeyPairSettings {
  pfx: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  passphrase: string | undefined;
  names: { pfx: string; cert: string; key: string; passphrase: string };
  /** The end of the sentence about a missing passphrase, if there is something to say. */
  passphraseHint?: string;
}

/**
 * @param folder the connector's home, which paths are relative to
 * @param unusable makes the error from what is wrong, which names the setting but does not quote it
 * @returns undefined if it is not set
 * @throws what `unusable` makes
 */
export function readKeyPair(
  settings: KeyPairSettings,
  folder: string,
  unusable: (what: string, cause?: unknown) => Error,
): TlsKeyPair | undefined {
  const { names, passphrase = '' } = settings;

  /** PEM text, possibly with `\n` for line breaks as in environment variables, or a file path. */
  function textOf(given: string, name: string): string {
    if (given.includes('-----BEGIN ')) return given.replaceAll('\\n', '\n');
    try {
      return readTextFile(resolve(folder, given));
    } catch (error) {
      // Do not quote it: it may be a key instead of a path.
      throw unusable(`${name} is neither PEM text nor a readable file`, errorCodeOf(error));
    }
  }

  function usable(pair: TlsKeyPair, name: string): TlsKeyPair {
    let isPair = true;
    try {
      createSecureContext(pair);
      if ('cert' in pair) {
        const key = createPrivateKey({ key: pair.key, passphrase });
        isPair = new X509Certificate(pair.cert).checkPrivateKey(key);
      }
    } catch (error) {
      // OpenSSL's messages for a wrong or missing password are cryptic.
      const text = error instanceof Error ? error.message : '';
      if (/key values mismatch/i.test(text)) throw unusable(`${names.key} does not match the first certificate in ${names.cert}`);
      const isPassword = /mac verify|bad decrypt|bad password|interrupted or cancelled/i.test(text);
      const missing = `${names.passphrase} is missing${settings.passphraseHint ?? ''}`;
      const reason = isPassword ? (passphrase === '' ? missing : `${names.passphrase} is wrong`) : 'unreadable';
      throw unusable(`${name}: ${reason}`, errorCodeOf(error));
    }
    if (!isPair) throw unusable(`${names.key} does not match the first certificate in ${names.cert}`);
    return pair;
  }

  if (settings.pfx !== undefined) {
    // Buffer would ignore invalid characters.
    if (!/^[A-Za-z0-9+/\s]+=*\s*$/.test(settings.pfx)) throw unusable(`${names.pfx} is not base64`);
    return usable({ pfx: Buffer.from(settings.pfx, 'base64'), passphrase }, names.pfx);
  }
  if (settings.cert === undefined && settings.key === undefined) return undefined;
  if (settings.cert === undefined || settings.key === undefined) throw unusable(`${names.cert} and ${names.key} must be set together`);
  return usable({ cert: textOf(settings.cert, names.cert), key: textOf(settings.key, names.key), passphrase }, names.cert);
}
