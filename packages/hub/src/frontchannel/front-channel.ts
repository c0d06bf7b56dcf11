/**
 * The front channel: browsers within a connection's IP ranges are redirected to a connector, which identifies the user by Kerberos ticket or
 * client certificate, and return with an assertion. This folder decides which browsers go where and validates what they return with; the
 * pages are in `login`.
 *
 * Three secrets protect against login CSRF. `wctx` travels to the connector and back and selects the sign-in. The browser that brings the
 * assertion gets a code. The code is only valid together with the cookie of that sign-in: an attacker who makes a victim post an assertion to
 * the attacker's own `wctx` has the cookie but not the code, and the victim has the code but not the cookie.
 */
import { createHash, randomUUID } from 'node:crypto';
import { accountNameOf, cleanProfile, msSince } from '@landbridge/protocol';
import { CodedError, createIpRanges, type Log } from '@landbridge/runtime';
import { hashOfToken, newSecretToken } from '@landbridge/web';
import { assertionRejected, issuerUri, verifyToken, WSFED_SIGN_IN } from '@landbridge/wsfed';
import { z } from 'zod';
import { realmOf } from '../connections/connections.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { SignInEvents } from '../sign-in/events.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { chooseEndpoint } from './endpoint.ts';

/** Errors that an attacker can trigger at will; all others are faults of the hub. */
const REJECTIONS: readonly string[] = ['ASSERTION_REFUSED', 'XML_REFUSED'];

/** How far the clocks of hub and connector may differ. Kerberos requires five minutes as well. */
const CLOCK_SKEW_MS = 5 * 60_000;
/** Includes the time to type a password into the connector's own form. */
const REDIRECT_LIFETIME_MS = 10 * 60_000;
/** Between two pages of the hub. */
const CODE_LIFETIME_MS = 60_000;

/** The user whom an assertion names, until the browser presents the code. */
const verifiedUser = z.object({
  clientId: z.string(),
  profile: z.record(z.string(), z.unknown()),
  subject: z.string(),
  amr: z.array(z.string()).optional(),
  authenticatedAt: z.iso.datetime().transform((text) => new Date(text)),
  thumbprint: z.string(),
  correlationId: z.string(),
  ms: z.number(),
});
type VerifiedUser = z.infer<typeof verifiedUser>;

const redirected = z.object({
  clientId: z.string(),
  sentAt: z.iso.datetime().transform((text) => new Date(text)),
  fresh: z.boolean().default(false),
});

export interface FrontChannelAttempt {
  interaction: string;
  clientId: string;
  remoteAddress: string;
  /** The application requires a new authentication: a session at the connector is not enough. */
  fresh: boolean;
}

export interface FrontChannelFlow {
  /** Whether the connection offers it to browsers at this address; a connector need not be online. */
  isOffered(connection: Connection, remoteAddress: string): boolean;
  /** @returns the URL to redirect the browser to; undefined if it is not offered, or no eligible connector has an https address */
  begin(connection: Connection, attempt: FrontChannelAttempt): Promise<string | undefined>;
  /**
   * Validates an assertion, whichever browser brings it.
   *
   * @param form `wa`, `wctx` and `wresult`
   * @returns the sign-in, with a code if the assertion is valid; undefined for an unknown or expired `wctx`
   */
  receive(form: URLSearchParams, remoteAddress: string): Promise<{ interaction: string; code: string | undefined } | undefined>;
  /**
   * Call it only for the browser that has the cookie of the sign-in.
   *
   * @returns the user, once
   */
  finish(
    interaction: string,
    code: string,
    remoteAddress: string,
  ): Promise<
    | (Pick<VerifiedUser, 'profile' | 'subject' | 'amr' | 'authenticatedAt' | 'correlationId'> & { connectionId: string; username: string })
    | undefined
  >;
}

export function createFrontChannelFlow(parts: {
  store: Store;
  online: OnlineConnectors;
  events: Pick<SignInEvents, 'emit'>;
  log: Log;
  publicUrl: () => string;
  now?: () => Date;
}): FrontChannelFlow {
  const { store, events, log, publicUrl, now = () => new Date() } = parts;

  function isOffered({ enabled, settings }: Connection, remoteAddress: string): boolean {
    return enabled && (settings.kerberos || settings.certAuth) && createIpRanges(settings.ipRanges).has(remoteAddress);
  }

  /** @throws CodedError ASSERTION_REFUSED, XML_REFUSED */
  async function validate(
    connection: Connection | undefined,
    wresult: string,
    { sentAt, fresh }: z.infer<typeof redirected>,
  ): Promise<Pick<VerifiedUser, 'profile' | 'subject' | 'amr' | 'authenticatedAt' | 'thumbprint'>> {
    if (connection === undefined || !connection.enabled || !(connection.settings.kerberos || connection.settings.certAuth)) {
      throw assertionRejected('the connection was deleted or disabled in the meantime');
    }
    const { assertionId, issuedAt, profile, subject, amr, authenticatedAt, thumbprint } = verifyToken(wresult, {
      signers: await store.certificates(connection.id),
      audience: realmOf(connection),
      issuer: issuerUri(new URL(publicUrl()).hostname),
      requestedAt: sentAt,
      fresh,
      clockSkewMs: CLOCK_SKEW_MS,
      now: now(),
    });
    const clean = cleanProfile(profile);
    if (clean === undefined) throw assertionRejected('its claims do not form a profile');
    // By then, every sign-in that began before the assertion was issued has expired.
    const forgottenAt = new Date(issuedAt.getTime() + CLOCK_SKEW_MS + REDIRECT_LIFETIME_MS);
    const hash = createHash('sha256').update(assertionId).digest('hex');
    if (!(await store.markAssertionUsed(connection.id, hash, forgottenAt))) throw assertionRejected('it was used before');
    return { profile: clean, subject, amr, authenticatedAt, thumbprint };
  }

  return {
    isOffered,
    async begin(connection, { interaction, clientId, remoteAddress, fresh }) {
      if (!isOffered(connection, remoteAddress)) return undefined;
      const endpoint = await chooseEndpoint(parts, connection);
      if (endpoint === undefined) {
        log.info(
          { connection: connection.name },
          'Falling back to the form: no eligible connector has registered an https address (SERVER_URL)',
        );
        return undefined;
      }
      const sentAt = now();
      await store.removeExpiredFrontChannelState(sentAt);
      const secret = newSecretToken();
      const kept = await store.putFrontChannelSignIn({
        interaction,
        connectionId: connection.id,
        secretHash: secret.hash,
        payload: { clientId, sentAt: sentAt.toISOString(), fresh },
        expiresAt: new Date(sentAt.getTime() + REDIRECT_LIFETIME_MS),
      });
      if (!kept) return undefined;
      const url = new URL(endpoint);
      url.searchParams.set('wa', WSFED_SIGN_IN);
      url.searchParams.set('wtrealm', realmOf(connection));
      url.searchParams.set('wctx', `${interaction}.${secret.token}`);
      if (fresh) url.searchParams.set('wfresh', '0');
      return url.href;
    },
    async receive(form, remoteAddress) {
      const startedAt = performance.now();
      const [interaction = '', secret = ''] = (form.get('wctx') ?? '').split('.');
      if (form.get('wa') !== WSFED_SIGN_IN) return undefined;
      // First, so that nothing is parsed for browsers that were never redirected. It counts once, whatever the result.
      const found = await store.takeFrontChannelSignIn(interaction, hashOfToken(secret), now());
      const attempt = redirected.safeParse(found?.payload).data;
      if (found === undefined || attempt === undefined) return undefined;
      const connection = await store.connectionById(found.connectionId);
      const correlationId = randomUUID();
      try {
        const { authenticatedAt, ...user } = await validate(connection, form.get('wresult') ?? '', attempt);
        const code = newSecretToken();
        const ms = msSince(startedAt);
        const payload = { ...user, authenticatedAt: authenticatedAt.toISOString(), clientId: attempt.clientId, correlationId, ms };
        const expiresAt = new Date(now().getTime() + CODE_LIFETIME_MS);
        await store.putFrontChannelSignIn({ ...found, secretHash: code.hash, payload, expiresAt });
        return { interaction, code: code.token };
      } catch (error) {
        if (!(error instanceof CodedError) || !REJECTIONS.includes(error.code)) throw error;
        log.warn({ err: error, connection: connection?.name, correlationId }, 'Front-channel sign-in rejected');
        await events.emit({
          action: 'login',
          connection: connection?.name ?? '',
          username: '',
          remoteAddress,
          via: 'front-channel',
          clientId: attempt.clientId,
          result: 'front_channel_refused',
          correlationId,
          instance: undefined,
          ms: msSince(startedAt),
          detail: error.message,
        });
        return { interaction, code: undefined };
      }
    },
    async finish(interaction, code, remoteAddress) {
      const found = await store.takeFrontChannelSignIn(interaction, hashOfToken(code), now());
      const user = verifiedUser.safeParse(found?.payload).data;
      const connection = found === undefined ? undefined : await store.connectionById(found.connectionId);
      if (found === undefined || user === undefined || connection?.enabled !== true) return undefined;
      const { profile, subject, amr, authenticatedAt, thumbprint, clientId, correlationId, ms } = user;
      // An operator may have revoked it since, because of this very assertion.
      const certificates = await store.certificates(connection.id);
      if (!certificates.some((certificate) => certificate.thumbprint === thumbprint && certificate.state === 'approved')) return undefined;
      const username = accountNameOf(profile) ?? String(profile.id);
      await events.emit({
        action: 'login',
        connection: connection.name,
        username,
        remoteAddress,
        via: 'front-channel',
        clientId,
        result: 'ok',
        correlationId,
        instance: thumbprint,
        ms,
        detail: `by ${amr?.join(', ') ?? 'a method that the connector does not name'}`,
      });
      return { connectionId: connection.id, username, profile, subject, amr, authenticatedAt, correlationId };
    },
  };
}
