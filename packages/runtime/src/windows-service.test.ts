/** With a stand-in for the service host, which keeps its state in a file. The MSI's check under Wine runs the real one. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CodedError } from './coded-error.ts';
import type { ServiceContext } from './service-manager.ts';
import { createWindowsService } from './windows-service.ts';

describe('the service on Windows', { skip: process.platform === 'win32' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'windows-service-'));
  const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  const said: string[] = [];
  const context = (more: Partial<ServiceContext> = {}): ServiceContext => ({
    program: {
      name: 'landbridge-connector',
      title: 'Landbridge connector',
      settingsFile: 'config.json',
      reloadsOnHangUp: true,
      storedCredential: undefined,
      nodeOptions: [],
    },
    node: join(folder, 'bin', 'node.exe'),
    main: join(folder, 'lib', 'main.js'),
    home: undefined,
    say: (line) => said.push(line),
    ...more,
  });
  before(() => {
    mkdirSync(join(folder, 'bin'));
    const script = `#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >>calls
case $1 in
  install) case "$2" in *open) echo 'error: it can be changed by others' >&2; exit 1;; esac; echo 'stopped automatic' >state;;
  start) echo 'running automatic' >state;;
  remove) rm -f state;;
  status) cat state 2>/dev/null || echo 'not installed';;
esac
`;
    writeFileSync(join(folder, 'landbridge-connector-service.exe'), script, { mode: 0o755 });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is installed and started once, and removed once', () => {
    const service = createWindowsService(context());
    assert.deepEqual(service.status(), { isInstalled: false, isRunning: false, startsAtBoot: false });
    assert.equal(service.install(), true);
    assert.deepEqual(calls().slice(-2), ['install', 'start']);
    assert.deepEqual(service.status(), { isInstalled: true, isRunning: true, startsAtBoot: true });
    assert.equal(service.install(), false);
    assert.equal(service.remove(), true);
    assert.equal(service.remove(), false);
    assert.match(said.at(-1) ?? '', /There is no service landbridge-connector/);
  });

  it('gets the home that was named, and reports what the service host refuses', () => {
    createWindowsService(context({ home: 'C:\\My data' })).install();
    assert.deepEqual(calls().slice(-2), ['install C:\\My data', 'start']);
    assert.throws(
      () => createWindowsService(context({ home: 'C:\\open' })).install(),
      (error) => error instanceof CodedError && error.code === 'SERVICE_FAILED' && error.message.includes('can be changed by others'),
    );
  });

  it('needs a package that contains the service host', () => {
    const elsewhere = context({ node: join(folder, 'other', 'bin', 'node.exe') });
    assert.throws(
      () => createWindowsService(elsewhere),
      (error) => error instanceof CodedError && error.code === 'SERVICE_UNSUPPORTED',
    );
  });
});
