/** The audit log, its copies, and the key that seals it. */
import { inGroup, setting } from '@landbridge/runtime';

export const AUDIT_SETTINGS = {
  ...inGroup('Audit log', {
    AUDIT_RETENTION_DAYS: {
      type: setting.integer(0, 36_500),
      default: 365,
      description:
        'How long in days records are kept. Older ones are removed once a day; one record with the hash of the last of them replaces them. `0`: no limit.',
    },
    AUDIT_STREAM_FILE: {
      type: setting.text(),
      description:
        'A file to which each record is appended as a JSON line within a second, for a SIEM. It may be rotated by renaming. After a restart or a restored backup, records may come twice.',
    },
    AUDIT_SYSLOG_URL: {
      type: setting.url('udp', 'tcp', 'tls'),
      description:
        'A syslog receiver for every audit record, as an RFC 5424 message with JSON, and for heads of the audit log: `tls://host:6514`, `tcp://host:514` or `udp://host:514`. With TLS and TCP (octet counting), a batch that the receiver did not read completely is sent again, so records may arrive twice but are never lost. With UDP, records can be lost.',
    },
    AUDIT_HTTP_URL: {
      type: setting.url('https', 'http'),
      description:
        'A URL that receives every audit record, and heads of the audit log, as JSON lines in POST requests. A batch is repeated with the same `Idempotency-Key` until the answer is 2xx.',
    },
    AUDIT_HTTP_TOKEN_FILE: {
      type: setting.text(),
      description: 'A file with the bearer token for `AUDIT_HTTP_URL`. It is read for each request.',
    },
    AUDIT_CA_FILE: {
      type: setting.text(),
      description:
        'PEM file with the certificate authorities for `AUDIT_SYSLOG_URL` and `AUDIT_HTTP_URL`; no others are trusted. Unset: the well-known authorities.',
    },
    AUDIT_HEAD_FILE: {
      type: setting.text(),
      description:
        'A file to which the head of the audit log is appended regularly. `audit verify` compares all of them, so that cut-off records are noticed. Put it on another machine, or on a medium that can only be appended to.',
    },
    AUDIT_HEAD_MINUTES: {
      type: setting.integer(1, 1440),
      default: 60,
      description:
        'The interval in minutes at which the head of the audit log is written to `AUDIT_HEAD_FILE` and sent to the syslog receiver and `AUDIT_HTTP_URL`, if it changed.',
    },
    HUB_KEY: {
      type: setting.text(),
      secret: true,
      description:
        'The key that encrypts the secrets in the database and seals the audit log: 32 random bytes in base64url. Unset: the file `hub.key` in the home, which the first start creates. The systemd credential `landbridge-hub-key` takes precedence. Commands need the same key as the service. Backups do not contain it.',
    },
  }),
};
