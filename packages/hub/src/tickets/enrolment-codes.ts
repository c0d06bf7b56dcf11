/**
 * The codes of connectors that ask to be enrolled, kept in memory for ten minutes. Anyone who can reach the hub can ask for one, so their number is
 * limited, and they are not listed anywhere. A code that an administrator has entered is never dropped in favour of others.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { type CodeState, comparisonCode, isCommitmentTo, USER_CODE_LETTERS } from '@landbridge/protocol';
import { addressGroups, CodedError } from '@landbridge/runtime';

export const CODE_LIFETIME_MS = 10 * 60_000;
export const POLL_INTERVAL_MS = 3000;
/** RFC 8628, section 3.5. */
const SLOWER_BY_MS = 5000;
/** Tolerance, because requests do not arrive as evenly as they are sent. */
const EARLY_MS = 500;
const MAX_CODES = 200;
/** The lifetime of a code, and the period of the limit per address. */
const MAX_PER_ADDRESS = 10;

/** What a connector says about itself, and what it has proven. */
export interface CodeApplicant {
  /** SPKI in base64. The connector proved that it has the private key. */
  publicKey: string;
  hostName: string | undefined;
  agentVersion: string | undefined;
  remoteAddress: string;
  commitment: string;
  /** The hub identity that the connector was shown. */
  hub: string;
}

export interface CodeEntry extends CodeApplicant {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly expiresAtMs: number;
  /** Undefined until the connector has revealed its nonce. */
  readonly comparison: string | undefined;
  readonly state: 'pending' | 'approved' | 'denied';
}

export interface EnrolmentCodes {
  /** @throws CodedError TOO_MANY_CODES */
  add(applicant: CodeApplicant): CodeEntry;
  /** @throws CodedError INVALID_REQUEST if the nonce does not match the commitment */
  poll(deviceCode: string, publicKey: string, nonce: string): CodeState;
  /** For an administrator who entered the code. @returns undefined if no connector waits with it */
  find(userCode: string): CodeEntry | undefined;
  /** @returns false if no connector waits with this code any longer */
  approve(userCode: string, connectionId: string): boolean;
  /** @returns false if no connector waits with this code any longer */
  deny(userCode: string): boolean;
  /** Whether a connector with this key may enrol for the connection now. */
  isApproved(connectionId: string, publicKey: string): boolean;
  /** Uses up the approval. @returns false if it was used before */
  use(connectionId: string, publicKey: string): boolean;
}

type Waiting = { -readonly [name in keyof CodeEntry]: CodeEntry[name] } & {
  group: string;
  network: string;
  /** Whether an administrator has entered the code. */
  seen: boolean;
  connectionId: string | undefined;
  polledAtMs: number;
  intervalMs: number;
};

export function createEnrolmentCodes(now: () => number = Date.now): EnrolmentCodes {
  /** By device code, in the order of creation. */
  const waiting = new Map<string, Waiting>();

  function live(): Waiting[] {
    for (const [deviceCode, { expiresAtMs }] of waiting) {
      if (expiresAtMs > now()) break;
      waiting.delete(deviceCode);
    }
    return [...waiting.values()];
  }

  /** Drops the oldest code of the network with the most codes, ignoring those that an administrator has entered. */
  function makePlace(all: readonly Waiting[]): boolean {
    const unseen = all.filter(({ seen }) => !seen);
    const sizes = new Map<string, number>();
    for (const { network } of unseen) sizes.set(network, (sizes.get(network) ?? 0) + 1);
    const largest = Math.max(...sizes.values());
    const victim = unseen.find(({ network }) => sizes.get(network) === largest);
    return victim !== undefined && waiting.delete(victim.deviceCode);
  }

  const undecided = (userCode: string) => live().find((entry) => entry.userCode === userCode && entry.state === 'pending');
  const approved = (connectionId: string, publicKey: string) =>
    live().find((entry) => entry.state === 'approved' && entry.connectionId === connectionId && entry.publicKey === publicKey);

  return {
    add(applicant) {
      const groups = addressGroups(applicant.remoteAddress);
      const [group] = groups;
      const all = live();
      if (all.filter((other) => other.group === group).length >= MAX_PER_ADDRESS || (all.length >= MAX_CODES && !makePlace(all))) {
        throw new CodedError('TOO_MANY_CODES', 'Too many connectors have requested a code', {
          action: 'Wait ten minutes, or enrol the connector with a ticket.',
        });
      }
      const entry: Waiting = {
        ...applicant,
        ...{ group, network: groups.at(-1) ?? group, seen: false, connectionId: undefined, comparison: undefined, state: 'pending' },
        deviceCode: randomBytes(32).toString('base64url'),
        userCode: newUserCode(new Set(all.map(({ userCode }) => userCode))),
        expiresAtMs: now() + CODE_LIFETIME_MS,
        polledAtMs: Number.NEGATIVE_INFINITY,
        intervalMs: POLL_INTERVAL_MS,
      };
      waiting.set(entry.deviceCode, entry);
      return entry;
    },
    poll(deviceCode, publicKey, nonce) {
      live();
      const entry = waiting.get(deviceCode);
      if (entry === undefined || entry.publicKey !== publicKey) return { state: 'expired' };
      if (!isCommitmentTo(entry.commitment, nonce)) throw new CodedError('INVALID_REQUEST', 'nonce does not match commitment');
      entry.comparison ??= comparisonCode({ publicKey: Buffer.from(publicKey, 'base64'), hub: entry.hub, deviceCode, nonce });
      const isEarly = now() - entry.polledAtMs < entry.intervalMs - EARLY_MS;
      entry.polledAtMs = now();
      if (isEarly) {
        entry.intervalMs += SLOWER_BY_MS;
        return { state: 'slow_down' };
      }
      const { state, connectionId } = entry;
      return state === 'approved' ? { state, connectionId } : { state };
    },
    find(userCode) {
      const entry = undecided(userCode);
      if (entry !== undefined) entry.seen = true;
      return entry;
    },
    approve(userCode, connectionId) {
      const entry = undecided(userCode);
      if (entry?.comparison === undefined) return false;
      Object.assign(entry, { state: 'approved', connectionId });
      return true;
    },
    deny(userCode) {
      const entry = undecided(userCode);
      if (entry === undefined) return false;
      entry.state = 'denied';
      return true;
    },
    isApproved: (connectionId, publicKey) => approved(connectionId, publicKey) !== undefined,
    use(connectionId, publicKey) {
      const entry = approved(connectionId, publicKey);
      return entry !== undefined && waiting.delete(entry.deviceCode);
    },
  };
}

function newUserCode(taken: ReadonlySet<string>): string {
  const four = () => Array.from({ length: 4 }, () => USER_CODE_LETTERS.charAt(randomInt(USER_CODE_LETTERS.length))).join('');
  let code: string;
  do code = `${four()}-${four()}`;
  while (taken.has(code));
  return code;
}
