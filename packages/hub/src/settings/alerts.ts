/** Alerts about what needs an operator: when they are raised, and where they are sent. */
import { inGroup, setting } from '@landbridge/runtime';

export const ALERT_SETTINGS = {
  ...inGroup('Alerts', {
    ALERT_AFTER_MINUTES: {
      type: setting.integer(0, 1440),
      default: 2,
      description:
        'An alert about a connector or a directory is raised when it has been down for this many minutes, and resolved when it has been back for as long.',
    },
    ALERT_EXPIRY_DAYS: {
      type: setting.integer(1, 365),
      default: 14,
      description: 'Certificates of the hub and its connectors and API keys cause an alert this many days before they expire.',
    },
    ALERT_WEBHOOK_URL: {
      type: setting.url('https', 'http'),
      description:
        'A URL that receives each alert, and its end, as JSON in a POST request. `http` only on this machine. Redirects are not followed. It is set here only, so that no administrator of the dashboard can make the hub call an address inside your network.',
    },
    ALERT_WEBHOOK_SECRET: {
      type: setting.text(),
      secret: true,
      description:
        'The key that signs the requests to `ALERT_WEBHOOK_URL` with HMAC-SHA-256, at least 16 characters. The receiver compares the signature, see [operations.md](operations.md#alerts).',
    },
    ALERT_SMTP_URL: {
      type: setting.url('smtps', 'smtp'),
      description:
        'The mail server for alerts: `smtps://mail.example:465` (TLS) or `smtp://mail.example:587` (STARTTLS, which is required unless the server is on this machine).',
    },
    ALERT_SMTP_USER: { type: setting.text(), description: 'The account at the mail server. Unset: no authentication.' },
    ALERT_SMTP_PASSWORD: { type: setting.text(), secret: true, description: 'The password of `ALERT_SMTP_USER`.' },
    ALERT_MAIL_FROM: { type: setting.text(), description: 'The sender of alerts by e-mail.' },
    ALERT_MAIL_TO: { type: setting.list(), default: [], description: 'The recipients of alerts by e-mail.' },
    ALERT_CA_FILE: {
      type: setting.text(),
      description:
        'PEM file with the certificate authorities for `ALERT_WEBHOOK_URL` and `ALERT_SMTP_URL`; no others are trusted. Unset: the well-known authorities.',
    },
  }),
};
