import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { examinePage, launchChromium, whyNoChromium } from '@landbridge/lab';
import { packagesAmong, parseSums } from '@landbridge/protocol';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { installLines } from './install-lines.ts';

const NAMES = [
  'landbridge-connector_0.2.0-1_amd64.deb',
  'landbridge-connector_0.2.0-1_arm64.deb',
  'landbridge-connector-0.2.0-1.x86_64.rpm',
  'landbridge-connector-0.2.0-linux-x64.tar.gz',
  'landbridge-connector-0.2.0-darwin-arm64.tar.gz',
  'landbridge-connector-0.2.0-win-x64.msi',
  'landbridge-connector-0.2.0.oci.tar',
  'landbridge-connector-0.1.0-darwin-x64.tar.gz',
  'landbridge-hub_0.2.0-1_amd64.deb',
];
const SUMS = NAMES.map((name) => `${'a'.repeat(64)}  ${name}\n`).join('');
const TICKET = 'https://hub.example/p/ad/ticket.secret';

test('each system has one line, which passes the ticket neither in an argument nor in the address of a download', () => {
  const lines = installLines(packagesAmong(parseSums(SUMS) ?? []), 'https://hub.example', TICKET);
  assert.deepEqual(
    lines.map(({ label }) => label),
    ['Debian, Ubuntu', 'Red Hat and other systems with rpm', 'Other Linux (Intel/AMD)', 'macOS (ARM)', 'Windows (PowerShell)', 'Container'],
  );
  for (const { value } of lines) {
    assert.ok(!value.includes('\n'));
    assert.match(value, /https:\/\/hub\.example\/packages\/landbridge-connector/);
    // In a variable of the environment.
    assert.match(value, /PROVISIONING_TICKET='https:\/\/hub\.example\/p\/ad\/ticket\.secret'[ ;]/);
    assert.equal(value.split(TICKET).length, 2);
  }
  assert.match(lines[0]?.value ?? '', /landbridge-connector_0\.2\.0-1_\$\(dpkg --print-architecture\)\.deb/);
});

test('the dashboard offers downloads and lines to paste with a fresh ticket', { skip: whyNoChromium() }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-packages-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'SHA256SUMS'), SUMS);
  const { hub, store, createConnection } = await startHubForTest(t, { PACKAGES_DIR: folder });
  await createConnection('corp');
  const { cookie } = await signedInBrowser(store, 'anna', { role: 'owner' });
  const chromium = await launchChromium();
  t.after(() => chromium.close());
  const context = await chromium.newContext();
  const [name = '', value = ''] = cookie.split('=');
  await context.addCookies([{ name, value, url: hub.url }]);
  const page = await context.newPage();
  await page.goto(`${hub.url}/dashboard/connections/corp/ticket`);
  await page.getByText('Packages of the connector').click();
  await page.getByRole('link', { name: 'landbridge-connector_0.2.0-1_amd64.deb' }).waitFor();
  assert.equal(await page.getByText('landbridge-hub_').count(), 0);
  await examinePage(page, 'add-connector');
  await page.getByRole('button', { name: 'Issue a ticket' }).click();
  const line = (await page.getByRole('region', { name: 'Debian, Ubuntu' }).textContent()) ?? '';
  const ticket = (await page.getByRole('region', { name: 'Ticket only' }).textContent()) ?? '';
  assert.ok(ticket.startsWith('http') && line.includes(`PROVISIONING_TICKET='${ticket}' landbridge-connector setup`), line);
  await examinePage(page, 'add-connector-lines');
});
