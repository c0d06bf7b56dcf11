/** A link from the connector to a fake hub, with users scripted by a test, and a log that it can read. */
import { once } from 'node:events';
import { createLog } from '@landbridge/runtime';
import type { HubUsers } from '../src/hub/dispatch.ts';
import { type HubLink, type HubLinkOptions, type LinkStatus, type LinkTarget, startHubLink } from '../src/hub/link.ts';
import { createHubClock } from '../src/network/hub-clock.ts';
import { createOutbound } from '../src/network/outbound.ts';
import { createConnectorSignInEvents } from '../src/users/sign-in-events.ts';
import { AGENT_RSA, CONNECTION, type FakeHub, HUB_RSA, pemOf, REALM } from './fake-hub.ts';

export interface LinkUnderTest {
  link: HubLink;
  /** Every line logged so far. */
  lines: string[];
  statuses: LinkStatus[];
  /** Resolves with the current status if it has this state, else with the next one that has. */
  reached<S extends LinkStatus['state']>(state: S): Promise<LinkStatus>;
  /** Resolves when a line matches. */
  logged(pattern: RegExp): Promise<string>;
}

const neverAsked = async (): Promise<never> => {
  throw new Error('this test does not expect to be asked for that');
};

export function linkTo(
  hub: FakeHub,
  options: Omit<Partial<HubLinkOptions>, 'users'> & { users?: Partial<HubUsers>; target?: Partial<LinkTarget>; caCert?: string } = {},
): LinkUnderTest {
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: (line: string) => void }[] = [];
  const write = (line: string) => {
    lines.push(line);
    for (const [index, { pattern, resolve }] of [...waiting.entries()].reverse()) {
      if (!pattern.test(line)) continue;
      waiting.splice(index, 1);
      resolve(line);
    }
  };
  const { log } = createLog({ level: 'debug', format: 'text', destination: { write } });
  const link = startHubLink({
    provision: async () => ({
      hubUrl: hub.url,
      connection: CONNECTION,
      realm: REALM,
      signingKeyPem: pemOf(HUB_RSA.publicKey),
      jwksUrl: undefined,
      hubIdentity: undefined,
      ...options.target,
    }),
    directoryIsUp: () => true,
    log,
    signIns: createConnectorSignInEvents(log),
    privateKey: AGENT_RSA.privateKey,
    resetPasswordEnabled: true,
    changeOwnPasswordEnabled: true,
    outbound: createOutbound({
      HTTP_PROXY: undefined,
      HTTPS_PROXY: undefined,
      NO_PROXY: [],
      CA_CERT: options.caCert === undefined ? [] : [options.caCert],
      SSL_CA_FILE: undefined,
      SSL_CA_PATH: undefined,
    }),
    hubClock: createHubClock({ limitMs: 600_000, log, ...(options.clock && { system: options.clock.now }) }),
    maxReconnectIntervalMs: 10_000,
    ...options,
    users: {
      authenticate: neverAsked,
      searchUsers: neverAsked,
      listGroups: neverAsked,
      passwordTimes: neverAsked,
      changePassword: neverAsked,
      ...options.users,
    },
  });
  const statuses: LinkStatus[] = [link.status()];
  link.events.on('status', (status) => statuses.push(status));
  return {
    link,
    lines,
    statuses,
    async reached(state) {
      let status = link.status();
      while (status.state !== state) [status] = await once(link.events, 'status');
      return status;
    },
    logged(pattern) {
      const line = lines.find((written) => pattern.test(written));
      return line === undefined ? new Promise((resolve) => waiting.push({ pattern, resolve })) : Promise.resolve(line);
    },
  };
}
