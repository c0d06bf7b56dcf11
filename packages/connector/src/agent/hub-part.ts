/**
 * The connector's side of the hub as one part that can be tried beside the one in use: proxy, certificate authorities, provisioning and
 * link. Only the part in use writes the hub's information about the connection to config.json.
 */
import { CodedError, type Log } from '@landbridge/runtime';
import { readConfigFile, updateConfigFile } from '../config/config-file.ts';
import type { Config } from '../config/load.ts';
import type { HubUsers } from '../hub/dispatch.ts';
import { type HubLink, type LinkStatus, startHubLink } from '../hub/link.ts';
import { createHubClock } from '../network/hub-clock.ts';
import { createOutbound } from '../network/outbound.ts';
import { createProvisioning, type ProvisionedHub } from '../setup/provision.ts';
import type { ConnectorSignInEvents } from '../users/sign-in-events.ts';
import type { Changes } from './desired.ts';
import { type CheckHubToken, createCheckHubToken } from './hub-tokens.ts';

export interface HubPart {
  readonly privateKeyPem: string;
  /** Begins to connect. */
  start(users: HubUsers, directoryIsUp: () => boolean | undefined): void;
  status(): LinkStatus;
  newestVersion(): string | undefined;
  /** Resolves with undefined once the hub has accepted this connector, or with the reason if it has not. */
  accepted(signal: AbortSignal): Promise<CodedError | undefined>;
  /** The changes to config.json that wait until this part is in use. */
  pendingChanges(): Changes;
  /** From now on changes are written at once. */
  putInUse(listeners: HubPartListeners): void;
  /** The hub's last information about the connection; undefined until it has sent any. */
  provisioned(): ProvisionedHub | undefined;
  /** Whether the hub signed a token with one of its current keys. */
  checkToken: CheckHubToken;
  /** Finishes the requests in flight and writes nothing more. */
  close(): Promise<void>;
}

export interface HubPartListeners {
  /** After a change was written to config.json. */
  onSaved(changes: Changes): void;
  onStatus(status: LinkStatus): void;
  /** Called each time the hub sends information about the connection. */
  onProvisioned(): void;
}

export interface HubPartOptions {
  config: Config;
  signIns: ConnectorSignInEvents;
  log: Log;
  agentVersion: string;
}

/** @throws CodedError CA_UNUSABLE, CERTIFICATE_UNUSABLE */
export function openHubPart({ config, signIns, log, agentVersion }: HubPartOptions): HubPart {
  const { values } = config;
  const outbound = createOutbound(values);
  const hubClock = createHubClock({ limitMs: values.CLOCK_SKEW_LIMIT_SECONDS * 1000, log });
  let pending: Changes = {};
  let listeners: HubPartListeners | undefined;
  let isClosed = false;
  let link: HubLink | undefined;
  const provisioning = createProvisioning({
    config,
    outbound,
    hubClock,
    log,
    agentVersion,
    save(changes) {
      if (listeners === undefined) pending = { ...pending, ...changes };
      if (isClosed || listeners === undefined || hasNewTicketOnDisk(config)) return false;
      const isWritten = updateConfigFile(config.home.configFile, changes);
      listeners.onSaved(changes);
      return isWritten;
    },
  });
  let provisioned: ProvisionedHub | undefined;
  async function provision(signal: AbortSignal): Promise<ProvisionedHub> {
    provisioned = await provisioning.provision(signal);
    if (!isClosed) listeners?.onProvisioned();
    return provisioned;
  }
  const status = (): LinkStatus => link?.status() ?? { state: 'connecting' };

  return {
    privateKeyPem: provisioning.privateKeyPem,
    start(users, directoryIsUp) {
      link = startHubLink({
        provision,
        users,
        signIns,
        directoryIsUp,
        log,
        privateKey: provisioning.privateKey,
        resetPasswordEnabled: values.ENABLE_WRITE_BACK,
        changeOwnPasswordEnabled: values.ENABLE_PASSWORD_SELF_CHANGE,
        outbound,
        hubClock,
        maxReconnectIntervalMs: values.WS_RECONNECT_INTERVAL_MS,
        times: { drainTimeoutMs: values.SHUTDOWN_GRACE_MS },
      });
    },
    status,
    newestVersion: () => link?.newestVersion(),
    accepted(signal) {
      return new Promise((resolve) => {
        const look = () => {
          const now = status();
          if (now.state === 'connecting' && !signal.aborted) return;
          link?.events.off('status', look);
          signal.removeEventListener('abort', look);
          resolve(now.state === 'connected' ? undefined : notConnected('reason' in now ? now.reason : 'the hub does not answer'));
        };
        link?.events.on('status', look);
        signal.addEventListener('abort', look);
        look();
      });
    },
    pendingChanges: () => pending,
    provisioned: () => provisioned,
    checkToken: createCheckHubToken({ hub: () => provisioned, request: outbound.request, now: hubClock.now, log }),
    putInUse(given) {
      listeners = given;
      link?.events.on('status', given.onStatus);
    },
    async close() {
      isClosed = true;
      await link?.close();
    },
  };
}

/** Whether config.json has a new ticket that is not applied yet: the hub's answers for the old ticket must not be saved with it. */
function hasNewTicketOnDisk({ home, origins, values }: Config): boolean {
  const { PROVISIONING_TICKET: onDisk } = readConfigFile(home.configFile);
  return origins.PROVISIONING_TICKET === 'file' && onDisk !== undefined && String(onDisk).trim() !== values.PROVISIONING_TICKET;
}

function notConnected(reason: string): CodedError {
  return new CodedError('HUB_NOT_CONNECTED', `No connection to the hub: ${reason}`, {
    action: 'The log has details. Check the ticket, the proxy, and whether the hub knows this connector.',
  });
}
