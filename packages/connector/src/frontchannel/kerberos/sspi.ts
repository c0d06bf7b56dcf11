/**
 * Checks tickets with Windows' Security Support Provider Interface and the key of the account that this process runs as. Windows also accepts
 * NTLM and guests, so its answer is checked again.
 */
import { CodedError, createSemaphore, type Semaphore } from '@landbridge/runtime';
import type { AcceptedContext, Acceptor } from './acceptor.ts';
import { type Handle, type Libraries, loadWindows, type Windows } from './windows.ts';

/** Of Node's four pool threads, which also read files and resolve names. */
const MAX_AT_ONCE = 3;
/** Usually some milliseconds. If Windows waits for a domain controller, the user should get the form instead of waiting too. */
const ACCEPT_TIMEOUT_MS = 15_000;

const KERBEROS = 'Kerberos';

export interface SspiOptions {
  libraries?: Libraries;
  timeoutMs?: number;
}

/** @throws CodedError KERBEROS_UNAVAILABLE */
export async function openSspi({ libraries, timeoutMs = ACCEPT_TIMEOUT_MS }: SspiOptions = {}): Promise<Acceptor> {
  const windows = await loadWindows(libraries);
  const domain = domainOf(windows);
  const semaphore = createSemaphore({ maxRunning: MAX_AT_ONCE });
  return {
    realms: [domain.toUpperCase()],
    source: { account: 'that of this process', domain },
    accept: (token) => withinTime(semaphore, timeoutMs, () => acceptWithSspi(windows, token)),
  };
}

/** Waiting included. A longer call keeps its place until it ends, because it cannot be cancelled. */
async function withinTime<T>(semaphore: Semaphore, timeoutMs: number, call: () => Promise<T>): Promise<T> {
  const overdue = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  let began = false;
  const timer = setTimeout(() => {
    reject(
      new Error(
        began ? `no answer from Windows within ${timeoutMs} ms` : `not started within ${timeoutMs} ms: earlier calls have not ended`,
      ),
    );
    overdue.abort();
  }, timeoutMs);
  const run = () => {
    began = true;
    return call();
  };
  try {
    return await Promise.race([promise, semaphore.run(run, overdue.signal)]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The domain of this computer; its realm is the domain in capital letters. The realm of the service in the ticket does not count: that part is
 * not encrypted (RFC 4120, section 5.3), so the client can change it.
 */
function domainOf(windows: Windows): string {
  const action =
    'Make the computer a member of the domain, or put a reverse proxy in front that does Kerberos, and set WITH_KERBEROS_PROXY_FRONTEND.';
  let domain: string;
  try {
    // Fails at start instead of at each ticket.
    windows.freeCredentials(windows.acquireCredentials());
    domain = windows.computerDomain();
  } catch (cause) {
    throw new CodedError('KERBEROS_UNAVAILABLE', 'Windows does not let the account of this service check Kerberos tickets', {
      action,
      cause,
    });
  }
  if (domain === '')
    throw new CodedError('KERBEROS_UNAVAILABLE', 'This computer is not in a domain, so there are no tickets for it', { action });
  return domain;
}

/** Acquires credentials for each token, so that they never expire. */
async function acceptWithSspi(windows: Windows, token: Buffer): Promise<AcceptedContext> {
  const credentials = windows.acquireCredentials();
  try {
    const { context, isComplete, isNullSession, response } = await windows.accept(credentials, token);
    try {
      // NTLM needs a second token.
      if (!isComplete) throw new Error('the token only begins an exchange');
      if (isNullSession) throw new Error('the ticket is anonymous');
      const packageName = windows.packageOf(context);
      if (packageName !== KERBEROS) throw new Error(`Windows accepted ${packageName || 'an unknown package'} instead of ${KERBEROS}`);
      return { ...namesOf(windows, context), responseToken: response.length > 0 ? response : undefined };
    } finally {
      windows.deleteContext(context);
    }
  } finally {
    windows.freeCredentials(credentials);
  }
}

/**
 * The account is that of the access token, which Windows builds from what the domain controller signed in the ticket (PAC). The client name in
 * the ticket may be another name that the client requested, such as a `userPrincipalName`.
 */
function namesOf(windows: Windows, context: Handle): Pick<AcceptedContext, 'principal' | 'target'> {
  const user = windows.userOf(context);
  const { client, server } = windows.namesInTicket(context);
  const [, account] = /^[^\\]+\\([^\\]+)$/.exec(user) ?? [];
  if (account === undefined) throw new Error(`Windows gives the user as "${user}" instead of DOMAIN\\account`);
  const [, realm] = /@([^@]+)$/.exec(client) ?? [];
  if (realm === undefined) throw new Error(`Windows gives the ticket's client as "${client}" instead of name@REALM`);
  if (server === '') throw new Error('Windows does not give the service of the ticket');
  return {
    principal: `${account.replace(/[\\/@]/g, '\\$&')}@${realm}`,
    // Windows accepts service classes in either case and omits its own realm.
    target: `${server.replace(/^http\//i, 'HTTP/')}${server.includes('@') ? '' : `@${realm}`}`,
  };
}
