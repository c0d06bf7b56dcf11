/** Where alerts are sent: a webhook with a signature, and e-mail. Both addresses come from the settings, never from the dashboard. */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { createTransport } from 'nodemailer';
import type { HubSettings } from '../settings.ts';
import type { AlertChannel, AlertKind } from '../store/alerts.ts';

/** What receivers learn. It has no user names, addresses or secrets. */
export interface AlertNotice {
  /** The same for each attempt. */
  id: string;
  event: 'raised' | 'resolved' | 'test';
  kind: AlertKind | 'test';
  connection: string | undefined;
  text: string;
  at: Date;
}

export interface AlertSender {
  readonly channel: AlertChannel;
  /** For administrators; without secrets. */
  readonly target: string;
  /** @throws if the receiver did not accept it */
  send(notice: AlertNotice): Promise<void>;
}

export type AlertSettings = Pick<HubSettings, Extract<keyof HubSettings, `ALERT_${string}`>>;

const TIMEOUT_MS = 15_000;

/** @param hub the public URL, for links */
export function alertSenders(settings: AlertSettings, hub: () => string): AlertSender[] {
  const { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret, ALERT_SMTP_URL: smtp } = settings;
  return [
    ...(url === undefined || secret === undefined ? [] : [webhook(new URL(url), secret, settings.ALERT_CA_FILE, hub)]),
    ...(smtp === undefined ? [] : [mail(new URL(smtp), settings, hub)]),
  ];
}

function webhook(url: URL, secret: string, caFile: string | undefined, hub: () => string): AlertSender {
  return {
    channel: 'webhook',
    // Queries may contain secrets.
    target: `${url.origin}${url.pathname}`,
    async send(notice) {
      const body = JSON.stringify({ ...notice, hub: hub() });
      const seconds = Math.floor(Date.now() / 1000);
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'idempotency-key': `"${notice.id}"`,
        // The time is signed, so that an old request cannot be repeated later.
        'landbridge-signature': `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`,
      };
      const ca = caFile === undefined ? undefined : await readFile(caFile);
      const options = { method: 'POST', headers, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
      const status = await new Promise<number>((resolve, reject) => {
        const request =
          url.protocol === 'http:'
            ? requestHttp(url, options)
            : // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED has no effect.
              requestHttps(url, { ...options, rejectUnauthorized: true, ...(ca && { ca }) });
        request.on('error', reject).on('response', (response) => {
          // Nothing of the answer is read or shown, and a redirect is not followed.
          response.destroy();
          resolve(response.statusCode ?? 0);
        });
        request.end(body);
      });
      if (status < 200 || status > 299) throw new Error(`the receiver answered HTTP ${status}`);
    },
  };
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

function mail(url: URL, settings: AlertSettings, hub: () => string): AlertSender {
  const { ALERT_MAIL_FROM: from = '', ALERT_MAIL_TO: to, ALERT_SMTP_USER: user, ALERT_SMTP_PASSWORD: pass = '' } = settings;
  const isTls = url.protocol === 'smtps:';
  return {
    channel: 'mail',
    target: `${to.join(', ')} by ${url.host}`,
    async send({ id, event, text, at, connection }) {
      const ca = settings.ALERT_CA_FILE === undefined ? undefined : await readFile(settings.ALERT_CA_FILE);
      const transport = createTransport({
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? (isTls ? 465 : 587) : Number(url.port),
        secure: isTls,
        requireTLS: !isTls && !LOOPBACK.includes(url.hostname),
        tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca && { ca }) },
        ...(user === undefined ? {} : { auth: { user, pass } }),
        connectionTimeout: TIMEOUT_MS,
        greetingTimeout: TIMEOUT_MS,
        socketTimeout: TIMEOUT_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        await transport.sendMail({
          from,
          to: [...to],
          // Mail programs group the end of an alert with its beginning.
          messageId: `<${id}@landbridge-hub>`,
          ...(event === 'resolved' ? { inReplyTo: `<${id.replace(/-resolved$/, '-raised')}@landbridge-hub>` } : {}),
          headers: { 'Auto-Submitted': 'auto-generated' },
          subject: `[Landbridge] ${event === 'resolved' ? 'Resolved: ' : ''}${text}`,
          text: [
            `${event === 'resolved' ? 'Resolved: ' : ''}${text}`,
            `Time: ${at.toISOString()}`,
            ...(connection === undefined ? [] : [`Connection: ${hub()}/dashboard/connections/${connection}`]),
            `Alerts: ${hub()}/dashboard/alerts`,
          ].join('\n'),
        });
      } finally {
        transport.close();
      }
    },
  };
}
