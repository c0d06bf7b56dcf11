import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { openOfferedPackages } from './offered-packages.ts';
import { packageRoutes } from './routes.ts';

const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
const DEB = 'landbridge-connector_0.2.0-1_amd64.deb';
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

function folderWith(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-packages-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  writeFileSync(
    join(folder, 'SHA256SUMS'),
    Object.entries(files)
      .map(([name, content]) => `${sha256(content)}  ${name}\n`)
      .join(''),
  );
  return folder;
}

test('the hub serves listed packages and their signature, and nothing else in the folder', async (t) => {
  const folder = folderWith(t, { [DEB]: 'package', 'landbridge-connector-0.2.0-linux-x64.tar.gz': 'archive' });
  writeFileSync(join(folder, 'SHA256SUMS.minisig'), 'signature');
  writeFileSync(join(folder, 'private.key'), 'secret');
  unlinkSync(join(folder, 'landbridge-connector-0.2.0-linux-x64.tar.gz'));
  symlinkSync(join(folder, 'private.key'), join(folder, 'landbridge-connector-0.2.0-linux-x64.tar.gz'));
  const { hub } = await startHubForTest(t, { PACKAGES_DIR: folder });
  const get = async (path: string) => {
    const response = await fetch(`${hub.url}/packages/${path}`);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await get(DEB), [200, 'package']);
  assert.deepEqual(await get('SHA256SUMS.minisig'), [200, 'signature']);
  assert.match(String((await get('SHA256SUMS'))[1]), new RegExp(`  ${DEB}\n`));
  assert.deepEqual(await get('landbridge-connector-0.2.0-linux-x64.tar.gz').then(([status]) => status), 404, 'a link is not followed');
  for (const path of ['private.key', 'SHA256SUMS.asc', '', '..%2Fprivate.key', '%2e%2e%2fSHA256SUMS', `${DEB}%00`, 'constructor'])
    assert.equal((await get(path))[0], 404, path);
  // fetch() would resolve the dots itself.
  const port = Number(new URL(hub.url).port);
  const socket = connectTcp(port, '127.0.0.1');
  socket.write('GET /packages/../packages/../../private.key HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(await text(socket), /^HTTP\/1\.1 404 /);
});

test('a hub without packages has no downloads', async (t) => {
  const { hub } = await startHubForTest(t);
  assert.equal((await fetch(`${hub.url}/packages/SHA256SUMS`)).status, 404);
});

test('downloads beyond the limit are refused, and ended ones make room', async (t) => {
  const folder = folderWith(t, { [DEB]: 'x'.repeat(8 * 1024 * 1024) });
  const routes = packageRoutes(await openOfferedPackages({ PACKAGES_DIR: folder, PACKAGES_URL: undefined }, log), { maxDownloads: 1 });
  const first = await routes.request(`/${DEB}`);
  assert.equal((await routes.request(`/${DEB}`)).status, 503);
  await first.body?.cancel();
  await t.waitFor(async () => {
    const again = await routes.request(`/${DEB}`);
    assert.equal(again.status, 200);
    await again.body?.cancel();
  });
});

test('a newer list is noticed, and a broken one leaves the last in use', async (t) => {
  const folder = folderWith(t, { [DEB]: 'package' });
  const offered = await openOfferedPackages({ PACKAGES_DIR: folder, PACKAGES_URL: undefined }, log, { lookMs: 0 });
  const newest: string[] = [];
  offered.onNewest((version) => newest.push(version));
  assert.equal(offered.newestConnector(), '0.2.0');
  writeFileSync(join(folder, 'SHA256SUMS'), `${'a'.repeat(64)}  landbridge-connector_0.3.0-1_amd64.deb\n`);
  await offered.look();
  await offered.look();
  assert.deepEqual([offered.newestConnector(), newest], ['0.3.0', ['0.3.0']]);
  for (const broken of ['not a list\n', `${'a'.repeat(64)}  ../hub.key\n`, 'x'.repeat(70_000)]) {
    writeFileSync(join(folder, 'SHA256SUMS'), broken);
    await offered.look();
    assert.equal(offered.newestConnector(), '0.3.0');
    assert.equal(offered.locate('../hub.key'), undefined);
  }
});

test('packages elsewhere: the hub reads the list, and redirects downloads of listed files', async (t) => {
  const listed = `${'a'.repeat(64)}  ${DEB}\n`;
  const elsewhere = createServer((_request, response) => response.end(listed)).listen(0, '127.0.0.1');
  t.after(() => elsewhere.close());
  await new Promise((resolve) => elsewhere.once('listening', resolve));
  const address = elsewhere.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/releases`;
  const { hub } = await startHubForTest(t, { PACKAGES_URL: url });
  const found = await fetch(`${hub.url}/packages/${DEB}`, { redirect: 'manual' });
  assert.deepEqual([found.status, found.headers.get('location')], [302, `${url}/${DEB}`]);
  assert.equal((await fetch(`${hub.url}/packages/other`, { redirect: 'manual' })).status, 404);
});
