/** A search in pages (RFC 2696), as one search with one deadline. */
import type { Entry } from './entry.ts';
import { LdapError } from './errors.ts';
import { type LdapResult, nextPageCookie, type SearchRequest } from './messages.ts';

export interface SearchResult {
  entries: Entry[];
  result: LdapResult;
  /** More entries match: a limit of the server, of the request or of this program was reached. */
  truncated: boolean;
  /** Search continuations: for each one, URLs of servers that hold that part. */
  references: string[][];
}

/** The answer to one request. */
export interface SearchPage extends SearchResult {
  /** The size of this page and all earlier ones. */
  bytes: number;
}

/**
 * @param name the server, for messages
 * @param readPage sends a request with the cookie of the previous page; gets the remaining time and the size of earlier pages
 */
export async function searchPages(
  name: string,
  request: SearchRequest,
  timeoutMs: number,
  readPage: (cookie: Buffer | undefined, remainingMs: number, earlierBytes: number) => Promise<SearchPage>,
): Promise<SearchResult> {
  const entries: Entry[] = [];
  const references: string[][] = [];
  const deadline = Date.now() + timeoutMs;
  let cookie: Buffer | undefined;
  let bytes = 0;
  for (;;) {
    const remainingMs = deadline - Date.now();
    // A server could continue with empty pages forever.
    if (remainingMs <= 0)
      throw new LdapError('LDAP_TIMEOUT', `${name} did not end a search within ${timeoutMs} ms`, { mayHaveBeenSent: true });
    const page = await readPage(cookie, remainingMs, bytes);
    bytes = page.bytes;
    // Pushing a hundred thousand entries as arguments would overflow the stack.
    for (const entry of page.entries) entries.push(entry);
    references.push(...page.references);
    cookie = request.pageSize === undefined ? undefined : nextPageCookie(page.result);
    const full = request.sizeLimit !== undefined && request.sizeLimit > 0 && entries.length >= request.sizeLimit;
    if (cookie === undefined || full || page.result.resultCode !== 0) {
      const truncated = page.result.resultCode === 4 || page.result.resultCode === 11 || (full && cookie !== undefined);
      return { entries, references, result: page.result, truncated };
    }
  }
}
