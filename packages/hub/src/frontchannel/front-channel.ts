/**
 * The front channel: people within a connection's IP ranges are sent to a connector, which knows them by a ticket or a certificate, and come
 * back with an assertion. This folder owns who is sent where, and what is believed of what comes back; pages belong to `login`.
 *
 * Three secrets tie it together. `wctx` goes to the connector and comes back: it says for which sign-in the answer is. Whoever brings the
 * answer gets a code. The code counts only together with the cookie of that sign-in: a stranger who has somebody post an answer to the
 * stranger's own `wctx` has the cookie and not the code, and that somebody the code and not the cookie.
 */

import { createHash, randomUUID } from 'node:crypto';
import { cleanProfile, msSince, type Profile } from '@landbridge/protocol';
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

/** Codes of what strange hands can bring about; others are faults of the hub. */
const REFUSALS: readonly string[] = ['ASSERTION_REFUSED', 'XML_REFUSED'];

/** How far the clocks of hub and connector may differ. Kerberos requires five minutes as well. */
const CLOCK_SKEW_MS = 5 * 60_000;
/** From the hub to the connector and back, with time to type a password into the connector's own form. */
const SENT_LIFETIME_MS = 10 * 60_000;
/** From one page of ours to the next. */
const CODE_LIFETIME_MS = 60_000;

/** A person who came back, as the connector knows them. */
const arrived = z.object({
  clientId: z.string(),
  profile: z.record(z.string(), z.unknown()),
  amr: z.array(z.string()).optional(),
  authenticatedAt: z.iso.datetime().transform((text) => new Date(text)),
  thumbprint: z.string(),
  correlationId: z.string(),
  ms: z.number(),
});
type Arrived = z.infer<typeof arrived>;

const sent = z.object({
  clientId: z.string(),
  sentAt: z.iso.datetime().transform((text) => new Date(text)),
  fresh: z.boolean().default(false),
});

/** One sign-in of one browser. */
export interface Leaving {
  interaction: string;
  clientId: string;
  remoteAddress: string;
  /** The application wants the person to prove it now: a session at the connector must not count. */
  fresh: boolean;
}

export interface FrontChannel {
  /** Whether people at this address sign in there: a connector need not be online. */
  isFor(connection: Connection, remoteAddress: string): boolean;
  /** @returns where to send the browser; undefined where this person is not sent anywhere, or no connector is there */
  leave(connection: Connection, leaving: Leaving): Promise<string | undefined>;
  /**
   * Checks what a browser brings, from whichever browser it comes.
   * @param form `wa`, `wctx` and `wresult`
   * @returns the sign-in that it is for, and the code where it is believed; undefined where it is for none that is known here
   */
  receive(form: URLSearchParams, remoteAddress: string): Promise<{ interaction: string; code: string | undefined } | undefined>;
  /**
   * To be called only for the browser that has the cookie of the sign-in.
   * @returns the person, once
   */
  finish(
    interaction: string,
    code: string,
    remoteAddress: string,
  ): Promise<
    (Pick<Arrived, 'profile' | 'amr' | 'authenticatedAt' | 'correlationId'> & { connectionId: string; username: string }) | undefined
  >;
}

export function createFrontChannel(parts: {
  store: Store;
  online: OnlineConnectors;
  events: Pick<SignInEvents, 'emit'>;
  log: Log;
  publicUrl: () => string;
  now?: () => Date;
}): FrontChannel {
  const { store, events, log, publicUrl, now = () => new Date() } = parts;

  function isFor({ enabled, settings }: Connection, remoteAddress: string): boolean {
    return enabled && (settings.kerberos || settings.certAuth) && createIpRanges(settings.ipRanges).has(remoteAddress);
  }

  /** @throws CodedError ASSERTION_REFUSED, XML_REFUSED */
  async function believe(
    connection: Connection | undefined,
    wresult: string,
    { sentAt, fresh }: z.infer<typeof sent>,
  ): Promise<Pick<Arrived, 'profile' | 'amr' | 'authenticatedAt' | 'thumbprint'>> {
    if (connection === undefined || !connection.enabled || !(connection.settings.kerberos || connection.settings.certAuth)) {
      throw assertionRejected('the connection was deleted or disabled in the meantime');
    }
    const { assertionId, issuedAt, profile, amr, authenticatedAt, thumbprint } = verifyToken(wresult, {
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
    const forgottenAt = new Date(issuedAt.getTime() + CLOCK_SKEW_MS + SENT_LIFETIME_MS);
    const hash = createHash('sha256').update(assertionId).digest('hex');
    if (!(await store.markAssertionUsed(connection.id, hash, forgottenAt))) throw assertionRejected('it was used before');
    return { profile: clean, amr, authenticatedAt, thumbprint };
  }

  return {
    isFor,
    async leave(connection, { interaction, clientId, remoteAddress, fresh }) {
      if (!isFor(connection, remoteAddress)) return undefined;
      const endpoint = await chooseEndpoint(parts, connection);
      if (endpoint === undefined) {
        log.info(
          { connection: connection.name },
          'A person gets the form: no connector is well that registered an https address (SERVER_URL)',
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
        expiresAt: new Date(sentAt.getTime() + SENT_LIFETIME_MS),
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
      // Before anything is parsed: whoever was not sent anywhere brings no work. It counts once, whatever comes of it.
      const found = await store.takeFrontChannelSignIn(interaction, hashOfToken(secret), now());
      const leaving = sent.safeParse(found?.payload).data;
      if (found === undefined || leaving === undefined) return undefined;
      const connection = await store.connectionById(found.connectionId);
      const correlationId = randomUUID();
      try {
        const { authenticatedAt, ...person } = await believe(connection, form.get('wresult') ?? '', leaving);
        const code = newSecretToken();
        const ms = msSince(startedAt);
        const payload = { ...person, authenticatedAt: authenticatedAt.toISOString(), clientId: leaving.clientId, correlationId, ms };
        const expiresAt = new Date(now().getTime() + CODE_LIFETIME_MS);
        await store.putFrontChannelSignIn({ ...found, secretHash: code.hash, payload, expiresAt });
        return { interaction, code: code.token };
      } catch (error) {
        if (!(error instanceof CodedError) || !REFUSALS.includes(error.code)) throw error;
        log.warn({ err: error, connection: connection?.name, correlationId }, 'The answer of a connector is refused');
        await events.emit({
          action: 'login',
          connection: connection?.name ?? '',
          username: '',
          remoteAddress,
          via: 'front-channel',
          clientId: leaving.clientId,
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
      const person = arrived.safeParse(found?.payload).data;
      const connection = found === undefined ? undefined : await store.connectionById(found.connectionId);
      if (found === undefined || person === undefined || connection?.enabled !== true) return undefined;
      const { profile, amr, authenticatedAt, thumbprint, clientId, correlationId, ms } = person;
      // It may have been revoked since the answer came, because of this very answer.
      const certificates = await store.certificates(connection.id);
      if (!certificates.some((certificate) => certificate.thumbprint === thumbprint && certificate.state === 'approved')) return undefined;
      const username = accountNameOf(profile);
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
      return { connectionId: connection.id, username, profile, amr, authenticatedAt, correlationId };
    },
  };
}

/** The account name by which operators find the user in the directory. */
function accountNameOf({ sAMAccountName, userPrincipalName, id }: Profile): string {
  const names = [sAMAccountName, userPrincipalName, id];
  return names.find((name) => typeof name === 'string' && name !== '')?.toString() ?? '';
}
