/** The alert rules, the Grafana dashboard and the documented metrics agree with the hub. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { z } from 'zod';
import { startHubForTest } from '../../test/hub-under-test.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const ALERTS = 'docs/monitoring/prometheus-alerts.yml';
const METRIC = /\b(?:landbridge_hub|process|nodejs)_[a-z_]+/g;
/** Only served with HTTPS and with copies of the audit log; the hub in this test has neither. */
const OPTIONAL = ['landbridge_hub_certificate_expires_timestamp_seconds'];
const Dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).min(1) })).min(1),
});

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
/** Without the comments and texts for readers. */
const expressionsOfAlerts = () => [...read(ALERTS).matchAll(/^ +expr: (.+)$/gm)].map(([, expression = '']) => expression);
const panels = () => Dashboard.parse(JSON.parse(read('docs/monitoring/grafana-dashboard.json'))).panels;
const expressionsOfDashboard = () => panels().flatMap(({ targets }) => targets.map(({ expr }) => expr));
/** A histogram's series are named after it. */
const family = (name: string) => name.replace(/_(?:bucket|sum|count)$/, '');

test('the hub has every metric that alert rules and dashboard use, and documents every one of its own', async (t) => {
  const { hub } = await startHubForTest(t);
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  const served = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name));
  assert.ok(served.size > 10);
  const used = [...expressionsOfAlerts(), ...expressionsOfDashboard()].flatMap((expression) => expression.match(METRIC) ?? []);
  assert.ok(used.length > 20);
  assert.deepEqual(
    [...new Set(used.map(family))].filter((name) => !served.has(name) && !OPTIONAL.includes(name)),
    [],
  );

  const documented = read('docs/monitoring.md');
  // Related metrics share a row, in which `…` stands for their common beginning.
  const isDocumented = (name: string) =>
    documented.includes(`\`${name}\``) || [...documented.matchAll(/`…(_\w+)`/g)].some(([, end = '']) => name.endsWith(end));
  assert.deepEqual(
    [...served].filter((name) => name.startsWith('landbridge_') && !isDocumented(name)),
    [],
  );
});

describe('Prometheus', { skip: existsSync('/usr/bin/promtool') ? false : 'promtool is not installed' }, () => {
  const promtool = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', cwd: ROOT });
    assert.equal(status, 0, `${stdout}${stderr}`);
  };

  it('accepts the alert rules', () => promtool('check', 'rules', ALERTS));

  it('raises the alerts as their tests say', () => promtool('test', 'rules', 'packages/hub/test/prometheus-alerts.test.yml'));

  it('can read every expression of the Grafana dashboard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'landbridge-monitoring-'));
    try {
      // Grafana replaces its variables before it asks Prometheus. JSON is YAML.
      const rules = expressionsOfDashboard().map((expression, index) => ({
        record: `panel:${index}`,
        expr: expression.replaceAll('$__rate_interval', '5m').replaceAll('$connection', '.*'),
      }));
      const file = join(folder, 'rules.yml');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
      promtool('check', 'rules', file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
