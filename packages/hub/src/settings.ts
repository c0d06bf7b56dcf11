/** The one list of the hub's settings, read from the environment and from `hub.json` in the home. */
import { join } from 'node:path';
import {
  CodedError,
  type JsonObject,
  LET_READ,
  loadSettings,
  parseJsonObject,
  readTextIfExists,
  type SettingValues,
} from '@landbridge/runtime';
import { ADMINISTRATOR_SETTINGS } from './settings/administrators.ts';
import { ALERT_SETTINGS } from './settings/alerts.ts';
import { APPLICATION_SETTINGS } from './settings/applications.ts';
import { AUDIT_SETTINGS } from './settings/audit.ts';
import { CONNECTOR_SETTINGS } from './settings/connectors.ts';
import { GUARD_SETTINGS } from './settings/guard.ts';
import { METRICS_SETTINGS } from './settings/metrics.ts';
import { NETWORK_SETTINGS } from './settings/network.ts';
import { PACKAGE_SETTINGS } from './settings/packages.ts';
import { SERVICE_SETTINGS } from './settings/service.ts';

/** In the order of the reference. */
export const HUB_SETTINGS = {
  ...NETWORK_SETTINGS,
  ...SERVICE_SETTINGS,
  ...GUARD_SETTINGS,
  ...AUDIT_SETTINGS,
  ...METRICS_SETTINGS,
  ...ALERT_SETTINGS,
  ...CONNECTOR_SETTINGS,
  ...PACKAGE_SETTINGS,
  ...ADMINISTRATOR_SETTINGS,
  ...APPLICATION_SETTINGS,
};

export type HubSettings = SettingValues<typeof HUB_SETTINGS>;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

const MIN_WEBHOOK_SECRET = 16;

/** Service managers kill a process that takes longer to stop. */
const MAX_STOP_MS = 20_000;

/** @returns the files of the hub's own certificate; undefined if it serves plain HTTP */
export function tlsFilesOf({ TLS_CERT_FILE, TLS_KEY_FILE }: Pick<HubSettings, 'TLS_CERT_FILE' | 'TLS_KEY_FILE'>) {
  return TLS_CERT_FILE === undefined || TLS_KEY_FILE === undefined ? undefined : { certFile: TLS_CERT_FILE, keyFile: TLS_KEY_FILE };
}

/**
 * @param home the folder that may contain `hub.json`
 * @returns the settings, whether PORT is set explicitly, and the unknown keys of the file
 * @throws CodedError SETTINGS_UNREADABLE, SETTINGS_INVALID
 */
export function readSettings(
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): { settings: HubSettings; portIsSet: boolean; unknownKeys: string[] } {
  const file = readFile(join(home, 'hub.json'));
  const { values, origins, problems } = loadSettings(HUB_SETTINGS, { file, environment });
  const messages = problems.map((problem) => problem.message);
  if (values.PUBLIC_URL !== undefined && problems.length === 0) {
    const url = new URL(values.PUBLIC_URL);
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
      messages.push('PUBLIC_URL must consist of scheme, host and optionally port');
  }
  if ((values.TLS_CERT_FILE === undefined) !== (values.TLS_KEY_FILE === undefined)) {
    messages.push('TLS_CERT_FILE and TLS_KEY_FILE must both be set, or neither');
  }
  messages.push(...providerProblems(values));
  if (values.STOP_READY_DELAY_MS + values.STOP_GRACE_MS > MAX_STOP_MS) {
    messages.push(`the sum of STOP_READY_DELAY_MS and STOP_GRACE_MS must be at most ${MAX_STOP_MS}`);
  }
  if (values.PACKAGES_DIR !== undefined && values.PACKAGES_URL !== undefined)
    messages.push('PACKAGES_DIR and PACKAGES_URL exclude each other');
  messages.push(...auditProblems(values), ...alertProblems(values));
  if (messages.length > 0) {
    throw new CodedError('SETTINGS_INVALID', `Invalid settings: ${messages.join('; ')}`, {
      action: `Correct the environment or ${join(home, 'hub.json')}.`,
    });
  }
  return {
    settings: values,
    portIsSet: origins.PORT !== 'default',
    unknownKeys: Object.keys(file).filter((key) => !(key in HUB_SETTINGS)),
  };
}

function alertProblems(values: Partial<HubSettings>): string[] {
  const problems: string[] = [];
  const { ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET, ALERT_SMTP_URL, ALERT_MAIL_FROM, ALERT_MAIL_TO = [], ALERT_SMTP_USER } = values;
  const webhook = ALERT_WEBHOOK_URL === undefined ? undefined : new URL(ALERT_WEBHOOK_URL);
  if (webhook !== undefined && (webhook.username !== '' || webhook.password !== ''))
    problems.push('ALERT_WEBHOOK_URL must not contain a user name or password: the receiver checks the signature');
  if (webhook?.protocol === 'http:' && !LOOPBACK.has(webhook.hostname)) problems.push('ALERT_WEBHOOK_URL must use https');
  if (webhook !== undefined && (ALERT_WEBHOOK_SECRET ?? '').length < MIN_WEBHOOK_SECRET)
    problems.push(`ALERT_WEBHOOK_URL needs an ALERT_WEBHOOK_SECRET of at least ${MIN_WEBHOOK_SECRET} characters`);
  const smtp = ALERT_SMTP_URL === undefined ? undefined : new URL(ALERT_SMTP_URL);
  if (smtp !== undefined && (smtp.hostname === '' || !['', '/'].includes(smtp.pathname) || smtp.username !== ''))
    problems.push('ALERT_SMTP_URL must consist of scheme, host and optionally port: the account is ALERT_SMTP_USER');
  if (smtp !== undefined && (ALERT_MAIL_FROM === undefined || ALERT_MAIL_TO.length === 0))
    problems.push('ALERT_SMTP_URL needs ALERT_MAIL_FROM and ALERT_MAIL_TO');
  if (ALERT_SMTP_USER !== undefined && values.ALERT_SMTP_PASSWORD === undefined) problems.push('ALERT_SMTP_USER needs ALERT_SMTP_PASSWORD');
  return problems;
}

function auditProblems({ AUDIT_SYSLOG_URL, AUDIT_HTTP_URL, AUDIT_HTTP_TOKEN_FILE }: Partial<HubSettings>): string[] {
  const problems: string[] = [];
  const syslog = AUDIT_SYSLOG_URL === undefined ? undefined : new URL(AUDIT_SYSLOG_URL);
  if (syslog !== undefined && (syslog.hostname === '' || !['', '/'].includes(syslog.pathname) || syslog.username !== ''))
    problems.push('AUDIT_SYSLOG_URL must consist of scheme, host and optionally port');
  const http = AUDIT_HTTP_URL === undefined ? undefined : new URL(AUDIT_HTTP_URL);
  if (http !== undefined && (http.username !== '' || http.password !== ''))
    problems.push('AUDIT_HTTP_URL must not contain a user name or password: use AUDIT_HTTP_TOKEN_FILE');
  if (http?.protocol === 'http:' && AUDIT_HTTP_TOKEN_FILE !== undefined && !LOOPBACK.has(http.hostname))
    problems.push('AUDIT_HTTP_URL must use https if AUDIT_HTTP_TOKEN_FILE is set');
  return problems;
}

function providerProblems({ ADMIN_OIDC_ISSUER: issuer, ADMIN_OIDC_CLIENT_ID: clientId, ...values }: HubSettings): string[] {
  if ((issuer === undefined) !== (clientId === undefined))
    return ['ADMIN_OIDC_ISSUER and ADMIN_OIDC_CLIENT_ID must both be set, or neither'];
  if (issuer === undefined) return values.ADMIN_OIDC_REQUIRED ? ['ADMIN_OIDC_REQUIRED needs ADMIN_OIDC_ISSUER'] : [];
  const isHere = LOOPBACK.has(new URL(issuer).hostname);
  return issuer.startsWith('https:') || isHere ? [] : ['ADMIN_OIDC_ISSUER must be an https address'];
}

function readFile(path: string): JsonObject {
  const text = readTextIfExists(
    path,
    (cause) => new CodedError('SETTINGS_UNREADABLE', `${path} cannot be read`, { cause, action: LET_READ }),
  );
  if (text === undefined) return {};
  const parsed = parseJsonObject(text);
  if ('object' in parsed) return parsed.object;
  // Without the parser's error as the cause: its message quotes the file, which may contain secrets.
  throw new CodedError('SETTINGS_UNREADABLE', `${path} ${parsed.problem}`, { action: 'Correct or remove the file.' });
}
