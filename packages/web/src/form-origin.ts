/**
 * Whether a form was sent from one of our own pages (CSRF). Every browser labels a POST with the page's origin (Fetch, section 3.1) or at
 * least with the relation between the two sites (Fetch Metadata).
 */
import type { Context } from 'hono';
import { clientContextOf } from './client-context.ts';

/** Strict unless it says otherwise: same origin, over HTTPS if the form came over HTTPS, and labelled by a browser. */
export interface OriginPolicy {
  /** Where browsers reach this program, whatever host a proxy puts into `Host`. */
  publicUrl?: string;
  /** Pages of other sites that may send forms here. */
  otherPages?: readonly string[];
  /** Narrows which addressed host counts as ours; by default, any does. */
  isOwnOrigin?: (origin: URL) => boolean;
  /**
   * Accepts requests without `Origin` that no page of another site can have caused: programs send neither label, and a form that the user
   * opened directly has `Sec-Fetch-Site: none`. Only for forms that need no session.
   */
  acceptsUnlabelled?: boolean;
}

export interface FormLabels {
  origin: string | undefined;
  secFetchSite: string | undefined;
  host: string | undefined;
  /** The form came encrypted. */
  secure: boolean;
}

export function isFromOwnPage(c: Context, policy: OriginPolicy): boolean {
  const { secure } = clientContextOf(c.env.incoming);
  return isOwnForm(
    { origin: c.req.header('Origin'), secFetchSite: c.req.header('Sec-Fetch-Site'), host: c.req.header('Host'), secure },
    policy,
  );
}

export function isOwnForm({ origin, secFetchSite, host, secure }: FormLabels, policy: OriginPolicy): boolean {
  const { publicUrl, otherPages = [], isOwnOrigin = () => true, acceptsUnlabelled = false } = policy;
  if (origin === undefined) {
    return secFetchSite === 'same-origin' || (acceptsUnlabelled && (secFetchSite === undefined || secFetchSite === 'none'));
  }
  if (otherPages.some((page) => originOf(page) === origin)) return true;
  if (secFetchSite !== undefined && secFetchSite !== 'same-origin') return false;
  const own = publicUrl === undefined ? undefined : originOf(publicUrl);
  if (originOf(origin) === undefined) return false;
  if (origin === own) return true;
  const from = new URL(origin);
  // An attacker on the network can answer for any http address, including ours.
  const needsHttps = secure || own?.startsWith('https:');
  const hasOwnScheme = from.protocol === 'https:' || (from.protocol === 'http:' && !needsHttps);
  return hasOwnScheme && from.host === host?.toLowerCase() && isOwnOrigin(from);
}

/** @returns undefined for an address without an origin, such as `about:blank` */
function originOf(address: string): string | undefined {
  const origin = URL.canParse(address) ? new URL(address).origin : 'null';
  return origin === 'null' ? undefined : origin;
}
