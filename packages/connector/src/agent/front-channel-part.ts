/**
 * The front channel as a part of the running connector: opened, made anew and closed as settings and hub want it. What keeps it from
 * opening is logged and tried again; sign-ins by the hub's socket do not depend on it.
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
import { reopens } from './affected-parts.ts';
import type { CheckHubToken } from './hub-tokens.ts';

/** What it is made from, now. */
export interface FrontChannelBasis {
  config: Config;
  hub: ProvisionedHub | undefined;
}

export interface FrontChannelPart {
  /** Compares what is wanted now with what is there; resolves when it is as wanted, or was found not to work. */
  update(): Promise<void>;
  port(): number | undefined;
  /** Takes nothing new and finishes what it has. */
  close(): Promise<void>;
}

/** Whatever was in the way (a port in use, a file that is not there yet) may be gone by then. */
const RETRY_MS = 30_000;

export function createFrontChannelPart(options: {
  basis: () => FrontChannelBasis;
  users: FrontUsers;
  checkToken: CheckHubToken;
  kerberosDebug: () => boolean;
  log: Log;
}): FrontChannelPart {
  const { basis, users, checkToken, kerberosDebug, log } = options;
  let open: { from: unknown; channel: FrontChannel } | undefined;
  let lastProblem: string | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isClosed = false;
  /** One change after the other. */
  let last: Promise<void> = Promise.resolve();

  async function reconcile(): Promise<void> {
    clearTimeout(retry);
    const { config, hub } = basis();
    const { values, home } = config;
    const browsers = hub?.browsers;
    const isWanted = !isClosed && hub !== undefined && browsers !== undefined && wantsFrontChannel(values, browsers);
    const from = isWanted
      ? { settings: settingsOfIt(values), realm: hub.realm, name: hub.connection, browsers: comparable(browsers) }
      : undefined;
    if (isDeepStrictEqual(from, open?.from)) return;
    // The port has to be free before it can be opened again.
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
        checkBearer: checkToken,
        kerberosDebug: kerberosDebug(),
        log,
      });
      open = { from, channel };
      lastProblem = undefined;
    } catch (error) {
      if (errorText(error) !== lastProblem) log.error({ err: error }, 'Browsers cannot sign in at the connector; everything else goes on');
      lastProblem = errorText(error);
      retry = setTimeout(() => update(), RETRY_MS);
      retry.unref();
    }
  }

  function update(): Promise<void> {
    last = last.then(reconcile).catch((error: unknown) => log.error({ err: error }, 'The front channel could not be changed'));
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

function settingsOfIt(values: ConnectorSettings): unknown[] {
  return SETTING_NAMES.filter((name) => reopens(name, 'frontChannel')).map((name) => values[name]);
}

/** Keys and certificates are told from each other by what they are, and not by where they are kept. */
function comparable({ privateKey: _, certificate, ...others }: NonNullable<ProvisionedHub['browsers']>) {
  return { ...others, certificate: certificate.fingerprint256 };
}
