/** A sign-in request of WS-Federation (passive requestor profile, section 13.2): what it asks, and where its answer may go. */

/** What a hub sends a browser with. */
export interface SignInRequest {
  wa: string;
  wtrealm: string | undefined;
  /** The hub's own; it comes back as it came. */
  wctx: string | undefined;
  wreply: string | undefined;
  /** In minutes: a session may be so old. */
  wfresh: string | undefined;
}

/** What of the connection decides about a request. */
export interface RelyingParty {
  realm: string;
  /** What stands under the realm's key: the addresses that tokens may go to, the usual one first. */
  replyAddresses: readonly string[];
}

const SIGN_IN = 'wsignin1.0';
const SIGN_OUT: readonly string[] = ['wsignout1.0', 'wsignoutcleanup1.0'];

/** @param values of the query, or of a form that was posted */
export function requestOf(values: URLSearchParams): SignInRequest {
  const value = (name: string) => values.get(name) ?? undefined;
  return {
    // Installed connectors ask for none.
    wa: values.get('wa') ?? SIGN_IN,
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
 * @returns where the answer goes, or why it goes nowhere, for the log. A token is never sent to an address that is not in the list, and
 *   to none that only looks like one of it: they are compared to the letter.
 */
export function replyAddressFor(
  request: SignInRequest,
  { realm, replyAddresses }: RelyingParty,
): { replyTo: string } | { refused: string } {
  if (request.wa !== SIGN_IN) return { refused: 'wa asks for something else than a sign-in' };
  if (request.wtrealm !== undefined && request.wtrealm !== realm)
    return { refused: 'wtrealm is another realm than that of this connection' };
  const allowed = replyAddresses.filter(isWebAddress);
  const replyTo = request.wreply === undefined ? allowed[0] : allowed.find((address) => address === request.wreply);
  if (replyTo !== undefined) return { replyTo };
  return { refused: allowed.length === 0 ? 'the hub has told no reply address' : 'wreply is not in the list of reply addresses' };
}

/** @param list as it stands under the realm's key: separated by commas */
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
