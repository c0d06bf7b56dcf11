/**
 * Checks everything from the configuration to the hub and the directory, for the console, `landbridge-connector troubleshoot` and the support
 * package. It changes nothing and tries no user's password.
 */

import { createHash } from 'node:crypto';
import { bindPassword } from '../config/credentials.ts';
import { findHome } from '../config/home.ts';
import type { TlsKeyPair } from '../config/key-pair.ts';
import { type Config, type Environment, loadConfig } from '../config/load.ts';
import { configWarnings } from '../config/warnings.ts';
import { createServiceAccount, type ServiceAccount } from '../ldap/servers/service-account.ts';
import { readDirectoryCertificate } from '../network/directory-certificate.ts';
import { createOutbound } from '../network/outbound.ts';
import { configuredCertificates } from '../network/trust.ts';
import { loadCertificate } from '../setup/certificate.ts';
import { filterWarnings, problemsOfFiles } from '../setup/problems-of-files.ts';
import type { Check, CheckResult } from './check.ts';
import { failedBy, pass, warn } from './check.ts';
import { directoryChecks } from './checks/directory.ts';
import { frontChannelChecks } from './checks/front-channel.ts';
import { hubChecks } from './checks/hub.ts';
import { kerberosChecks } from './checks/kerberos.ts';
import { machineChecks } from './checks/machine.ts';
import { ocspChecks } from './checks/ocsp.ts';
import { profileMapperCheck } from './checks/profile-mapper.ts';
import { createRedactor } from './redact.ts';
import type { Run } from './run.ts';
import { runChecks } from './run-checks.ts';

export interface TroubleshootOptions {
  home: string;
  environment: Environment;
  /** The user whose groups are compared: a name as typed at a sign-in. */
  userName?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Instead of this machine's, for tests. */
  platform?: NodeJS.Platform;
  onStarted?: (check: Pick<Check, 'id' | 'target'>) => void;
  onResult?: (result: CheckResult) => void;
}

export interface Troubleshooter {
  /** @returns all results; each is also passed to `onResult` */
  run(options: TroubleshootOptions): Promise<CheckResult[]>;
}

/** One per process: a refused service account is not tried again by the next run, which could lock it. */
export function createTroubleshooter(): Troubleshooter {
  const accounts = new Map<string, ServiceAccount>();

  function serviceAccount(dn: string, password: string): ServiceAccount {
    // A new password may be tried at once.
    const key = createHash('sha256')
      .update(JSON.stringify([dn, password]))
      .digest('hex');
    const account = accounts.get(key) ?? createServiceAccount({ dn, password });
    accounts.set(key, account);
    return account;
  }

  return {
    async run(options) {
      const closers: (() => unknown)[] = [];
      let isOver = false;
      const loaded = load(options);
      const config = 'config' in loaded ? loaded.config : undefined;
      const redactor = createRedactor(config);
      const checks = [
        configurationCheck(loaded, (readable) => ({
          config: readable,
          environment: options.environment,
          userName: options.userName,
          platform: options.platform ?? process.platform,
          redactor,
          // "Configuration" reports unreadable certificates; the other checks continue without them.
          outbound: createOutbound(usableTrust(readable)),
          configuredCertificates: configuredCertificates(usableTrust(readable)),
          clientCertificate: usableClientCertificate(readable),
          servicePassword() {
            const password = bindPassword(readable, loadCertificate(readable)?.privateKeyPem);
            redactor.keepSecret(password);
            return password;
          },
          serviceAccount,
          onEnd(close) {
            // Opened by a check after its time limit.
            if (isOver) void close();
            else closers.push(close);
          },
        })),
        ...machineChecks(findHome(options.home), config),
      ];
      try {
        return await runChecks(checks, { ...options, signal: options.signal ?? new AbortController().signal, redact: redactor.redact });
      } finally {
        isOver = true;
        for (const close of closers) await close();
      }
    },
  };
}

/** All checks that need a configuration follow this one. */
function configurationCheck(loaded: Loaded, runWith: (config: Config) => Run): Check {
  return {
    id: 'configuration',
    run() {
      if ('error' in loaded) return failedBy(loaded.error);
      const { config } = loaded;
      const then = checksOf(runWith(config));
      const problems = [...config.problems.map(({ message }) => message), ...problemsOfFiles(config)];
      const warnings = [...configWarnings(config), ...filterWarnings(config.values)].map(({ message }) => message);
      const place = config.environmentOnly ? 'the environment' : config.home.configFile;
      if (problems.length > 0)
        return { status: 'fail', found: [...problems, ...warnings].join('; '), action: `Correct this in ${place}.`, then };
      if (warnings.length > 0) return warn(warnings.join('; '), undefined, then);
      const count = Object.values(config.origins).filter((origin) => origin === 'file' || origin === 'environment').length;
      return pass(`${count} settings, from ${place}`, then);
    },
  };
}

type Loaded = { config: Config } | { error: unknown };

function load({ home, environment }: TroubleshootOptions): Loaded {
  try {
    return { config: loadConfig(home, environment) };
  } catch (error) {
    return { error };
  }
}

function checksOf(run: Run): Check[] {
  const kerberos = kerberosChecks(run);
  return [
    profileMapperCheck(run),
    ...hubChecks(run),
    ...directoryChecks(run, kerberos.inDirectory),
    kerberos.keytab,
    ...frontChannelChecks(run),
    ...ocspChecks(run),
  ];
}

function usableClientCertificate({ values, home }: Config): TlsKeyPair | undefined {
  try {
    return readDirectoryCertificate(values, home.folder);
  } catch {
    return undefined;
  }
}

function usableTrust({ values }: Config): Config['values'] {
  try {
    configuredCertificates(values);
    return values;
  } catch {
    return { ...values, CA_CERT: [], SSL_CA_FILE: undefined, SSL_CA_PATH: undefined };
  }
}
