/** The way to a host of the hub: which proxy counts, whether a connection can be opened through it, and who answers there by TLS. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { createTunnelAgent, isEncrypted, proxyFor } from '../../network/proxy.ts';
import { trustedCertificates } from '../../network/trust.ts';
import { describeCertificate, endsSoon, seeCertificate } from '../certificate-seen.ts';
import { type Check, type CheckOutcome, fail, failedBy, pass, skipped, warn } from '../check.ts';
import { openSocket } from '../open-socket.ts';
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
      `${automatic.name} is the address of an automatic configuration (${withoutUserInfo(automatic.value ?? '')}), and not that of a proxy`,
      'Look into that file for PROXY host:port, and put http://host:port there.',
    );
  }
  if (wrong.length > 0) return fail(wrong.map(({ message }) => message).join('; '), 'Correct it, or remove it.');
  if (urls.length === 0) return skipped('it is not known where the hub is');
  const ways = urls.map((url) => {
    const proxy = proxyFor(url, config.values);
    if (proxy !== undefined) return `${url.host}: through ${proxy.host} (${sourceOf(proxy, url, config)})`;
    const exempt = config.values.HTTP_PROXY !== undefined || config.values.HTTPS_PROXY !== undefined;
    return `${url.host}: directly${exempt ? ' (NO_PROXY, or no proxy for this kind of address)' : ''}`;
  });
  const twice = ['http_proxy', 'https_proxy', 'no_proxy'].filter((name) => {
    const upper = environment[name.toUpperCase()];
    return environment[name] !== undefined && upper !== undefined && upper !== environment[name];
  });
  const shadowed = (['HTTP_PROXY', 'HTTPS_PROXY'] as const).filter(
    (name) => config.origins[name] === 'environment' && typeof config.file[name] === 'string' && config.file[name] !== environment[name],
  );
  const remarks = [
    ...twice.map((name) => `${name} of the environment does not count: ${name.toUpperCase()} is set to something else`),
    ...shadowed.map((name) => `${name} of config.json does not count: the environment comes first`),
  ];
  const found = [...ways, ...remarks].join('; ');
  return remarks.length > 0 ? warn(found, 'Set it in one place only.') : pass(found);
}

function givenProxy(name: 'HTTP_PROXY' | 'HTTPS_PROXY', inFile: unknown, environment: Run['environment']): string | undefined {
  const value = environment[name] ?? environment[name.toLowerCase()] ?? inFile;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `.pac`, or `wpad.dat` as browsers look for it: a proxy's own address has no path. */
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
  return `${name} of the ${origins[name]}${proxy.username === '' ? '' : ', with a user'}`;
}

/** @returns a TCP connection, then TLS over another one; with the second passed, HTTPS can be spoken */
export function wayChecks(run: Run, url: URL, needs: readonly Check[]): { reach: Check; tls: Check } {
  const reach: Check = {
    id: 'hub-reach',
    target: url.host,
    needs,
    async run(signal) {
      const started = performance.now();
      (await open(run, url, signal)).destroy();
      const proxy = proxyFor(url, run.config.values);
      const ms = Math.round(performance.now() - started);
      return pass(`${url.host} answers ${proxy === undefined ? 'directly' : `through the proxy ${proxy.host}`}, in ${ms} ms`);
    },
  };
  const tls: Check = {
    id: 'hub-tls',
    target: url.host,
    needs: [reach],
    run: (signal) => (isEncrypted(url) ? tlsWith(run, url, signal) : skipped('the address begins with http://')),
  };
  return { reach, tls };
}

async function tlsWith(run: Run, url: URL, signal: AbortSignal): Promise<CheckOutcome> {
  const socket = await open(run, url, signal);
  const proxy = proxyFor(url, run.config.values);
  const between = proxy === undefined ? 'a firewall or proxy on the way' : `the proxy ${proxy.host}, or something behind it`;
  let seen: Awaited<ReturnType<typeof seeCertificate>>;
  try {
    seen = await seeCertificate(socket, { host: url.hostname.replace(/^\[|\]$/g, ''), configured: run.configuredCertificates, signal });
  } catch (error) {
    return {
      ...failedBy(error),
      found: `${url.host} makes no TLS handshake: ${failedBy(error).found}`,
      action: `Check the address, and whether ${between} breaks TLS.`,
    };
  }
  const description = describeCertificate(seen);
  if (seen.refusedBecause !== undefined) {
    const { reason, action } = REFUSALS[seen.refusedBecause] ?? unknownIssuer(between);
    return fail(`${reason} (${seen.refusedBecause}). Shown for ${url.host}: ${description}`, action);
  }
  const days = endsSoon(seen.validTo);
  if (days !== undefined) return warn(`${description}: it ends in ${days} days`, 'Ask who runs the hub to renew it.');
  if (seen.byOwnAuthority && proxy !== undefined) {
    return warn(
      `${description}: accepted because of CA_CERT, SSL_CA_FILE or SSL_CA_PATH. Unless it is the hub’s own authority, ${between} opens TLS and can read passwords`,
      'Have the hub excepted from TLS inspection.',
    );
  }
  return pass(`${description}${seen.byOwnAuthority ? ', by an authority of CA_CERT, SSL_CA_FILE or SSL_CA_PATH' : ''}`);
}

const REFUSALS: Readonly<Record<string, { reason: string; action: string }>> = {
  CERT_HAS_EXPIRED: {
    reason: 'The certificate has expired, or this machine’s clock is ahead',
    action: 'Check this machine’s clock; else whoever runs the hub must renew it.',
  },
  CERT_NOT_YET_VALID: {
    reason: 'The certificate is not valid yet, or this machine’s clock is behind',
    action: 'Check this machine’s clock.',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    reason: 'The certificate is for another host name',
    action: 'Check the address of the hub, and whether its name leads to the right place.',
  },
};

function unknownIssuer(between: string): { reason: string; action: string } {
  return {
    reason: 'The certificate was issued by an authority that this machine does not know',
    action: `If that is the authority of your company, ${between} opens TLS: have the hub excepted there, or put the authority's certificate into CA_CERT. If it is the hub's own authority, put that into CA_CERT.`,
  };
}

/** A connection to the host, by the proxy's tunnel where one counts. @throws CodedError PROXY_*, and what the network says */
async function open({ config, configuredCertificates }: Run, url: URL, signal: AbortSignal): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (isEncrypted(url) ? 443 : 80));
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
