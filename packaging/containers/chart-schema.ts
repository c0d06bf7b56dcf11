/**
 * The JSON schema of the Helm chart's values. It knows all settings of both programs, so that Helm refuses a misspelt one, and a secret in the values.
 * `node tools/generate-configuration.ts` writes it beside them.
 */
import { join } from 'node:path';
import { SETTINGS } from '../../packages/connector/src/config/settings.ts';
import { HUB_SETTINGS } from '../../packages/hub/src/settings.ts';

export const CHART_FOLDER = join(import.meta.dirname, '..', 'helm', 'landbridge');

/** The chart sets them, or they have no effect there. */
const SET_BY_CHART: ReadonlySet<string> = new Set([
  ...['PORT', 'PUBLIC_URL', 'TLS_CERT_FILE', 'TLS_KEY_FILE', 'LOG_FORMAT'],
  ...['PROVISIONING_TICKET', 'OVERRIDE_CONFIG', 'HEALTH_PORT', 'HEALTH_ADDRESS', 'SSL_CA_FILE', 'PROFILE_MAPPER_FILE'],
  ...['CONSOLE_ENABLED', 'CONSOLE_PORT', 'CONSOLE_INSECURE_ADDRESS'],
]);

type SettingList = Readonly<Record<string, { description: string; secret?: boolean; kept?: boolean }>>;

const text = { type: 'string' };
const name = { type: 'string', maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' };
const optionalName = { ...name, pattern: `${name.pattern}|^$` };
const free = { type: 'object' };
const list = { type: 'array', items: free };
const flag = { type: 'boolean' };
const quantity = { type: ['string', 'integer'] };
const port = { type: 'integer', minimum: 1, maximum: 65_535 };
const texts = { type: 'object', additionalProperties: text };

/** An object in which unknown keys are errors. */
function exactly(properties: object, required: string[] = []): object {
  return { type: 'object', additionalProperties: false, properties, ...(required.length > 0 && { required }) };
}

/** Settings that name a file with a secret. */
const SECRET_FILE = /_(TOKEN|SECRET)_FILE$/;

function namesOf(settings: SettingList, isSecret: boolean): string[] {
  return Object.entries(settings).flatMap(([each, { secret = false, kept = false }]) => {
    if (kept || SET_BY_CHART.has(each)) return [];
    const isFile = SECRET_FILE.test(each);
    if ((secret || isFile) !== isSecret) return [];
    return [isFile ? each.replace(/_FILE$/, '') : each];
  });
}

function programOf(settings: SettingList): object {
  return {
    enabled: flag,
    image: exactly({
      repository: text,
      tag: text,
      digest: { type: 'string', pattern: '^$|^sha256:[0-9a-f]{64}$' },
      pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
    }),
    settings: {
      type: 'object',
      propertyNames: { enum: namesOf(settings, false) },
      additionalProperties: { type: ['string', 'integer', 'boolean'] },
    },
    secrets: {
      type: 'object',
      propertyNames: { enum: namesOf(settings, true) },
      additionalProperties: exactly({ secret: name, key: { type: 'string', minLength: 1 } }, ['secret', 'key']),
    },
    storage: exactly({ size: quantity, storageClass: optionalName }),
    resources: exactly({
      requests: { type: 'object', additionalProperties: quantity },
      limits: { type: 'object', additionalProperties: quantity },
    }),
    nodeSelector: texts,
    tolerations: list,
    affinity: free,
    podAnnotations: texts,
  };
}

export function chartSchema(): string {
  const file = exactly({ configMap: optionalName, key: text });
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...exactly({
      hub: exactly({
        ...programOf(HUB_SETTINGS),
        publicUrl: { type: 'string', pattern: '^$|^https?://[^/]+$' },
        tlsSecret: optionalName,
        service: exactly({ type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] }, port, annotations: texts }),
        ingress: exactly({ enabled: flag, className: optionalName, host: optionalName, tlsSecret: optionalName, annotations: texts }),
        networkPolicy: exactly({ enabled: flag, from: list }),
        serviceMonitor: exactly({ enabled: flag, interval: text, labels: texts }),
      }),
      connectors: exactly({
        ...programOf(SETTINGS),
        replicas: { type: 'integer', minimum: 1, maximum: 20 },
        ticketSecret: optionalName,
        authorities: file,
        profileMapper: file,
        networkPolicy: exactly({ enabled: flag, egress: list }),
      }),
      imagePullSecrets: list,
      // Helm adds it.
      global: free,
    }),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
