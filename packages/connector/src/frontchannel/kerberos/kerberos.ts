/**
 * Kerberos at the front channel: checks what a browser sends after `Negotiate` (RFC 4559) and identifies its user. The log says why a token is
 * rejected; the user gets the password form.
 */
import { errorText, type Log } from '@landbridge/runtime';
import type { VerifiedIdentity } from '../../users/sign-in-verified.ts';
import { type Acceptor, openAcceptor } from './acceptor.ts';
import { identityOfPrincipal, type PrincipalRule, parsePrincipal } from './principal.ts';
import { tokenKind } from './token-kind.ts';

export interface Kerberos {
  /**
   * Never throws. Each token counts once; the second time it is a replay.
   *
   * @param token decoded from base64
   * @returns the user, or why the token was rejected, which is also logged; part of that sentence may come from the token
   */
  negotiate(token: Buffer, context: { correlationId: string }): Promise<VerifiedIdentity | { refused: string }>;
}

export interface KerberosOptions {
  /** KERBEROS_KEYTAB, as an absolute path. */
  keytab: string | undefined;
  /** KERBEROS_REALMS; undefined: those of the keytab, on Windows that of the computer. */
  realms: readonly string[] | undefined;
  /** KERBEROS_USER */
  rule: PrincipalRule;
  /** Logs each step. */
  debug: boolean;
  log: Log;
  /** Replaces the one of this machine. */
  acceptor?: Acceptor;
}

/** Windows issues tokens of up to 65,535 bytes (MaxTokenSize). */
const MAX_TOKEN_BYTES = 65_536;
/** A token takes some milliseconds: a thousand waiting ones are more than any morning's sign-ins. */
const MAX_IN_FLIGHT = 1000;
/** The library's messages may quote a name from the token. */
const MAX_REASON_LENGTH = 500;

const SERVICE = 'HTTP';

/** @throws CodedError KERBEROS_UNAVAILABLE, KERBEROS_KEYTAB_UNUSABLE */
export async function openKerberos(options: KerberosOptions): Promise<Kerberos> {
  const { rule, debug, log } = options;
  const acceptor = options.acceptor ?? (await openAcceptor(options));
  const realms = options.realms ?? acceptor.realms;
  const trace = debug ? log.info.bind(log) : log.debug.bind(log);
  trace({ ...acceptor.source, realms }, 'Kerberos: ready');
  let inFlight = 0;

  async function check(token: Buffer, correlationId: string): Promise<VerifiedIdentity | { refused: string }> {
    if (token.length > MAX_TOKEN_BYTES) return { refused: `the token is longer than any ticket: ${token.length} bytes` };
    const kind = tokenKind(token);
    trace({ correlationId, kind, bytes: token.length }, 'Kerberos: token received');
    if (kind === 'ntlm') {
      return {
        refused:
          'the browser sent NTLM, because it got no ticket for this address: check that an account has its service principal name, and that the client is in the domain',
      };
    }
    if (kind === 'other') return { refused: 'not a Kerberos token' };
    const { principal, target, responseToken } = await acceptor.accept(token);
    trace({ correlationId, principal, target, response: responseToken?.length ?? 0 }, 'Kerberos: ticket accepted');
    // The account or keytab may also have keys for other services of this machine.
    if (parsePrincipal(target)?.components[0] !== SERVICE) return { refused: `the ticket is for ${target}, not for a web server` };
    const identity = identityOfPrincipal(principal, { rule, realms });
    return 'refused' in identity || responseToken === undefined ? identity : { ...identity, responseToken };
  }

  return {
    async negotiate(token, { correlationId }) {
      if (inFlight >= MAX_IN_FLIGHT) return rejected('too many tokens at once', correlationId);
      inFlight++;
      try {
        const identity = await check(token, correlationId);
        return 'refused' in identity ? rejected(identity.refused, correlationId) : identity;
      } catch (error) {
        return rejected(errorText(error), correlationId);
      } finally {
        inFlight--;
      }
    },
  };

  function rejected(reason: string, correlationId: string): { refused: string } {
    const refused = reason.slice(0, MAX_REASON_LENGTH);
    log.info({ correlationId, reason: refused }, 'Kerberos token rejected');
    return { refused };
  }
}

/** Replaced connectors take the variable `DEBUG=kerberos-server` for KERBEROS_DEBUG. */
export function wantsKerberosDebug(setting: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  return setting || (environment.DEBUG ?? '').split(/[\s,]+/).includes('kerberos-server');
}
