/**
 * Kerberos at the front channel: checks what a browser sends after `Negotiate` (RFC 4559) and says whom it stands for. Why a token is
 * refused is for the log; the person is not told, and signs in with the form.
 */
import { errorText, type Log } from '@landbridge/runtime';
import type { KnownPerson } from '../../users/known-person.ts';
import { type Acceptor, openAcceptor } from './acceptor.ts';
import { type PrincipalRule, parsePrincipal, personOfPrincipal } from './principal.ts';
import { tokenKind } from './token-kind.ts';

export interface Kerberos {
  /**
   * Never throws. Each token counts once: a second time it is a replay.
   *
   * @param token as it was sent, decoded from base64
   * @returns whom it stands for, to be looked for in the directory, and what to answer after `Negotiate`; or why not, which is logged
   */
  negotiate(token: Buffer, context: { correlationId: string }): Promise<Negotiated>;
}

export type Negotiated =
  | { principal: string; person: KnownPerson; responseToken: Buffer | undefined }
  /** A sentence for operators; part of it may come from whoever sent the token. */
  | { refused: string };

export interface KerberosOptions {
  /** KERBEROS_KEYTAB, as an absolute path. */
  keytab: string | undefined;
  /** KERBEROS_REALMS; undefined: those of the keytab, and on Windows that of the computer. */
  realms: readonly string[] | undefined;
  /** KERBEROS_USER */
  rule: PrincipalRule;
  /** Logs each step of each token. */
  debug: boolean;
  log: Log;
  /** In place of this machine's own. */
  acceptor?: Acceptor;
}

/** Windows makes none longer than 65,535 bytes (MaxTokenSize). */
const MAX_TOKEN_BYTES = 65_536;
/** A token takes some milliseconds; a thousand that wait are more than a morning's sign-ins, or somebody who means ill. */
const MAX_UNDER_WAY = 1000;
/** Some of the library's messages have a name from the token in them. */
const MAX_REASON_LENGTH = 500;

const SERVICE = 'HTTP';

/** @throws KERBEROS_UNAVAILABLE, KERBEROS_KEYTAB_UNUSABLE */
export async function openKerberos(options: KerberosOptions): Promise<Kerberos> {
  const { realms, rule, debug, log } = options;
  const acceptor = options.acceptor ?? (await openAcceptor(options));
  const trusted = realms ?? acceptor.realms;
  const trace = debug ? log.info.bind(log) : log.debug.bind(log);
  trace({ ...acceptor.source, realms: trusted }, 'Kerberos: ready');
  let underWay = 0;

  async function check(token: Buffer, pid: string): Promise<Negotiated> {
    if (token.length > MAX_TOKEN_BYTES) return { refused: `A token of ${token.length} bytes is longer than any ticket` };
    const kind = tokenKind(token);
    trace({ pid, kind, bytes: token.length }, 'Kerberos: a token came');
    if (kind === 'ntlm') {
      return {
        refused:
          'The browser sent NTLM: it got no ticket for this name. See whether an account has the service principal name of this address, and whether the browser is in the domain',
      };
    }
    if (kind === 'other') return { refused: 'What was sent is not a Kerberos token' };
    const { principal, target, responseToken } = await acceptor.accept(token);
    trace({ pid, principal, target, response: responseToken?.length ?? 0 }, 'Kerberos: the ticket is good');
    // The same account or keytab may serve other services of this machine, whose tickets are not for here.
    if (parsePrincipal(target)?.components[0] !== SERVICE) return { refused: `The ticket is for ${target}, and not for a web server` };
    const person = personOfPrincipal(principal, { rule, realms: trusted });
    if ('refused' in person) return person;
    return { principal, person, responseToken };
  }

  return {
    async negotiate(token, { correlationId: pid }) {
      if (underWay >= MAX_UNDER_WAY) return refuse('Too many tokens at once', pid);
      underWay++;
      try {
        const negotiated = await check(token, pid);
        return 'refused' in negotiated ? refuse(negotiated.refused, pid) : negotiated;
      } catch (error) {
        return refuse(errorText(error), pid);
      } finally {
        underWay--;
      }
    },
  };

  function refuse(reason: string, pid: string): { refused: string } {
    const refused = reason.slice(0, MAX_REASON_LENGTH);
    log.info({ pid, reason: refused }, 'A Kerberos token was refused; the person is asked for the password');
    return { refused };
  }
}

/** Whether the steps are to be logged: KERBEROS_DEBUG, or the variable that installed connectors take for it (`DEBUG=kerberos-server`). */
export function wantsKerberosDebug(setting: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  return setting || (environment.DEBUG ?? '').split(/[\s,]+/).includes('kerberos-server');
}
