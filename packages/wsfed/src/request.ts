/** WS-Federation sign-in requests (passive requestor profile, section 13.2) and the addresses that tokens may be sent to. */
import { WSFED_SIGN_IN } from './names.ts';

export interface SignInRequest {
  wa: string;
  wtrealm: string | undefined;
  /** Opaque; returned unchanged with the token. */
  wctx: string | undefined;
  wreply: string | undefined;
  /** The largest accepted age of a session, in minutes. */
  wfresh: string | undefined;
}

export interface RelyingParty {
  realm: string;
  /** The addresses that tokens may be sent to, the default first. */
  replyAddresses: readonly string[];
}

const SIGN_OUT: readonly string[] = ['wsignout1.0', 'wsignoutcleanup1.0'];

/** @param values of a query or a posted form */
export function signInRequestOf(values: URLSearchParams): SignInRequest {
  const value = (name: string) => values.get(name) ?? undefined;
  return {
    // Replaced connectors accept requests without `wa`.
    wa: values.get('wa') ?? WSFED_SIGN_IN,
    wtrealm: value('wtrealm'),
    wctx: value('wctx'),
    wreply: value('wreply'),
    wfresh: value('wfresh'),
  };
}

export function isSignOut({ wa }: SignInRequest): boolean {
  return SIGN_OUT.includes(wa);
}

/**
 * Compares `wreply` to the letter: a token never goes to an address that only resembles a listed one.
 *
 * @returns the address to send the token to, or why there is none, for the log
 */
export function replyAddressFor(
  request: SignInRequest,
  { realm, replyAddresses }: RelyingParty,
): { replyTo: string } | { refused: string } {
  if (request.wa !== WSFED_SIGN_IN) return { refused: 'wa is not a sign-in' };
  if (request.wtrealm !== undefined && request.wtrealm !== realm) return { refused: 'wtrealm is not the realm of this connection' };
  const allowed = replyAddresses.filter(isWebAddress);
  const replyTo = request.wreply === undefined ? allowed[0] : allowed.find((address) => address === request.wreply);
  if (replyTo !== undefined) return { replyTo };
  return { refused: allowed.length === 0 ? 'the hub has sent no reply address' : 'wreply is not in the list of reply addresses' };
}

/** @param list the comma-separated value under the realm's key */
export function replyAddressesOf(list: unknown): string[] {
  return typeof list === 'string'
    ? list
        .split(',')
        .map((address) => address.trim())
        .filter(isWebAddress)
    : [];
}

function isWebAddress(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}
