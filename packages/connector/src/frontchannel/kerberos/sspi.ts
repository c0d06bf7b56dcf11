/**
 * Windows as the one that checks tickets: its Security Support Provider Interface, with the key of the account that this process runs as.
 * It takes more than tickets (NTLM, guests), so what it has accepted is looked at again.
 */
import { CodedError, createSemaphore, type Semaphore } from '@landbridge/runtime';
import type { AcceptedContext, Acceptor } from './acceptor.ts';
import { type Handle, type Libraries, loadWindows, type Windows } from './windows.ts';

/** Of the four threads on which Node also reads files and looks up names. */
const MAX_AT_ONCE = 3;
/** Mostly some milliseconds. Where Windows asks a domain controller that does not answer, the person should have the form before that ends. */
const ACCEPT_TIMEOUT_MS = 15_000;

const KERBEROS = 'Kerberos';

export interface SspiOptions {
  libraries?: Libraries;
  timeoutMs?: number;
}

/** @throws KERBEROS_UNAVAILABLE */
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

/** Waiting included. A call that takes longer keeps its place until it ends: it cannot be stopped from outside. */
async function withinTime<T>(semaphore: Semaphore, timeoutMs: number, call: () => Promise<T>): Promise<T> {
  const overdue = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  let began = false;
  const timer = setTimeout(() => {
    reject(new Error(began ? `No answer within ${timeoutMs} ms` : `No turn within ${timeoutMs} ms: earlier calls have no answer yet`));
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
 * The domain of this computer, whose realm is its name in capital letters. Not the realm that a ticket names for the service: that part of
 * a ticket is not encrypted (RFC 4120, section 5.3), and whoever shows it can write another one there.
 */
function domainOf(windows: Windows): string {
  const action =
    'Make the computer a member of the domain, or put a reverse proxy in front that does Kerberos, and set WITH_KERBEROS_PROXY_FRONTEND.';
  let domain: string;
  try {
    // Better at the start than at each ticket.
    windows.freeCredentials(windows.acquireCredentials());
    domain = windows.computerDomain();
  } catch (cause) {
    throw new CodedError('KERBEROS_UNAVAILABLE', 'Windows does not let the account of this service check Kerberos tickets', {
      action,
      cause,
    });
  }
  if (domain === '')
    throw new CodedError('KERBEROS_UNAVAILABLE', 'This computer is in no domain, so there are no tickets for it', { action });
  return domain;
}

/** Asks for credentials each time, as others read the keytab each time: they do not get old. */
export async function acceptWithSspi(windows: Windows, token: Buffer): Promise<AcceptedContext> {
  const credentials = windows.acquireCredentials();
  try {
    const { context, isComplete, isNullSession, response } = await windows.accept(credentials, token);
    try {
      // NTLM takes a second token, so it ends here at the latest.
      if (!isComplete) throw new Error('The token is only the beginning of an exchange');
      if (isNullSession) throw new Error('Windows accepted somebody without a name');
      const packageName = windows.packageOf(context);
      if (packageName !== KERBEROS) throw new Error(`Windows accepted ${packageName || 'something unknown'}, and not ${KERBEROS}`);
      return { ...namesOf(windows, context), responseToken: response.length > 0 ? response : undefined };
    } finally {
      windows.deleteContext(context);
    }
  } finally {
    windows.freeCredentials(credentials);
  }
}

/**
 * The account is that of the access token, which Windows makes of what the domain controller has signed in the ticket (PAC). The client's
 * name in the ticket may be another one, such as a `userPrincipalName`: the one that was asked for.
 */
function namesOf(windows: Windows, context: Handle): Pick<AcceptedContext, 'principal' | 'target'> {
  const user = windows.userOf(context);
  const { client, server } = windows.namesInTicket(context);
  const [, account] = /^[^\\]+\\([^\\]+)$/.exec(user) ?? [];
  if (account === undefined) throw new Error(`Windows names the person ${user || 'not at all'}, and not as DOMAIN\\account`);
  const [, realm] = /@([^@]+)$/.exec(client) ?? [];
  if (realm === undefined) throw new Error(`Windows names the ticket's client ${client || 'not at all'}, and not as name@REALM`);
  if (server === '') throw new Error('Windows does not name the service that the ticket is for');
  return {
    principal: `${account.replace(/[\\/@]/g, '\\$&')}@${realm}`,
    // Windows takes service classes in any case, and leaves the realm away where it is its own.
    target: `${server.replace(/^http\//i, 'HTTP/')}${server.includes('@') ? '' : `@${realm}`}`,
  };
}
