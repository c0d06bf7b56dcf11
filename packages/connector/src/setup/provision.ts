/**
 * From a ticket to all that a connection to the hub needs. Called at each start and before each reconnection, so that what changed on
 * the hub's side (a new key, Kerberos switched on) is picked up. This folder owns what is set up between connector and hub; the
 * socket itself is `hub/`'s.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { type AgentInstance, CLOCK_SKEW_TOLERANCE_MS, type TicketInfo } from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import { updateConfigFile } from '../config/config-file.ts';
import { encryptPassword } from '../config/credentials.ts';
import type { Config } from '../config/load.ts';
import { isSettingName } from '../config/settings.ts';
import type { Outbound } from '../network/outbound.ts';
import {
  type ConnectorCertificate,
  type ConnectorKey,
  createCertificate,
  createKey,
  loadCertificate,
  saveCertificate,
  thumbprint,
} from './certificate.ts';
import { thisInstance } from './instance.ts';
import { fetchTicketInfo, jwksUrlOf, measureClockSkew, register, serverUrlOf, settingsOfTicket } from './ticket.ts';

/** What a connection to the hub needs. */
export interface ProvisionedHub {
  /** AD_HUB as given: http(s) or ws(s). */
  hubUrl: string;
  connection: string;
  realm: string;
  signingKeyPem: string | undefined;
  jwksUrl: string | undefined;
  /** Which of several connectors with this key it is. */
  instance: AgentInstance;
  /** How people's browsers sign in at the connector itself; undefined as long as it has no certificate, which needs a ticket once. */
  browsers: BrowserSignIn | undefined;
}

/** What of a connection is for browsers. */
export interface BrowserSignIn {
  wsfedIssuer: string;
  /** What stands under the realm's key: addresses, separated by commas. */
  replyAddresses: string;
  kerberos: boolean;
  clientCertificates: boolean;
  privateKey: KeyObject;
  certificate: X509Certificate;
}

export interface Provisioning {
  /** The connector's key, from the start, also where its certificate is made only once the hub has told its subject. */
  privateKey: KeyObject;
  privateKeyPem: string;
  /**
   * Asks the hub, registers the certificate, keeps what changed. A hub that cannot be asked is a warning where all is known from
   * before.
   *
   * @throws CodedError why the hub could not be asked, where nothing usable is known; HUB_NOT_ENCRYPTED; CERTIFICATE_UNUSABLE
   */
  provision(signal: AbortSignal): Promise<ProvisionedHub>;
}

/** What is known of the connection: from config.json at first, then from the last answer. */
interface Known {
  hubUrl: string | undefined;
  connection: string | undefined;
  realm: string | undefined;
  signingKeyPem: string | undefined;
  wsfedIssuer: string | undefined;
  replyAddresses: string | undefined;
  kerberos: boolean;
  clientCertificates: boolean;
}

/**
 * @param options `agentVersion`: this program's version, which the hub shows; `save`: writes keys of config.json, where that is not to
 *   be done at once
 * @throws CodedError CERTIFICATE_UNUSABLE
 */
export function createProvisioning(options: {
  config: Config;
  outbound: Outbound;
  log: Log;
  agentVersion: string;
  save?: (changes: Readonly<Record<string, unknown>>) => boolean;
}): Provisioning {
  const { config, outbound, log, agentVersion } = options;
  const save = options.save ?? ((changes) => updateConfigFile(config.home.configFile, changes));
  const { values } = config;
  let certificate = loadCertificate(config);
  const key: ConnectorKey = certificate ?? createKey();
  const instance = thisInstance(config, key.privateKey, agentVersion, log);
  let known: Known = {
    hubUrl: values.AD_HUB,
    connection: values.CONNECTION,
    realm: values.REALM,
    signingKeyPem: values.TENANT_SIGNING_KEY,
    wsfedIssuer: values.WSFED_ISSUER,
    replyAddresses: replyAddressesIn(config),
    kerberos: values.KERBEROS_AUTH,
    clientCertificates: values.CLIENT_CERT_AUTH,
  };
  // The password may be encrypted only with a key that is kept, or nobody could decrypt it at the next start.
  if (certificate !== undefined) keepPasswordEncrypted();

  async function provision(signal: AbortSignal): Promise<ProvisionedHub> {
    const ticket = values.PROVISIONING_TICKET;
    if (ticket === undefined) return { ...target(known, undefined), instance, browsers: browserSignIn(known, certificate) };
    try {
      const info = await fetchTicketInfo(outbound, ticket, values, signal);
      const { certificate: ours } = certificateFor(info);
      const signingKeyPem = await register(outbound, ticket, registrationOf(ours), signal);
      known = { ...knownFrom(info, config), signingKeyPem };
      keep({
        ...settingsOfTicket(info, ticket, values.SITE_NAME),
        SERVER_URL: serverUrlOf(values),
        LAST_SENT_THUMBPRINT: thumbprint(ours),
        TENANT_SIGNING_KEY: signingKeyPem,
      });
      warnOfClockSkew(ticket, signal);
      return { ...target(known, ticket), instance, browsers: browserSignIn(known, certificate) };
    } catch (error) {
      // What stays wrong until somebody changes it is not hidden behind what is known from before.
      if (signal.aborted || (error instanceof CodedError && LASTING.has(error.code)) || !isComplete(known)) throw error;
      log.warn({ err: error }, 'The hub could not be asked about the connection: going on with what it said before');
      return { ...target(known, ticket), instance, browsers: browserSignIn(known, certificate) };
    }
  }

  function certificateFor(info: TicketInfo): ConnectorCertificate {
    if (certificate !== undefined) return certificate;
    const made = createCertificate(key, info);
    if (config.environmentOnly) {
      log.warn('Without AUTH_CERT and AUTH_CERT_KEY the certificate is kept in memory only: each start registers a new one');
    } else {
      saveCertificate(config.home, made);
      log.info(`Made the connector's certificate: ${config.home.certFile}`);
    }
    certificate = made;
    if (!config.environmentOnly) keepPasswordEncrypted();
    return made;
  }

  function registrationOf(ours: ConnectorCertificate['certificate']) {
    return {
      certs: [ours.raw.toString('base64')],
      signInEndpoint: `${serverUrlOf(values)}/wsfed`,
      agentMode: true,
      agentVersion,
      capabilities: { useJWKS: true },
      instance,
    };
  }

  /** A value of the environment is not written: it is kept there. */
  function keep(changes: Record<string, unknown>): void {
    if (config.environmentOnly) return;
    const kept = Object.entries(changes).filter(([name]) => !(isSettingName(name) && config.origins[name] === 'environment'));
    try {
      if (save(Object.fromEntries(kept))) log.debug(`Updated ${config.home.configFile}`);
    } catch (error) {
      // Logins need no file: what was learnt is known until the next start.
      log.warn({ err: error }, 'What the hub said could not be kept');
    }
  }

  function keepPasswordEncrypted(): void {
    if (config.origins.LDAP_BIND_PASSWORD !== 'file' || values.LDAP_BIND_PASSWORD === undefined) return;
    try {
      save({
        LDAP_BIND_PASSWORD: undefined,
        LDAP_BIND_CREDENTIALS: encryptPassword(values.LDAP_BIND_PASSWORD, key.privateKeyPem),
      });
      log.info(`Encrypted LDAP_BIND_PASSWORD in ${config.home.configFile}`);
    } catch (error) {
      log.warn({ err: error }, 'LDAP_BIND_PASSWORD stays in clear');
    }
  }

  function warnOfClockSkew(ticket: string, signal: AbortSignal): void {
    measureClockSkew(outbound, ticket, signal).then(
      ({ skewMs }) => {
        if (Math.abs(skewMs) <= CLOCK_SKEW_TOLERANCE_MS) return;
        const seconds = (Math.abs(skewMs) / 1000).toFixed(1);
        log.warn(
          `This machine's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the hub's: tokens may be refused. Set it by NTP`,
        );
      },
      (error: unknown) => log.debug({ err: error }, "The hub's clock could not be read"),
    );
  }

  return { privateKey: key.privateKey, privateKeyPem: key.privateKeyPem, provision };
}

const LASTING = new Set(['HUB_NOT_ENCRYPTED', 'CERTIFICATE_UNUSABLE']);

/** What somebody set in the environment counts more than what the hub says. */
function knownFrom(info: TicketInfo, { values, origins }: Config): Omit<Known, 'signingKeyPem'> {
  return {
    hubUrl: info.adHub,
    connection: info.connectionName,
    realm: info.realm.name,
    wsfedIssuer: info.connectionDomain,
    replyAddresses: info.realm.postTokenUrl ?? undefined,
    kerberos: origins.KERBEROS_AUTH === 'environment' ? values.KERBEROS_AUTH : info.kerberos === true,
    clientCertificates: origins.CLIENT_CERT_AUTH === 'environment' ? values.CLIENT_CERT_AUTH : info.certAuth === true,
  };
}

function replyAddressesIn({ values, file }: Config): string | undefined {
  const list = values.REALM === undefined ? undefined : file[values.REALM];
  return typeof list === 'string' ? list : undefined;
}

function browserSignIn(known: Known, certificate: ConnectorCertificate | undefined): BrowserSignIn | undefined {
  const { wsfedIssuer = known.connection, replyAddresses = '', kerberos, clientCertificates } = known;
  if (certificate === undefined || wsfedIssuer === undefined) return undefined;
  const { privateKey, certificate: own } = certificate;
  return { wsfedIssuer, replyAddresses, kerberos, clientCertificates, privateKey, certificate: own };
}

function isComplete(known: Known): known is Known & { hubUrl: string; connection: string; realm: string } {
  return known.hubUrl !== undefined && known.connection !== undefined && known.realm !== undefined;
}

function target(known: Known, ticket: string | undefined): Omit<ProvisionedHub, 'instance' | 'browsers'> {
  if (!isComplete(known)) {
    throw new CodedError('PROVISIONING_MISSING', 'It is not known which hub to connect to', {
      action: 'Set PROVISIONING_TICKET, or run setup.',
    });
  }
  // Without a ticket the hub's keys are looked for where the hub is.
  const jwksUrl = ticket !== undefined ? jwksUrlOf(ticket) : jwksUrlOf(known.hubUrl.replace(/^ws/, 'http'));
  return {
    hubUrl: known.hubUrl,
    connection: known.connection,
    realm: known.realm,
    signingKeyPem: known.signingKeyPem || undefined,
    jwksUrl,
  };
}
