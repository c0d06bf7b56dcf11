/** The hub's keys from its JWKS document, chosen by the `kid` of a token, fetched no more often than docs/protocol.md, section 1.4 allows. */
import { createPublicKey } from 'node:crypto';
import { jwksDocument } from '@landbridge/protocol';
import { CodedError, type Log, parseJson } from '@landbridge/runtime';
import { z } from 'zod';
import { algorithmsOf, type HubKey, type HubKeys, signingKey, type TokenHeader } from './token.ts';

/** How long a document stays fresh. */
const FRESH_MS = 10 * 60 * 1000;
/** An unknown `kid` forces a fetch, but no more often than this: anyone can make up a `kid`. */
const FORCED_FETCH_INTERVAL_MS = 30_000;
/** The wait after a failed fetch, so that a hub that is down is not asked once per request. */
const FAILED_FETCH_WAIT_MS = 2000;
const FETCH_TIMEOUT_MS = 5000;
/** A hub retires a key by removing it from the document: without a new document, known keys are trusted for this long. */
const MAX_STALE_MS = 60 * 60 * 1000;
/** Hubs have two or three. */
const MAX_KEYS = 100;

interface PublishedKey extends HubKey {
  kid: string | undefined;
  /** The only algorithm the hub uses it with, if the document names one. */
  alg: string | undefined;
}

const jwkSchema = z.looseObject({
  kid: z.string().optional(),
  alg: z.string().optional(),
  use: z.string().optional(),
  kty: z.enum(['RSA', 'EC']),
  // Only the public members are passed to the key parser.
  n: z.string().optional(),
  e: z.string().optional(),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
});

/** Where the hub's keys are: posted by it at registration, or in its JWKS document. */
export interface HubKeySource {
  signingKeyPem: string | undefined;
  jwksUrl: string | undefined;
}

/** @returns finds the keys of a source; as long as the source is the same, its JWKS document stays cached */
export function createHubKeys(options: Omit<Parameters<typeof jwksKeys>[0], 'url'>): (source: HubKeySource) => HubKeys | undefined {
  let cached: { source: string; keys: HubKeys } | undefined;
  return ({ signingKeyPem, jwksUrl }) => {
    const source = signingKeyPem ?? jwksUrl;
    if (source === undefined) return undefined;
    if (cached?.source !== source) {
      cached = { source, keys: signingKeyPem === undefined ? jwksKeys({ ...options, url: source }) : signingKey(signingKeyPem) };
    }
    return cached.keys;
  };
}

/**
 * @param options.request fetches a URL, with the connector's proxy and CAs
 * @returns the keys of this document; if fetches fail, those of the previous one stay for an hour
 */
export function jwksKeys(options: {
  url: string;
  request: (url: string, options: { timeoutMs: number }) => Promise<{ status: number; text: string }>;
  log: Log;
  now: () => number;
}): HubKeys {
  const { url, log, now } = options;
  let known: PublishedKey[] = [];
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let forcedAt = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;

  /** One fetch at a time; concurrent callers share it. */
  function fetchOnce(): Promise<void> {
    fetching ??= fetchKeys()
      .then((keys) => {
        known = keys;
        fetchedAt = now();
      })
      .catch((error: unknown) => {
        failedAt = now();
        const isKept = known.length > 0 && !isTooOld();
        log.warn({ err: error }, isKept ? 'Fetching the hub’s keys failed; keeping the known ones' : 'Fetching the hub’s keys failed');
      })
      .finally(() => {
        fetching = undefined;
      });
    return fetching;
  }

  async function fetchKeys(): Promise<PublishedKey[]> {
    const answer = await options.request(url, { timeoutMs: FETCH_TIMEOUT_MS });
    const host = new URL(url).host;
    if (answer.status !== 200) throw unusable(`${host} answered the request for its keys with HTTP ${answer.status}`);
    const document = jwksDocument.safeParse(parseJson(answer.text));
    if (!document.success) throw unusable(`${host} answered the request for its keys with something other than a JWKS document`);
    return document.data.keys.slice(0, MAX_KEYS).flatMap(usableKey);
  }

  function isTooOld(): boolean {
    // A clock that was set back must not prolong it.
    return Math.abs(now() - fetchedAt) >= MAX_STALE_MS;
  }

  function choose(header: TokenHeader): HubKey | undefined {
    if (isTooOld()) return undefined;
    const fitting = known.filter(
      (key) => (header.kid === undefined || key.kid === header.kid) && (key.alg === undefined || key.alg === header.alg),
    );
    // A token without a kid is accepted only if there is exactly one key, whatever its algorithm.
    if (header.kid === undefined && known.length !== 1) return undefined;
    return fitting[0];
  }

  async function fetchAndChoose(header: TokenHeader): Promise<HubKey | { refused: string }> {
    const isStale = isTooOld() || now() - fetchedAt >= FRESH_MS;
    if (isStale && (fetching !== undefined || now() - failedAt >= FAILED_FETCH_WAIT_MS)) await fetchOnce();
    let key = choose(header);
    if (key === undefined && !isStale && header.kid !== undefined && now() - forcedAt >= FORCED_FETCH_INTERVAL_MS) {
      forcedAt = now();
      await fetchOnce();
      key = choose(header);
    } else if (key === undefined && fetching !== undefined) {
      await fetching;
      key = choose(header);
    }
    if (key !== undefined) return key;
    if (isTooOld()) return { refused: 'the hub’s keys could not be fetched within the last hour' };
    return {
      refused:
        header.kid === undefined
          ? 'it names no key, and the hub publishes more or fewer than one'
          : 'it names a key that the hub does not publish',
    };
  }

  return {
    keyFor(header) {
      const key = now() - fetchedAt < FRESH_MS ? choose(header) : undefined;
      return key ?? fetchAndChoose(header);
    },
  };
}

/** @returns no key if this one cannot verify signatures: a document may contain others */
function usableKey(jwk: unknown): PublishedKey[] {
  const parsed = jwkSchema.safeParse(jwk);
  if (!parsed.success || (parsed.data.use !== undefined && parsed.data.use !== 'sig')) return [];
  const { kid, alg, kty, n, e, crv, x, y } = parsed.data;
  try {
    const key = createPublicKey({ format: 'jwk', key: kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y } });
    const algorithms = algorithmsOf(key);
    return algorithms.length === 0 ? [] : [{ kid, alg, key, algorithms }];
  } catch {
    return [];
  }
}

function unusable(message: string): CodedError {
  return new CodedError('HUB_KEYS_UNAVAILABLE', message, {
    action: 'Until its keys can be fetched, no request from the hub can be verified, and none is answered.',
  });
}
