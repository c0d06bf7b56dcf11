/** One question of an application: which connectors are asked, how long, and what happens when one is lost or cannot answer. */
import { randomUUID } from 'node:crypto';
import type { Capability, ErrorReason, RequestName, Step } from '@landbridge/protocol';
import type { Connector } from '../connectors/connector.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { Connection } from '../store/connections.ts';
import { readSteps, whyUnanswered } from './answers.ts';
import { createChoose, type Nobody } from './choose.ts';

/** `pid` names the question in the logs of both sides; `steps` is the way it took, as far as is known. */
export type Asked = { pid: string; instance: string | undefined; steps: readonly Step[] } & (
  | { payload: unknown; reason: ErrorReason | undefined }
  | { failure: Nobody | 'connector_lost' | 'connector_timeout' | 'connection_disabled' }
);

/** The claims of a request, without what is added here; a function where they depend on the connector. */
export type Claims = Readonly<Record<string, string | number | undefined>>;

/** A request that arrives later than this is not obeyed: it was asked of a connection that is long gone. */
const TOKEN_LIFETIME_SECONDS = 60;

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

/** @param needs what a connector must have said that it understands; the others are not asked */
export type Ask = (
  connection: Connection,
  name: RequestName,
  claimsFor: (connector: Connector) => Claims,
  needs?: Capability,
) => Promise<Asked>;

/**
 * @param parts.maxUnderWay of all connections together: what comes beyond is told that all are busy, and nothing ever waits for its turn
 * @returns a function that asks, and never rejects nor waits longer than `timeoutMs`, however many connectors are tried
 */
export function createAsk(parts: {
  online: OnlineConnectors;
  keys: SigningKeys;
  timeoutMs: number;
  maxPerConnector: number;
  maxUnderWay: number;
}): Ask {
  const { online, keys, timeoutMs } = parts;
  const choose = createChoose(parts.maxPerConnector);
  let underWay = 0;

  function tokenFor(connector: Connector, pid: string, given: Claims): string {
    const iat = Math.floor(Date.now() / 1000);
    const { sealing } = connector;
    const claims = sealing === undefined ? { ...given, pid } : { pid, sealed: sealing.seal({ ...given, pid }) };
    return keys.sign(connector.algorithm, { ...claims, iat, exp: iat + TOKEN_LIFETIME_SECONDS, jti: pid }, connector.signingKid);
  }

  async function askUntilAnswered(...[connection, name, claimsFor, needs]: Parameters<Ask>): Promise<Asked> {
    const deadlineMs = Date.now() + timeoutMs;
    const asked = new Set<Connector>();
    const steps: Step[] = [];
    let last: Asked | undefined;
    for (;;) {
      // A new one for each try: an answer to the first can never be taken for an answer to the second.
      const pid = randomUUID();
      const connector = choose(online.of(connection.id), { needs, not: asked });
      if (typeof connector === 'string') return last ?? { pid, instance: undefined, steps, failure: connector };
      asked.add(connector);
      const { instance } = connector;
      const about = { pid, instance, steps };
      const signedAt = performance.now();
      const jwt = tokenFor(connector, pid, claimsFor(connector));
      const sentAt = performance.now();
      steps.push({
        name: 'signature',
        ms: since(signedAt, sentAt),
        outcome: `${connector.algorithm}${connector.sealing ? ', sealed' : ''}`,
      });
      const reply = await connector.ask(name, pid, jwt, Math.max(1, deadlineMs - Date.now()));
      if (reply.kind === 'answered' && connector.capabilities.includes('steps')) steps.push(...readSteps(reply.payload));
      steps.push({ name: 'answer', ms: since(sentAt, performance.now()), outcome: `${reply.kind} (${instance})` });
      switch (reply.kind) {
        case 'answered': {
          const { reason, tried } = connector.capabilities.includes('reasons') ? whyUnanswered(reply.payload) : NOT_TOLD;
          last = { ...about, payload: reply.payload, reason };
          if (reason === undefined || (tried && !REPEATABLE[name])) return last;
          break;
        }
        case 'timeout':
          return { ...about, failure: 'connector_timeout' };
        case 'lost':
          last = { ...about, failure: 'connector_lost' };
          if (!REPEATABLE[name]) return last;
      }
    }
  }

  return async (connection, ...question) => {
    const nobody = (failure: 'connection_disabled' | 'connector_busy') => ({ pid: randomUUID(), instance: undefined, steps: [], failure });
    if (!connection.enabled) return nobody('connection_disabled');
    if (underWay >= parts.maxUnderWay) return nobody('connector_busy');
    underWay++;
    try {
      return await askUntilAnswered(connection, ...question);
    } finally {
      underWay--;
    }
  };
}

const NOT_TOLD = { reason: undefined, tried: true } as const;

function since(startedAt: number, endedAt: number): number {
  return Math.round((endedAt - startedAt) * 100) / 100;
}
