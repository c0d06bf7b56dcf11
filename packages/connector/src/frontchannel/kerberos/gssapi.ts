/**
 * MIT Kerberos by the npm package `kerberos`, which is optional: it has to be compiled, and most connectors do without. Loaded when
 * tickets are first wanted, and told where keytab and replay cache are before its library looks for them itself.
 */
import { CodedError } from '@landbridge/runtime';

/** What a ticket says once it has been checked. */
export interface AcceptedContext {
  /** `alice@FABRIKAM.LOCAL`, with backslashes before special characters (RFC 1964, section 2.1.1). */
  principal: string;
  /** The service that the ticket is for, by the keytab's name for it. */
  target: string;
  /** Proves to the browser that the service is who it wanted. */
  responseToken: Buffer | undefined;
}

/** @throws whatever the library says that is wrong with the token, keytab or replay cache */
export type AcceptToken = (token: Buffer) => Promise<AcceptedContext>;

/**
 * @param keytab the path of its file, which is read anew for each token: a new one counts at once
 * @throws KERBEROS_UNAVAILABLE
 */
export async function loadGssapi(keytab: string): Promise<AcceptToken> {
  if (process.platform === 'win32') {
    throw new CodedError('KERBEROS_UNAVAILABLE', 'Kerberos tickets cannot be checked on Windows', {
      action:
        'Run the connector on Linux with a keytab, or put a reverse proxy in front of it that does Kerberos, and set WITH_KERBEROS_PROXY_FRONTEND.',
    });
  }
  const kerberos = await loadPackage();
  // The library reads the environment of the process; it has no other way to be told.
  process.env.KRB5_KTNAME = `FILE:${keytab}`;
  // Without the replay cache whoever sees a token can use it for five minutes more.
  if (/^(none:.*)?$/i.test(process.env.KRB5RCACHENAME ?? '')) process.env.KRB5RCACHENAME = 'dfl:';

  return async (token) => {
    // Without a name: any key of the keytab, and no question to the DNS for one. Which service it was is checked afterwards.
    const context = await kerberos.initializeServer('');
    const response = await context.step(token.toString('base64'));
    const { username, targetName, contextComplete } = context;
    if (!contextComplete || !username || !targetName) throw new Error('The token is only the beginning of an exchange');
    return { principal: username, target: targetName, responseToken: response ? Buffer.from(response, 'base64') : undefined };
  };
}

async function loadPackage() {
  try {
    return (await import('kerberos')).default;
  } catch (error) {
    throw new CodedError(
      'KERBEROS_UNAVAILABLE',
      'Kerberos tickets cannot be checked: the package "kerberos" is not installed, or not compiled',
      {
        action:
          'Install libkrb5 with its headers, a compiler and make (Debian: libkrb5-dev g++ make python3), then run "npm rebuild kerberos" in the folder of the connector. Without it, switch Kerberos off for this connection.',
        cause: error,
      },
    );
  }
}
