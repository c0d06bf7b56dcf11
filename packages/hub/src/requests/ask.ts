/** One question to one connector of a connection: which one, how long, and what happens when it is lost. */
import { randomUUID } from 'node:crypto';
import type { RequestName } from '@landbridge/protocol';
import type { Connector } from '../connectors/connector.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { Connection } from '../store/connections.ts';
import type { FailureCode } from './failures.ts';

/** `pid` names the question in the logs of both sides. */
export type Asked = { pid: string; instance: string | undefined } & (
  | { payload: unknown }
  | { failure: Extract<FailureCode, `connector_${string}`> }
);

/** The claims of a request, without what is added here; a function where they depend on the connector. */
export type Claims = Readonly<Record<string, string | number | undefined>>;

/** A request that arrives later than this is not obeyed: it was asked of a connection that is long gone. */
const TOKEN_LIFETIME_SECONDS = 60;
/** A connector that let a question run out is asked last for this long, unless it answers another. */
const SILENT_PENALTY_MS = 30_000;

/**
 * What may be asked a second time of another connector when the first is lost. A sign-in may not: its password may have been
 * tried, and a second try would count twice towards the account's lockout.
 */
const REPEATABLE: Record<RequestName, boolean> = {
  authenticate_user: false,
  change_password: false,
  search_users: true,
  list_groups: true,
};

export type Ask = (connection: Connection, name: RequestName, claimsFor: (connector: Connector) => Claims) => Promise<Asked>;

/** @returns a function that asks, and never rejects nor waits longer than `timeoutMs`, however many connectors are tried */
export function createAsk(parts: { online: OnlineConnectors; keys: SigningKeys; timeoutMs: number; maxPerConnector: number }): Ask {
  const { online, keys, timeoutMs, maxPerConnector } = parts;
  const lastAsked = new WeakMap<Connector, number>();
  let questions = 0;

  function choose(connectionId: string): Connector | 'connector_offline' | 'connector_busy' {
    const ready = online.of(connectionId).filter((connector) => connector.open && !connector.draining);
    if (ready.length === 0) return 'connector_offline';
    const now = Date.now();
    const silent = (connector: Connector) => Number(now - (connector.silentSinceMs ?? 0) < SILENT_PENALTY_MS);
    // Among equals the one that was asked longest ago.
    const [first] = ready
      .filter((connector) => connector.inFlight < maxPerConnector)
      .sort((a, b) => silent(a) - silent(b) || a.inFlight - b.inFlight || (lastAsked.get(a) ?? 0) - (lastAsked.get(b) ?? 0));
    return first ?? 'connector_busy';
  }

  return async (connection, name, claimsFor) => {
    const deadlineMs = Date.now() + timeoutMs;
    for (let lost: string | undefined; ; ) {
      // A new one for each try: an answer to the first can never be taken for an answer to the second.
      const pid = randomUUID();
      const connector = choose(connection.id);
      if (typeof connector === 'string') return { pid, instance: lost, failure: lost === undefined ? connector : 'connector_lost' };
      lastAsked.set(connector, ++questions);
      const iat = Math.floor(Date.now() / 1000);
      const jwt = keys.sign(connector.algorithm, {
        ...claimsFor(connector),
        pid,
        iat,
        exp: iat + TOKEN_LIFETIME_SECONDS,
        jti: pid,
      });
      const reply = await connector.ask(name, pid, jwt, Math.max(1, deadlineMs - Date.now()));
      const { instance } = connector;
      if (reply.kind === 'answered') return { pid, instance, payload: reply.payload };
      if (reply.kind === 'timeout') return { pid, instance, failure: 'connector_timeout' };
      if (!REPEATABLE[name]) return { pid, instance, failure: 'connector_lost' };
      lost = instance;
    }
  };
}
