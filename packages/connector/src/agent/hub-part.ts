/**
 * The connector's side of a hub as one part that can be tried beside the one in use: proxy and authorities, provisioning, and the link.
 * What the hub says of its connection is written to config.json only by the part in use.
 */
import { CodedError, type Log } from '@landbridge/runtime';
import { readConfigFile, updateConfigFile } from '../config/config-file.ts';
import type { Config } from '../config/load.ts';
import type { HubUsers } from '../hub/dispatch.ts';
import { type HubLink, type LinkStatus, startHubLink } from '../hub/link.ts';
import { createOutbound } from '../network/outbound.ts';
import { createProvisioning, type ProvisionedHub } from '../setup/provision.ts';
import { type CheckHubToken, createCheckHubToken } from './hub-tokens.ts';

export interface HubPart {
  readonly privateKeyPem: string;
  /** Begins to connect. */
  start(users: HubUsers, directoryIsUp: () => boolean): void;
  status(): LinkStatus;
  /** Resolves once it is known whether the hub accepts this connector: with undefined, or with what is in the way. */
  tried(signal: AbortSignal): Promise<CodedError | undefined>;
  /** What was to be written to config.json until now. */
  learnt(): Readonly<Record<string, unknown>>;
  /** From now on what is learnt is written as it comes. */
  adopt(onKept: (changes: Readonly<Record<string, unknown>>) => void, onStatus: (status: LinkStatus) => void): void;
  /** What the hub said last of the connection, and each time it does; undefined as long as nothing is known. */
  provisioned(): ProvisionedHub | undefined;
  onProvisioned(tell: () => void): void;
  /** Whether a token is signed by the hub, with the keys that it has now. */
  checkToken: CheckHubToken;
  /** Finishes what is in work and writes nothing more. */
  close(): Promise<void>;
}

/** @throws CodedError CA_UNUSABLE, CERTIFICATE_UNUSABLE */
export function openHubPart({ config, log, agentVersion }: { config: Config; log: Log; agentVersion: string }): HubPart {
  const { values } = config;
  const outbound = createOutbound(values);
  let use: 'trial' | 'in use' | 'closed' = 'trial';
  let learnt: Record<string, unknown> = {};
  let kept: (changes: Readonly<Record<string, unknown>>) => void = () => {};
  let link: HubLink | undefined;
  const provisioning = createProvisioning({
    config,
    outbound,
    log,
    agentVersion,
    save(changes) {
      if (use === 'closed') return false;
      if (use === 'trial') {
        learnt = { ...learnt, ...changes };
        return false;
      }
      if (isOfAnotherTicket(config)) return false;
      const isWritten = updateConfigFile(config.home.configFile, changes);
      kept(changes);
      return isWritten;
    },
  });
  let provisioned: ProvisionedHub | undefined;
  let tellProvisioned = () => {};
  async function provision(signal: AbortSignal): Promise<ProvisionedHub> {
    provisioned = await provisioning.provision(signal);
    tellProvisioned();
    return provisioned;
  }
  const status = (): LinkStatus => link?.status() ?? { state: 'connecting' };

  return {
    privateKeyPem: provisioning.privateKeyPem,
    start(users, directoryIsUp) {
      link = startHubLink({
        provision,
        users,
        directoryIsUp,
        log,
        privateKey: provisioning.privateKey,
        resetPasswordEnabled: values.ENABLE_WRITE_BACK,
        changeOwnPasswordEnabled: values.ENABLE_PASSWORD_SELF_CHANGE,
        outbound,
        maxReconnectIntervalMs: values.WS_RECONNECT_INTERVAL_MS,
        times: { drainTimeoutMs: values.SHUTDOWN_GRACE_MS },
      });
    },
    status,
    tried(signal) {
      return new Promise((resolve) => {
        const look = () => {
          const now = status();
          if (now.state === 'connecting' && !signal.aborted) return;
          link?.events.off('status', look);
          signal.removeEventListener('abort', look);
          resolve(now.state === 'connected' ? undefined : notConnected('reason' in now ? now.reason : 'it does not answer'));
        };
        link?.events.on('status', look);
        signal.addEventListener('abort', look);
        look();
      });
    },
    learnt: () => learnt,
    provisioned: () => provisioned,
    onProvisioned(tell) {
      tellProvisioned = tell;
    },
    checkToken: createCheckHubToken({ hub: () => provisioned, request: outbound.request, log }),
    adopt(onKept, onStatus) {
      use = 'in use';
      kept = onKept;
      link?.events.on('status', onStatus);
    },
    async close() {
      use = 'closed';
      tellProvisioned = () => {};
      await link?.close();
    },
  };
}

/** Somebody has put another ticket into the file, and the connector was not told yet: what the old one says must not replace it. */
function isOfAnotherTicket({ home, origins, values }: Config): boolean {
  const { PROVISIONING_TICKET: inFile } = readConfigFile(home.configFile);
  return origins.PROVISIONING_TICKET === 'file' && inFile !== undefined && String(inFile).trim() !== values.PROVISIONING_TICKET;
}

function notConnected(reason: string): CodedError {
  return new CodedError('HUB_NOT_CONNECTED', `No connection to the hub: ${reason}`, {
    action: 'The log says more. Check the ticket, the proxy, and whether the hub knows this connector.',
  });
}
