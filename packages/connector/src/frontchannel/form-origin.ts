/**
 * Whether a name and a password come from a page of ours: another site could else sign a person in as somebody else. Every browser says
 * where a form is from (Fetch, section 3.1; Fetch Metadata); what says nothing is no browser.
 */

/** The headers of these names. */
export interface FormHeaders {
  origin: string | undefined;
  secFetchSite: string | undefined;
  host: string | undefined;
}

/**
 * @param pages addresses at whose origin our pages are
 * @param secure whether the form came encrypted
 */
export function isOwnForm({ origin, secFetchSite, host }: FormHeaders, pages: readonly string[], secure: boolean): boolean {
  if (origin === undefined) return ['same-origin', 'none', undefined].includes(secFetchSite);
  if (!URL.canParse(origin)) return false;
  if (pages.some((page) => URL.canParse(page) && new URL(page).origin === origin)) return true;
  const from = new URL(origin);
  // By whatever name people reach us. Whoever is on the way can answer at any http address, also at ours.
  return from.host === host && (from.protocol === 'https:' || !secure);
}
