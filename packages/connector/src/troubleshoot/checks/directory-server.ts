/** One directory server, from its port to a search, in the steps of a running connector. */
import { isLoopback } from '../../config/loopback.ts';
import { connect, type ServerAddress, type TlsOptions, unreachable } from '../../ldap/connect.ts';
import type { LdapConnection } from '../../ldap/connection.ts';
import { LdapError, RESULT, resultText } from '../../ldap/errors.ts';
import { ANY_ENTRY } from '../../ldap/filter.ts';
import { ROOT_DSE_REQUEST, type RootDse, readRootDse } from '../../ldap/root-dse.ts';
import { askSchema } from '../../ldap/servers/server.ts';
import { createServiceAccount, demandsTls } from '../../ldap/servers/service-account.ts';
import { tlsFailed } from '../../ldap/tls-failure.ts';
import { validityProblem } from '../../network/directory-certificate.ts';
import { describeCertificate, endsSoon } from '../../network/seen-certificate.ts';
import { trustedCertificates } from '../../network/trust.ts';
import { seeServerCertificate, tcpTo } from '../../setup/configured-servers.ts';
import { type Check, type CheckOutcome, fail, failedBy, pass, skipped, warn } from '../check.ts';
import type { Run } from '../run.ts';

/** Kerberos' usual tolerance. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;
const CLOCK_WARNING_MS = 60_000;
const SLOW_MS = 100;
const LATENCY_TRIES = 5;

/**
 * @param onSearchable called when a search was answered
 * @returns the checks, and among them the one that shows whether the server can be searched
 */
export function serverChecks(run: Run, address: ServerAddress, onSearchable: () => void): { checks: Check[]; search: Check } {
  const { values } = run.config;
  const target = address.url;
  const timeoutMs = values.LDAP_OPERATION_TIMEOUT_MS;
  // Verified as configured: a connection that the connector would not use proves nothing.
  const tls: TlsOptions = {
    get ca() {
      return trustedCertificates(run.configuredCertificates);
    },
    clientCertificate: run.clientCertificate,
    insecureSkipVerify: values.LDAP_INSECURE_SKIP_TLS_VERIFY,
  };
  let connection: LdapConnection | undefined;
  let rootDse: RootDse | undefined;
  let askedAtMs = 0;
  const hasPassword = values.LDAP_BIND_PASSWORD !== undefined || values.LDAP_BIND_CREDENTIALS !== undefined;
  // As in `run`: an account without a password searches anonymously if that is allowed.
  const dn = hasPassword ? values.LDAP_BIND_USER : undefined;
  const isExternal = values.LDAP_BIND_METHOD === 'external';

  async function opened(to: ServerAddress, signal: AbortSignal): Promise<LdapConnection> {
    const open = await connect({ address: to, tls, timeoutMs: values.LDAP_CONNECT_TIMEOUT_MS, signal });
    run.onEnd(() => open.close());
    connection = open;
    return open;
  }

  const tcpCheck: Check = {
    id: 'ldap-tcp',
    target,
    timeoutMs: values.LDAP_CONNECT_TIMEOUT_MS + 1000,
    async run(signal) {
      const started = performance.now();
      const socket = await tcpTo(address, signal, values.LDAP_CONNECT_TIMEOUT_MS).catch((error: unknown) => {
        throw unreachable(address, error);
      });
      const { remoteAddress } = socket;
      socket.destroy();
      return pass(`${address.host} (${remoteAddress}) port ${address.port} answers, in ${Math.round(performance.now() - started)} ms`);
    },
  };
  const tlsCheck: Check = { id: 'ldap-tls', target, needs: [tcpCheck], run: (signal) => tlsOf(run, address, signal) };
  const secure = address.tls === 'none' ? tcpCheck : tlsCheck;
  const dseCheck: Check = {
    id: 'ldap-root-dse',
    target,
    needs: [secure],
    async run(signal) {
      let open = await opened(address, signal);
      askedAtMs = Date.now();
      let { entries, result } = await open.search(ROOT_DSE_REQUEST, { timeoutMs, signal });
      if (address.tls === 'none' && demandsTls(result.resultCode)) {
        open = await opened({ ...address, tls: 'starttls' }, signal);
        askedAtMs = Date.now();
        ({ entries, result } = await open.search(ROOT_DSE_REQUEST, { timeoutMs, signal }));
      }
      if (entries[0] === undefined)
        return warn(
          `The root DSE cannot be read: ${resultText(result.resultCode)}`,
          'Unless this is Active Directory, set LDAP_USER_BY_NAME, LDAP_SEARCH_GROUPS and the other queries.',
        );
      const schema = await askSchema(open, entries[0], { timeoutMs, signal });
      rootDse = readRootDse(entries[0], { schema, host: address.host });
      return pass(
        `${rootDse.product}${rootDse.dnsHostName === undefined ? '' : `, ${rootDse.dnsHostName}`}; users below ${values.LDAP_BASE ?? rootDse.defaultSearchBase ?? 'an unknown base'}. ${rootDse.recognition}.`,
      );
    },
  };
  const clockCheck: Check = {
    id: 'ldap-clock',
    target,
    needs: [dseCheck],
    run() {
      if (rootDse?.currentTime === undefined) return skipped('this directory does not report its time');
      const skewMs = askedAtMs - rootDse.currentTime.getTime();
      const apart = `This machine's clock is ${Math.abs(Math.round(skewMs / 1000))} s ${skewMs > 0 ? 'ahead of' : 'behind'} ${address.host}`;
      if (Math.abs(skewMs) > MAX_CLOCK_SKEW_MS)
        return fail(apart, 'Set both by the same NTP server: Kerberos tolerates 5 minutes at most, and accounts expire at the wrong time.');
      return Math.abs(skewMs) > CLOCK_WARNING_MS ? warn(apart, 'Set both by the same NTP server.') : pass(apart);
    },
  };
  const bindCheck: Check = {
    id: 'ldap-bind',
    target,
    needs: [dseCheck],
    async run(signal) {
      if (isExternal) {
        if (connection === undefined) return skipped('no connection');
        await createServiceAccount('external').bind(connection, address.url, { timeoutMs, signal });
        return pass('The client certificate is accepted as the service account (SASL EXTERNAL)');
      }
      if (dn === undefined)
        return skipped(
          values.ANONYMOUS_SEARCH_ENABLED
            ? 'ANONYMOUS_SEARCH_ENABLED: searches are anonymous'
            : 'LDAP_BIND_USER or its password is not set',
        );
      const password = run.servicePassword();
      if (connection === undefined || password === undefined) return skipped('no connection, or no password');
      const account = run.serviceAccount(dn, password);
      try {
        await account.bind(connection, address.url, { timeoutMs, signal });
        return pass(`${dn} is accepted`);
      } catch (error) {
        if (!(error instanceof LdapError) || connection.encrypted || address.tls !== 'none' || !demandsTls(error.resultCode)) throw error;
        // As the connector does: the server has not checked the password yet and gets it encrypted.
        await account.bind(await opened({ ...address, tls: 'starttls' }, signal), address.url, { timeoutMs, signal });
        return pass(`${dn} is accepted, over StartTLS, which the server requires`);
      }
    },
  };
  const bound = dn === undefined && !isExternal ? dseCheck : bindCheck;
  const searchCheck: Check = {
    id: 'ldap-search',
    target,
    needs: [bound],
    async run(signal) {
      if (dn === undefined && !isExternal && !values.ANONYMOUS_SEARCH_ENABLED)
        return skipped('no service account: users read their own entries (LDAP_USER_DN)');
      const searchBase = values.LDAP_BASE ?? rootDse?.defaultSearchBase;
      if (searchBase === undefined)
        return fail('The directory does not announce a search base', 'Set LDAP_BASE, for example DC=example,DC=com.');
      if (connection === undefined) return skipped('no connection');
      const found = await connection.search(
        { searchBase, scope: 'sub', filter: ANY_ENTRY, attributes: ['1.1'], sizeLimit: 1 },
        { timeoutMs, signal },
      );
      if (found.entries.length > 0) {
        onSearchable();
        return pass(`Entries below ${searchBase} can be read`);
      }
      const who = dn === undefined && !isExternal ? 'an anonymous client' : 'the service account';
      const said = found.result.resultCode === RESULT.success ? 'nothing' : resultText(found.result.resultCode);
      return fail(
        `The search below ${searchBase} returned ${said}: the entry does not exist, or ${who} may not read there`,
        `Correct LDAP_BASE, or give ${who} permission to read there.`,
      );
    },
  };
  const latencyCheck: Check = {
    id: 'ldap-latency',
    target,
    needs: [dseCheck, ...(bound === bindCheck ? [bindCheck] : [])],
    async run(signal) {
      if (connection === undefined) return skipped('no connection');
      const times: number[] = [];
      for (let i = 0; i < LATENCY_TRIES; i++) {
        const started = performance.now();
        await connection.search({ ...ROOT_DSE_REQUEST, attributes: ['1.1'] }, { timeoutMs, signal });
        times.push(performance.now() - started);
      }
      const median = times.sort((a, b) => a - b)[Math.floor(LATENCY_TRIES / 2)] ?? 0;
      const found = `The server answers in ${median.toFixed(1)} ms`;
      return median > SLOW_MS ? warn(found, 'Each sign-in waits for several answers: use a closer server.') : pass(found);
    },
  };
  return { checks: [tcpCheck, tlsCheck, dseCheck, clockCheck, bindCheck, searchCheck, latencyCheck], search: searchCheck };
}

async function tlsOf(run: Run, address: ServerAddress, signal: AbortSignal): Promise<CheckOutcome> {
  const { values } = run.config;
  if (address.tls === 'none') {
    if (isLoopback(new URL(address.url).hostname)) return skipped('off: the server is on this machine');
    return warn(
      'Not encrypted: every password crosses the network in clear text (LDAP_INSECURE_NO_TLS)',
      'Use ldaps://, or remove LDAP_INSECURE_NO_TLS for StartTLS.',
    );
  }
  const seen = await seeServerCertificate(address, {
    configured: run.configuredCertificates,
    clientCertificate: run.clientCertificate,
    timeoutMs: values.LDAP_CONNECT_TIMEOUT_MS,
    signal,
  });
  const description = `${describeCertificate(seen)}, a chain of ${seen.chainLength}`;
  if (seen.refusedBecause !== undefined) {
    const { found, action } = failedBy(
      tlsFailed(address.url, Object.assign(new Error(seen.refusedBecause), { code: seen.refusedBecause })),
    );
    if (values.LDAP_INSECURE_SKIP_TLS_VERIFY)
      return warn(`${found}. Used nevertheless because of LDAP_INSECURE_SKIP_TLS_VERIFY. Certificate: ${description}`, action);
    return fail(`${found}. Certificate: ${description}`, action, seen.offered);
  }
  const invalid = validityProblem(run.clientCertificate);
  if (invalid !== undefined)
    return warn(`${description}. The client certificate (LDAP_CLIENT_CERT) will be refused: ${invalid}`, 'Renew it.');
  const days = endsSoon(seen.validTo);
  return days === undefined ? pass(description) : warn(`${description}: expires in ${days} days`, "Renew the server's certificate.");
}
