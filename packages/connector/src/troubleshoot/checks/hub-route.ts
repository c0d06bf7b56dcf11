/** The connection to the hub's host: which proxy applies, whether it can be opened, and whose certificate arrives. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { openSocket } from '../../network/open-socket.ts';
import { createTunnelAgent, hostAndPort, isEncrypted, proxyFor } from '../../network/proxy.ts';
import { describeCertificate, endsSoon, type SeenCertificate, seeCertificate } from '../../network/seen-certificate.ts';
import { trustedCertificates } from '../../network/trust.ts';
import { type Check, type CheckOutcome, fail, failedBy, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';

const TUNNEL_TIMEOUT_MS = 10_000;

/** @param urls of the hub, each on another host */
export function proxySettingsCheck(run: Run, urls: readonly URL[]): Check {
  return { id: 'proxy-settings', run: () => proxySettings(run, urls) };
}

function proxySettings({ config, environment }: Run, urls: readonly URL[]): CheckOutcome {
  const wrong = config.problems.filter(({ name }) => name === 'HTTP_PROXY' || name === 'HTTPS_PROXY' || name === 'NO_PROXY');
  const given = (['HTTP_PROXY', 'HTTPS_PROXY'] as const).map((name) => ({ name, value: givenProxy(name, config.file[name], environment) }));
  const automatic = given.find(({ value }) => value !== undefined && isAutomatic(value));
  if (automatic !== undefined) {
    return fail(
      `${automatic.name} is the address of a proxy auto-configuration file (${withoutUserInfo(automatic.value ?? '')}), not of a proxy`,
      'Look up PROXY host:port in that file, and set http://host:port.',
    );
  }
  if (wrong.length > 0) return fail(wrong.map(({ message }) => message).join('; '), 'Correct or remove it.');
  if (urls.length === 0) return skipped('the hub’s address is unknown');
  const ways = urls.map((url) => {
    const proxy = proxyFor(url, config.values);
    if (proxy !== undefined) return `${url.host}: through ${proxy.host} (${sourceOf(proxy, url, config)})`;
    const exempt = config.values.HTTP_PROXY !== undefined || config.values.HTTPS_PROXY !== undefined;
    return `${url.host}: directly${exempt ? ' (NO_PROXY, or no proxy for this scheme)' : ''}`;
  });
  const twice = ['http_proxy', 'https_proxy', 'no_proxy'].filter((name) => {
    const upper = environment[name.toUpperCase()];
    return environment[name] !== undefined && upper !== undefined && upper !== environment[name];
  });
  const shadowed = (['HTTP_PROXY', 'HTTPS_PROXY'] as const).filter(
    (name) => config.origins[name] === 'environment' && typeof config.file[name] === 'string' && config.file[name] !== environment[name],
  );
  const remarks = [
    ...twice.map((name) => `${name} in the environment is ignored: ${name.toUpperCase()} has a different value`),
    ...shadowed.map((name) => `${name} in config.json is ignored: the environment takes precedence`),
  ];
  const found = [...ways, ...remarks].join('; ');
  return remarks.length > 0 ? warn(found, 'Set it in one place only.') : pass(found);
}

function givenProxy(name: 'HTTP_PROXY' | 'HTTPS_PROXY', inFile: unknown, environment: Run['environment']): string | undefined {
  const value = environment[name] ?? environment[name.toLowerCase()] ?? inFile;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `.pac`, or `wpad.dat`, which browsers look for. A proxy's own address has no path. */
function isAutomatic(value: string): boolean {
  const text = value.includes('://') ? value : `http://${value}`;
  return URL.canParse(text) && /\.(?:pac|dat)$/i.test(new URL(text).pathname);
}

function withoutUserInfo(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}

function sourceOf(proxy: URL, url: URL, { values, origins }: Run['config']): string {
  const name =
    isEncrypted(url) && values.HTTPS_PROXY !== undefined && new URL(values.HTTPS_PROXY).href === proxy.href ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  return `${name} from the ${origins[name]}${proxy.username === '' ? '' : ', with a user name'}`;
}

/** @returns a check for TCP, and one for TLS over a second connection */
export function routeChecks(run: Run, url: URL, needs: readonly Check[]): { reach: Check; tls: Check } {
  const reach: Check = {
    id: 'hub-reach',
    target: url.host,
    needs,
    async run(signal) {
      const started = performance.now();
      let socket: Socket;
      try {
        socket = await open(run, url, signal);
      } catch (error) {
        return failedBy(error, hostAndPort(url));
      }
      socket.destroy();
      const proxy = proxyFor(url, run.config.values);
      const ms = Math.round(performance.now() - started);
      return pass(`${url.host} answers ${proxy === undefined ? 'directly' : `through the proxy ${proxy.host}`}, in ${ms} ms`);
    },
  };
  const tls: Check = {
    id: 'hub-tls',
    target: url.host,
    needs: [reach],
    run: (signal) => (isEncrypted(url) ? tlsWith(run, url, signal) : skipped('the address is http://')),
  };
  return { reach, tls };
}

async function tlsWith(run: Run, url: URL, signal: AbortSignal): Promise<CheckOutcome> {
  const socket = await open(run, url, signal);
  const proxy = proxyFor(url, run.config.values);
  const between = proxy === undefined ? 'a firewall or proxy in between' : `the proxy ${proxy.host}, or something behind it`;
  let seen: SeenCertificate;
  try {
    seen = await seeCertificate(socket, { host: hostAndPort(url).host, configured: run.configuredCertificates, signal });
  } catch (error) {
    return {
      ...failedBy(error),
      found: `The TLS handshake with ${url.host} failed: ${failedBy(error).found}`,
      action: `Check the address, and whether ${between} breaks TLS.`,
    };
  }
  const description = describeCertificate(seen);
  if (seen.refusedBecause !== undefined) {
    const { reason, action } = REFUSALS[seen.refusedBecause] ?? unknownIssuer(between);
    return fail(`${reason} (${seen.refusedBecause}). Certificate for ${url.host}: ${description}`, action);
  }
  const days = endsSoon(seen.validTo);
  if (days !== undefined) return warn(`${description}: expires in ${days} days`, 'Ask the hub’s administrators to renew it.');
  if (seen.byOwnAuthority && proxy !== undefined) {
    return warn(
      `${description}: accepted because of CA_CERT, SSL_CA_FILE or SSL_CA_PATH. Unless it is the hub’s own authority, ${between} inspects TLS and can read passwords`,
      'Exempt the hub from TLS inspection.',
    );
  }
  return pass(`${description}${seen.byOwnAuthority ? ', trusted because of CA_CERT, SSL_CA_FILE or SSL_CA_PATH' : ''}`);
}

const REFUSALS: Readonly<Record<string, { reason: string; action: string }>> = {
  CERT_HAS_EXPIRED: {
    reason: 'The certificate has expired, or this machine’s clock is ahead',
    action: 'Check this machine’s clock. If it is correct, the hub’s administrators must renew the certificate.',
  },
  CERT_NOT_YET_VALID: {
    reason: 'The certificate is not valid yet, or this machine’s clock is behind',
    action: 'Check this machine’s clock.',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    reason: 'The certificate is for another host name',
    action: 'Check the hub’s address, and that its name resolves correctly.',
  },
};

function unknownIssuer(between: string): { reason: string; action: string } {
  return {
    reason: 'The certificate’s issuer is not trusted by this machine',
    action: `If it is your company's authority, ${between} inspects TLS: exempt the hub there, or put the authority's certificate into CA_CERT. If it is the hub's own authority, put that into CA_CERT.`,
  };
}

/** Connects to the host, through the proxy if one applies. @throws CodedError PROXY_*, or the network's error */
async function open({ config, configuredCertificates }: Run, url: URL, signal: AbortSignal): Promise<Socket> {
  const { host, port } = hostAndPort(url);
  const proxy = proxyFor(url, config.values);
  if (proxy === undefined) return await openSocket({ host, port }, signal);
  const context = isEncrypted(proxy) ? createSecureContext({ ca: trustedCertificates(configuredCertificates) }) : undefined;
  const agent = createTunnelAgent(proxy, false, context, TUNNEL_TIMEOUT_MS);
  return await new Promise<Socket>((resolve, reject) => {
    agent.createConnection({ host, port: String(port) }, (error: Error | null, stream: Duplex) => {
      if (error !== null) reject(error);
      else if (isSocket(stream)) resolve(stream);
    });
  });
}

function isSocket(stream: Duplex): stream is Socket {
  return 'setNoDelay' in stream;
}
