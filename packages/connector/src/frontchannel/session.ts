/**
 * Sessions of users who signed in by the form. The signed cookie is the session, so any connector with the same key accepts it, whichever
 * one a load balancer chooses. It contains user name, immutable id and time: the account is looked up again at each sign-in. Names and
 * addresses can change hands, so the id must still be the same.
 */
import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

export interface Session {
  /** As the user entered it. */
  name: string;
  /** The immutable id of the user whose password it was: the name must still lead to this user. */
  subject: string;
  /** When the password was checked. */
  at: Date;
}

export interface FrontChannelSessions {
  /** @returns the value of the cookie; undefined if sessions are off, or the name is too long for a cookie */
  issue(session: Session): string | undefined;
  /** @returns undefined for a forged, changed or expired cookie */
  read(cookie: string | undefined): Session | undefined;
  maxAgeSeconds: number;
}

const payloadSchema = z.tuple([z.string().min(1), z.string().min(1), z.number().int()]);
const VERSION = 'v2';
/** Browsers keep 4096 bytes of a cookie, name and attributes included (RFC 6265, section 6.1). */
const MAX_COOKIE_LENGTH = 3500;

/**
 * The key is derived from the connector's private key, which connectors of one connection share. Auth0 connectors come with a
 * session secret that is the same everywhere, so it must not be the only input.
 *
 * @param secret SESSION_SECRET; changing it ends all sessions
 * @param minutes SESSION_MINUTES; 0: no sessions
 */
export function createFrontChannelSessions(options: {
  privateKey: KeyObject;
  secret: string | undefined;
  connection: string;
  minutes: number;
  now: () => number;
}): FrontChannelSessions {
  const { privateKey, secret = '', connection, minutes, now } = options;
  const seed = privateKey.export({ type: 'pkcs8', format: 'der' });
  const key = createSecretKey(Buffer.from(hkdfSync('sha256', seed, secret, `landbridge session ${connection}`, 32)));
  const lifetimeMs = minutes * 60_000;

  const macOf = (text: string) => createHmac('sha256', key).update(text).digest();

  return {
    maxAgeSeconds: minutes * 60,
    issue({ name, subject, at }) {
      const signed = `${VERSION}.${Buffer.from(JSON.stringify([name, subject, at.getTime()])).toString('base64url')}`;
      const cookie = `${signed}.${macOf(signed).toString('base64url')}`;
      return minutes === 0 || cookie.length > MAX_COOKIE_LENGTH ? undefined : cookie;
    },
    read(cookie) {
      const [version, payload = '', mac = '', ...rest] = cookie?.split('.') ?? [];
      if (version !== VERSION || rest.length > 0) return undefined;
      const given = Buffer.from(mac, 'base64url');
      const expected = macOf(`${version}.${payload}`);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const parsed = payloadSchema.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
      if (!parsed.success) return undefined;
      const [name, subject, at] = parsed.data;
      // A time in the future comes from a wrong clock.
      const ageMs = now() - at;
      return ageMs < lifetimeMs && ageMs > -60_000 ? { name, subject, at: new Date(at) } : undefined;
    },
  };
}
