/**
 * Provisioning: turns a ticket into everything that a connection to the hub needs. It runs at each start and before each reconnection, to
 * pick up changes on the hub (a new key, Kerberos enabled). This folder owns the setup of connector and hub; `hub/` owns the socket.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { AgentInstance, PinnedTicket, TicketInfo } from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import { updateConfigFile } from '../config/config-file.ts';
import { encryptPassword } from '../config/credentials.ts';
import type { Config } from '../config/load.ts';
import { isLoopback } from '../config/loopback.ts';
import { isSettingName } from '../config/settings.ts';
import type { HubClock } from '../network/hub-clock.ts';
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
import { enrol } from './enrolment.ts';
import { thisInstance } from './instance.ts';
import {
  checkInfo,
  fetchTicketInfo,
  jwksUrlOf,
  measureClockSkew,
  pinnedIn,
  register,
  serverUrlOf,
  settingsOfTicket,
  type TicketReading,
  usableTicket,
} from './ticket.ts';
import { keyRevoked } from './ticket-answer.ts';

/** What a connection to the hub needs. */
export interface ProvisionedHub {
  /** AD_HUB as given: http(s) or ws(s). */
  hubUrl: string;
  connection: string;
  realm: string;
  signingKeyPem: string | undefined;
  jwksUrl: string | undefined;
  /** The pinned fingerprint of the hub's identity; undefined if the hub has none, as with Auth0. */
  hubIdentity: string | undefined;
  /** Identifies this connector among others with the same key. */
  instance: AgentInstance;
  /** How browsers sign in at the connector itself; undefined until it has a certificate, which needs a ticket once. */
  browsers: BrowserSignIn | undefined;
}

/** What the front channel needs of a connection. */
export interface BrowserSignIn {
  wsfedIssuer: string;
  /** The value of the realm's key: URLs, separated by commas. */
  replyAddresses: string;
  kerberos: boolean;
  clientCertificates: boolean;
  privateKey: KeyObject;
  certificate: X509Certificate;
}

export interface Provisioning {
  /** The connector's key. It exists before the certificate, whose subject comes from the hub. */
  privateKey: KeyObject;
  privateKeyPem: string;
  /**
   * Asks the hub, registers the certificate, and saves what changed. If the hub cannot be asked, the last answer is used with a warning.
   *
   * @throws CodedError why the hub could not be asked, if there is no earlier answer; HUB_NOT_ENCRYPTED; CERTIFICATE_UNUSABLE
   */
  provision(signal: AbortSignal): Promise<ProvisionedHub>;
}

/** What is known of the connection: at first from config.json, then from the last answer. */
interface KnownConnection {
  hubUrl: string | undefined;
  connection: string | undefined;
  realm: string | undefined;
  signingKeyPem: string | undefined;
  hubIdentity: string | undefined;
  wsfedIssuer: string | undefined;
  replyAddresses: string | undefined;
  kerberos: boolean;
  clientCertificates: boolean;
}

/**
 * @param options `agentVersion`: this program's version, which the hub shows; `save`: receives the keys to write to config.json, instead
 *   of writing them at once
 * @throws CodedError CERTIFICATE_UNUSABLE
 */
export function createProvisioning(options: {
  config: Config;
  outbound: Outbound;
  /** Learns the hub's time, if the hub has no identity and so cannot send the time in a session. */
  hubClock?: HubClock;
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
  let known: KnownConnection = {
    hubUrl: values.AD_HUB,
    connection: values.CONNECTION,
    realm: values.REALM,
    signingKeyPem: values.TENANT_SIGNING_KEY,
    // Taken from the ticket if that has not been read yet, so that no other hub can take this hub's place until it answers.
    hubIdentity: pinnedIn(values),
    wsfedIssuer: values.WSFED_ISSUER,
    replyAddresses: replyAddressesIn(config),
    kerberos: values.KERBEROS_AUTH,
    clientCertificates: values.CLIENT_CERT_AUTH,
  };
  /** Logged once, not at each connection attempt. */
  let isKnownPending = false;
  // Only encrypt the password with a key that is saved, or the next start could not decrypt it.
  if (certificate !== undefined) keepPasswordEncrypted();

  async function provision(signal: AbortSignal): Promise<ProvisionedHub> {
    const ticket = values.PROVISIONING_TICKET;
    if (ticket === undefined) return { ...target(known, undefined), instance, browsers: browserSignIn(known, certificate) };
    try {
      const pinned = usableTicket(ticket, values);
      const { reading, signingKeyPem, registered } =
        pinned.kind === 'pinned' ? await enrolWith(pinned, signal) : await registerWith(ticket, signal);
      known = { ...knownFrom(reading.info, config), signingKeyPem, hubIdentity: reading.enrolment?.hubIdentity };
      keep({
        ...settingsOfTicket(reading, ticket, values.SITE_NAME),
        SERVER_URL: serverUrlOf(values),
        LAST_SENT_THUMBPRINT: thumbprint(registered),
        TENANT_SIGNING_KEY: signingKeyPem,
      });
      if (reading.enrolment?.state === 'revoked') throw keyRevoked();
      if (reading.enrolment?.state === 'pending' && !isKnownPending) {
        log.warn(`An administrator of the hub must approve this connector. Its key there is ${thumbprint(registered)}`);
      }
      isKnownPending = reading.enrolment?.state === 'pending';
      if (pinned.kind !== 'pinned') await learnClock(ticket, signal);
      return { ...target(known, ticket), instance, browsers: browserSignIn(known, certificate) };
    } catch (error) {
      // Do not hide an error that lasts until an administrator fixes it behind the last answer.
      if (signal.aborted || (error instanceof CodedError && LASTING_ERRORS.has(error.code)) || !isComplete(known)) throw error;
      log.warn({ err: error }, 'Could not read the ticket; continuing with the last known connection');
      return { ...target(known, ticket), instance, browsers: browserSignIn(known, certificate) };
    }
  }

  /** Without an identity, as in Auth0's contract: the certificate for the hub's address identifies the hub. */
  async function registerWith(ticket: string, signal: AbortSignal): Promise<Registered> {
    const info = await fetchTicketInfo(outbound, ticket, values, signal);
    const { certificate: registered } = certificateFor(info);
    const body = { ...registrationOf(), agentMode: true, capabilities: { useJWKS: true } };
    const signingKeyPem = await register(outbound, ticket, { ...body, certs: [registered.raw.toString('base64')] }, signal);
    return { reading: { info, enrolment: undefined }, signingKeyPem, registered };
  }

  async function enrolWith(ticket: PinnedTicket, signal: AbortSignal): Promise<Registered> {
    // The hub chooses the subject of the certificate.
    // The hub may have replaced its key since the connector started.
    const pinned = known.hubIdentity ?? ticket.fingerprint;
    const own = certificate ?? certificateFor((await enrol(outbound, ticket, pinned, key.privateKey, { signal })).info);
    const { certificate: registered } = own;
    const enrolment = await enrol(outbound, ticket, pinned, key.privateKey, {
      register: { ...registrationOf(), certificate: registered.raw.toString('base64') },
      signal,
    });
    checkInfo(enrolment.info, values);
    return { reading: { info: enrolment.info, enrolment }, signingKeyPem: undefined, registered };
  }

  function certificateFor(info: TicketInfo): ConnectorCertificate {
    if (certificate !== undefined) return certificate;
    const made = createCertificate(key, info);
    try {
      saveCertificate(config.home, made);
      log.info(`Created the connector's certificate: ${config.home.certFile}`);
    } catch (error) {
      if (!config.environmentOnly) throw error;
      log.warn(
        { err: error },
        'The certificate cannot be saved, so each start registers a new one, and hubs limit their number. Set AUTH_CERT and AUTH_CERT_KEY, or mount a volume',
      );
    }
    certificate = made;
    if (!config.environmentOnly) keepPasswordEncrypted();
    return made;
  }

  function registrationOf() {
    return {
      signInEndpoint: `${serverUrlOf(values)}/wsfed`,
      agentVersion,
      instance,
    };
  }

  /** Values from the environment are not written to the file. */
  function keep(changes: Record<string, unknown>): void {
    if (config.environmentOnly) return;
    const kept = Object.entries(changes).filter(([name]) => !(isSettingName(name) && config.origins[name] === 'environment'));
    try {
      if (save(Object.fromEntries(kept))) log.debug(`Updated ${config.home.configFile}`);
    } catch (error) {
      // Sign-ins do not need the file: the answer stays in memory until the next start.
      log.warn({ err: error }, "Could not save the hub's answer");
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
      log.warn({ err: error }, 'Could not encrypt LDAP_BIND_PASSWORD in config.json; it stays in clear text');
    }
  }

  /** The certificate for the hub's address is the only proof of the time, as of everything else in Auth0's contract. */
  async function learnClock(ticket: string, signal: AbortSignal): Promise<void> {
    if (!ticket.startsWith('https:') && !isLoopback(new URL(ticket).hostname)) return;
    try {
      const { clock, roundTripMs } = await measureClockSkew(
        outbound,
        ticket,
        AbortSignal.any([signal, AbortSignal.timeout(CLOCK_TIMEOUT_MS)]),
      );
      options.hubClock?.learn(clock, roundTripMs);
    } catch (error) {
      log.debug({ err: error }, "Could not read the hub's clock");
    }
  }

  return { privateKey: key.privateKey, privateKeyPem: key.privateKeyPem, provision };
}

/** The hub's time is worth a short wait before the first request. */
const CLOCK_TIMEOUT_MS = 2000;

const LASTING_ERRORS = new Set([
  ...['HUB_NOT_ENCRYPTED', 'CERTIFICATE_UNUSABLE', 'TICKET_DAMAGED', 'HUB_IDENTITY_MISMATCH', 'HUB_ANSWER_FORGED', 'CONNECTOR_KEY_REVOKED'],
]);

/** The result of reading the ticket. */
interface Registered {
  reading: TicketReading;
  signingKeyPem: string | undefined;
  registered: X509Certificate;
}

/** The environment overrides the hub. */
function knownFrom(info: TicketInfo, { values, origins }: Config): Omit<KnownConnection, 'signingKeyPem' | 'hubIdentity'> {
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

function browserSignIn(known: KnownConnection, certificate: ConnectorCertificate | undefined): BrowserSignIn | undefined {
  const { wsfedIssuer = known.connection, replyAddresses = '', kerberos, clientCertificates } = known;
  if (certificate === undefined || wsfedIssuer === undefined) return undefined;
  const { privateKey, certificate: own } = certificate;
  return { wsfedIssuer, replyAddresses, kerberos, clientCertificates, privateKey, certificate: own };
}

function isComplete(known: KnownConnection): known is KnownConnection & { hubUrl: string; connection: string; realm: string } {
  return known.hubUrl !== undefined && known.connection !== undefined && known.realm !== undefined;
}

function target(known: KnownConnection, ticket: string | undefined): Omit<ProvisionedHub, 'instance' | 'browsers'> {
  if (!isComplete(known)) {
    throw new CodedError('PROVISIONING_MISSING', 'No hub is configured', {
      action: 'Set PROVISIONING_TICKET, or run setup.',
    });
  }
  // Without a ticket, the hub's keys are at the hub's address.
  const jwksUrl = ticket !== undefined ? jwksUrlOf(ticket) : jwksUrlOf(known.hubUrl.replace(/^ws/, 'http'));
  return {
    hubUrl: known.hubUrl,
    connection: known.connection,
    realm: known.realm,
    ...(known.hubIdentity === undefined
      ? { signingKeyPem: known.signingKeyPem || undefined, jwksUrl }
      : { signingKeyPem: undefined, jwksUrl: undefined }),
    hubIdentity: known.hubIdentity,
  };
}
