/**
 * The front channel as a part of the running connector: opened, reopened and closed as settings and hub require. If it cannot open, it
 * logs why and tries again; sign-ins through the hub's socket do not depend on it.
 */
import { isDeepStrictEqual } from 'node:util';
import { errorText, type Log } from '@landbridge/runtime';
import { replyAddressesOf } from '@landbridge/wsfed';
import type { Config } from '../config/load.ts';
import { type ConnectorSettings, SETTING_NAMES } from '../config/settings.ts';
import { type FrontChannel, openFrontChannel, wantsFrontChannel } from '../frontchannel/front-channel.ts';
import type { FrontUsers } from '../frontchannel/routes.ts';
import type { ProvisionedHub } from '../setup/provision.ts';
import { serverUrlOf } from '../setup/ticket.ts';
import type { ConnectorSignInEvents } from '../users/sign-in-events.ts';
import { reopens } from './affected-parts.ts';
import type { CheckHubToken } from './hub-tokens.ts';

/** What decides whether it is open, and how. */
export interface FrontChannelBasis {
  config: Config;
  hub: ProvisionedHub | undefined;
}

export interface FrontChannelPart {
  /** Opens, reopens or closes it if needed; resolves when that is done or has failed. */
  update(): Promise<void>;
  port(): number | undefined;
  /** Accepts no new connections and finishes the requests in flight. */
  close(): Promise<void>;
}

/** By then the cause (a port in use, a missing file) may be fixed. */
const RETRY_MS = 30_000;

export function createFrontChannelPart(options: {
  basis: () => FrontChannelBasis;
  users: FrontUsers;
  signIns: ConnectorSignInEvents;
  checkToken: CheckHubToken;
  kerberosDebug: () => boolean;
  log: Log;
}): FrontChannelPart {
  const { basis, users, signIns, checkToken, kerberosDebug, log } = options;
  let open: { from: unknown; channel: FrontChannel } | undefined;
  let lastProblem: string | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;
  /** Updates run one after the other. */
  let last: Promise<void> = Promise.resolve();

  async function reconcile(): Promise<void> {
    clearTimeout(retry);
    const { config, hub } = basis();
    const { values, home } = config;
    const browsers = hub?.browsers;
    const isWanted = !isClosed && hub !== undefined && browsers !== undefined && wantsFrontChannel(values, browsers);
    const from = isWanted
      ? { settings: frontChannelSettings(values), realm: hub.realm, name: hub.connection, browsers: comparable(browsers) }
      : undefined;
    if (isDeepStrictEqual(from, open?.from)) return;
    // The same port can only be opened again once it is free.
    await open?.channel.close();
    open = undefined;
    if (!isWanted) return;
    try {
      const { wsfedIssuer, kerberos, clientCertificates, privateKey, certificate } = browsers;
      const channel = await openFrontChannel({
        settings: values,
        folder: home.folder,
        serverUrl: serverUrlOf(values),
        connection: {
          name: hub.connection,
          realm: hub.realm,
          wsfedIssuer,
          replyAddresses: replyAddressesOf(browsers.replyAddresses),
          kerberos,
          clientCertificates,
          signing: { privateKey, certificate },
        },
        users,
        signIns,
        checkBearer: checkToken,
        kerberosDebug: kerberosDebug(),
        log,
      });
      open = { from, channel };
      lastProblem = undefined;
    } catch (error) {
      if (errorText(error) !== lastProblem)
        log.error({ err: error }, 'Front channel could not be opened; browsers cannot sign in at the connector');
      lastProblem = errorText(error);
      retry = setTimeout(() => update(), RETRY_MS);
      retry.unref();
    }
  }

  function update(): Promise<void> {
    last = last.then(reconcile).catch((error: unknown) => log.error({ err: error }, 'Could not update the front channel'));
    return last;
  }

  return {
    update,
    port: () => open?.channel.port,
    close() {
      isClosed = true;
      return update();
    },
  };
}

function frontChannelSettings(values: ConnectorSettings): unknown[] {
  return SETTING_NAMES.filter((name) => reopens(name, 'frontChannel')).map((name) => values[name]);
}

/** Compares the certificate by its fingerprint: another object may hold the same one. */
function comparable({ privateKey: _, certificate, ...others }: NonNullable<ProvisionedHub['browsers']>) {
  return { ...others, certificate: certificate.fingerprint256 };
}
