/** The Helm chart and the compose file. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SETTINGS } from '../../packages/connector/src/config/settings.ts';
import { HUB_SETTINGS } from '../../packages/hub/src/settings.ts';
import { versionOf } from '../targets.ts';
import { CHART_FOLDER, chartSchema } from './chart-schema.ts';
import { checkKubernetesObjects, helmProgram, type KubernetesObject, lintCompose, readYaml, whyNotChecked } from './checkers.ts';
import { COMPOSE_FOLDER, makeDeploymentFiles } from './deployment.ts';

const COMPOSE_FILE = join(COMPOSE_FOLDER, 'compose.yaml');

const EPOCH = 1_790_000_000;

interface Workload extends KubernetesObject {
  spec: {
    template: {
      spec: {
        automountServiceAccountToken: boolean;
        securityContext: object;
        containers: { env: { name: string; value?: string }[]; securityContext: object; volumeMounts: { name: string }[] }[];
        volumes?: { name: string }[];
      };
    };
  };
}

const EVERYTHING = {
  hub: {
    publicUrl: 'https://hub.example.com',
    settings: { TRUSTED_PROXIES: '10.0.0.0/8', GUARD_ADDRESS_ATTEMPTS: 1_000_000, CREDENTIAL_CACHE: false },
    secrets: { HUB_KEY: { secret: 'hub', key: 'hub-key' }, METRICS_TOKEN: { secret: 'hub', key: 'metrics-token' } },
    tlsSecret: 'hub-tls',
    storage: { storageClass: 'fast' },
    service: { annotations: { a: 'b' } },
    ingress: { enabled: true, className: 'nginx', host: 'hub.example.com', tlsSecret: 'ingress-tls' },
    networkPolicy: { from: [{ namespaceSelector: { matchLabels: { name: 'ingress' } } }] },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'a', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    podAnnotations: { a: 'b' },
  },
  connectors: {
    enabled: true,
    ticketSecret: 'tickets',
    settings: { LDAP_URL: 'ldaps://dc1.example.com', LDAP_BIND_USER: 'service@example.com' },
    secrets: { LDAP_BIND_PASSWORD: { secret: 'directory', key: 'password' } },
    authorities: { configMap: 'directory-ca' },
    profileMapper: { configMap: 'mapper' },
    networkPolicy: { egress: [{ ports: [{ port: 636, protocol: 'TCP' }] }] },
  },
  imagePullSecrets: [{ name: 'registry' }],
};
const HUB_ONLY = { hub: { publicUrl: 'https://hub.example.com' } };

describe('the Helm chart', { skip: whyNotChecked() }, () => {
  const work = mkdtempSync(join(tmpdir(), 'landbridge-chart-'));
  after(() => rmSync(work, { recursive: true, force: true }));

  function helm(command: readonly string[], values: object) {
    const file = join(work, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    return spawnSync(helmProgram(), [...command, CHART_FOLDER, '--values', file], {
      encoding: 'utf8',
      env: { HOME: work, PATH: process.env.PATH },
    });
  }
  async function render(values: object): Promise<KubernetesObject[]> {
    const { status, stdout, stderr } = helm(['template', 'test'], values);
    assert.equal(status, 0, stderr);
    return (await readYaml<KubernetesObject | null>(stdout)).filter((each) => each !== null);
  }
  const isWorkload = (object: KubernetesObject): object is Workload => object.kind === 'StatefulSet';

  it('has the version of the programs and the schema of their settings', () => {
    assert.equal(readFileSync(join(CHART_FOLDER, 'values.schema.json'), 'utf8'), chartSchema());
    const chart = readFileSync(join(CHART_FOLDER, 'Chart.yaml'), 'utf8');
    for (const program of ['hub', 'connector'] as const) {
      for (const field of ['version', 'appVersion']) assert.match(chart, new RegExp(`^${field}: ${versionOf(program)}$`, 'm'));
    }
  });

  for (const [what, values] of Object.entries({ 'all values': EVERYTHING, 'a hub only': HUB_ONLY })) {
    it(`passes Helm's lint with ${what}`, () => {
      const { status, stdout, stderr } = helm(['lint', '--strict'], values);
      assert.equal(status, 0, `${stdout}${stderr}`);
    });

    it(`renders objects of Kubernetes' API with ${what}`, async () => {
      const objects = await render(values);
      assert.equal(checkKubernetesObjects(objects.filter(({ kind }) => kind !== 'ServiceMonitor')), '');
    });
  }

  it('is a package that Helm reads, and two builds have the same bytes', () => {
    const files = ['one', 'two'].map((build) => {
      mkdirSync(join(work, build));
      makeDeploymentFiles({ output: join(work, build), epoch: EPOCH });
      return join(work, build, `landbridge-${versionOf('hub')}.tgz`);
    });
    const [one = '', two = ''] = files;
    assert.ok(readFileSync(one).equals(readFileSync(two)));
    const { status, stdout } = spawnSync(helmProgram(), ['show', 'chart', one], { encoding: 'utf8' });
    assert.equal(status, 0);
    assert.match(stdout, /^name: landbridge$/m);
  });

  it('renders all its objects', async () => {
    const kinds = (await render(EVERYTHING)).map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
    assert.deepEqual(kinds, [
      'Ingress test-hub',
      'NetworkPolicy test-connector',
      'NetworkPolicy test-hub',
      'PodDisruptionBudget test-connector',
      'Service test-connector',
      'Service test-hub',
      'ServiceMonitor test-hub',
      'StatefulSet test-connector',
      'StatefulSet test-hub',
    ]);
  });

  it('meets the restricted Pod Security Standard, with a read-only root and no token of the API', async () => {
    for (const { spec } of (await render(EVERYTHING)).filter(isWorkload)) {
      const pod = spec.template.spec;
      assert.equal(pod.automountServiceAccountToken, false);
      assert.deepEqual(pod.securityContext, {
        runAsNonRoot: true,
        runAsUser: 65_532,
        runAsGroup: 65_532,
        fsGroup: 65_532,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      });
      const expected = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
      for (const { securityContext } of pod.containers) assert.deepEqual(securityContext, expected);
    }
  });

  it('sets only variables that the programs know, and mounts only volumes that exist', async () => {
    const known: ReadonlySet<string> = new Set([...Object.keys(HUB_SETTINGS), ...Object.keys(SETTINGS), 'POD_INDEX']);
    for (const { spec } of (await render(EVERYTHING)).filter(isWorkload)) {
      const { containers, volumes = [] } = spec.template.spec;
      const names = ['home', ...volumes.map(({ name }) => name)];
      for (const { env, volumeMounts } of containers) {
        for (const { name } of env) assert.ok(known.has(name) || known.has(name.replace(/_FILE$/, '')), name);
        assert.deepEqual(volumeMounts.map(({ name }) => name).sort(), names.sort());
        const duplicate = env.find(({ name }, index) => env.findIndex((each) => each.name === name) !== index);
        assert.equal(duplicate, undefined);
      }
    }
  });

  it('passes settings on as text, also large numbers', async () => {
    const hub = (await render(EVERYTHING)).filter(isWorkload).find(({ metadata }) => metadata.name === 'test-hub');
    const env = hub?.spec.template.spec.containers[0]?.env ?? [];
    const value = (wanted: string) => env.find(({ name }) => name === wanted)?.value;
    assert.deepEqual(['GUARD_ADDRESS_ATTEMPTS', 'CREDENTIAL_CACHE', 'HUB_KEY_FILE', 'PUBLIC_URL'].map(value), [
      '1000000',
      'false',
      '/run/secrets/landbridge/HUB_KEY',
      'https://hub.example.com',
    ]);
  });

  const wrongValues: [string, object, RegExp][] = [
    ['a misspelt key', { hub: { ...HUB_ONLY.hub, replicaCount: 2 } }, /additional properties 'replicaCount' not allowed/],
    ['a misspelt setting', { hub: { ...HUB_ONLY.hub, settings: { LOG_LEVLE: 'debug' } } }, /invalid propertyName 'LOG_LEVLE'/],
    ['a secret as a value', { hub: { ...HUB_ONLY.hub, settings: { METRICS_TOKEN: 'x' } } }, /invalid propertyName 'METRICS_TOKEN'/],
    ['no public URL', {}, /hub\.publicUrl is required/],
    [
      'an ingress without trusted proxies',
      { hub: { ...HUB_ONLY.hub, ingress: { enabled: true, host: 'a.example' } } },
      /TRUSTED_PROXIES is required/,
    ],
    ['metrics without a token', { hub: { ...HUB_ONLY.hub, serviceMonitor: { enabled: true } } }, /METRICS_TOKEN is required/],
    ['connectors without a directory', { ...HUB_ONLY, connectors: { enabled: true, ticketSecret: 't' } }, /LDAP_URL is required/],
    [
      'connectors without tickets',
      { ...HUB_ONLY, connectors: { enabled: true, settings: { LDAP_URL: 'ldaps://dc' } } },
      /ticketSecret is required/,
    ],
  ];
  for (const [what, values, reason] of wrongValues) {
    it(`refuses ${what}`, () => {
      const { status, stderr } = helm(['template', 'test'], values);
      assert.notEqual(status, 0);
      assert.match(stderr, reason);
    });
  }

  it('the check of objects finds a misspelt, a missing and a wrongly typed field', async () => {
    const [service] = (await render(HUB_ONLY)).filter(({ kind }) => kind === 'Service');
    assert.ok(service);
    assert.match(checkKubernetesObjects([{ ...service, ...{ spec: { selectors: {} } } }]), /selectors.* does not exist/);
    assert.match(checkKubernetesObjects([{ ...service, ...{ spec: { ports: [{ name: 'hub' }] } } }]), /'port' is missing/);
    assert.match(checkKubernetesObjects([{ ...service, ...{ spec: { ports: [{ port: '4100' }] } } }]), /not assignable to type 'number'/);
  });
});

describe('the compose file', { skip: whyNotChecked() }, () => {
  it('matches the schema of compose files, which finds a misspelt key', () => {
    const { status, output } = lintCompose(COMPOSE_FILE);
    assert.equal(status, 0, output);
    const folder = mkdtempSync(join(tmpdir(), 'landbridge-compose-'));
    const wrong = join(folder, 'compose.yaml');
    writeFileSync(wrong, readFileSync(COMPOSE_FILE, 'utf8').replace('cap_drop:', 'cap_dropp:'));
    const refused = lintCompose(wrong);
    rmSync(folder, { recursive: true });
    assert.notEqual(refused.status, 0);
    assert.match(refused.output, /invalid-schema/);
  });

  it('hardens every service, uses the version of the programs, and publishes only the port of the hub, on loopback', async () => {
    interface Service {
      image: string;
      user: string;
      read_only: boolean;
      cap_drop: string[];
      security_opt: string[];
      ports?: string[];
      healthcheck: { test: string[] };
      environment: Record<string, string>;
    }
    const [compose] = await readYaml<{ services: Record<string, Service> }>(readFileSync(COMPOSE_FILE, 'utf8'));
    assert.ok(compose);
    for (const [name, service] of Object.entries(compose.services)) {
      const program = name === 'hub' ? 'hub' : 'connector';
      assert.equal(service.image, `landbridge-${program}:${versionOf(program)}`);
      assert.deepEqual(
        [service.user, service.read_only, service.cap_drop, service.security_opt],
        ['65532:65532', true, ['ALL'], ['no-new-privileges:true']],
      );
      const [port, ...morePorts] = service.ports ?? [];
      assert.deepEqual(morePorts, []);
      if (name === 'hub') assert.match(port ?? '', /^127\.0\.0\.1:/);
      else assert.equal(port, undefined);
      assert.deepEqual(service.healthcheck.test, ['CMD', `/usr/bin/landbridge-${program}`, 'health']);
      const known: object = program === 'hub' ? HUB_SETTINGS : SETTINGS;
      for (const variable of Object.keys(service.environment)) {
        assert.ok(Object.hasOwn(known, variable) || Object.hasOwn(known, variable.replace(/_FILE$/, '')), variable);
      }
    }
  });
});
