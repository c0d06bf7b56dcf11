/** launchd cannot run here: scripts named `launchctl` and `id` stand in for it and record their calls. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createLaunchdService } from './launchd-service.ts';
import type { ServiceProgram } from './service-program.ts';

const PROGRAM: ServiceProgram = {
  name: 'landbridge-test',
  title: 'Landbridge test',
  settingsFile: 'test.json',
  reloadsOnHangUp: false,
  storedCredential: undefined,
  nodeOptions: ['--disable-warning=ExperimentalWarning'],
};
const HOME = '/Library/Application Support/landbridge-test';
const PATH = process.env.PATH;

describe('the launchd service', () => {
  let root: string;
  let said: string[];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'landbridge-launchd-'));
    said = [];
    mkdirSync(join(root, HOME), { recursive: true });
    const tool = (name: string, script: string) => writeFileSync(join(root, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    tool(
      'launchctl',
      `echo "$*" >>'${root}/calls'
case $1 in
  bootstrap) touch '${root}/loaded' ;;
  bootout) rm '${root}/loaded' ;;
  print) [ -e '${root}/loaded' ] && echo 'state = running' ;;
esac`,
    );
    tool('id', `[ "$2" = _landbridge-test ] && [ ! -e '${root}/no-account' ]`);
    process.env.PATH = `${root}${delimiter}${PATH}`;
  });
  afterEach(() => {
    process.env.PATH = PATH;
    rmSync(root, { recursive: true });
  });

  const service = (options: { main?: string; home?: string } = {}) =>
    createLaunchdService({
      program: PROGRAM,
      node: '/opt/landbridge-test/bin/node',
      main: options.main ?? '/opt/landbridge-test/lib/main.js',
      home: options.home,
      say: (line) => said.push(line),
      root,
    });
  const plist = () => join(root, 'Library/LaunchDaemons/landbridge-test.plist');
  const changes = () =>
    readFileSync(join(root, 'calls'), 'utf8')
      .split('\n')
      .filter((call) => call !== '' && !call.startsWith('print'));

  it('is installed once, and then unchanged', () => {
    assert.equal(service().install(), true);
    assert.deepEqual(changes(), ['enable system/landbridge-test', `bootstrap system ${plist()}`]);
    assert.deepEqual(service().status(), { isInstalled: true, isRunning: true, startsAtBoot: true });
    assert.equal(service().install(), false);
    assert.equal(changes().length, 2);
  });

  it('is loaded again if its property list changes', () => {
    service().install();
    assert.equal(service({ main: '/opt/a&b/main.js' }).install(), true);
    assert.match(readFileSync(plist(), 'utf8'), /<string>\/opt\/a&amp;b\/main\.js<\/string>/);
    assert.deepEqual(changes().slice(2), [
      'bootout system/landbridge-test',
      'enable system/landbridge-test',
      `bootstrap system ${plist()}`,
    ]);
  });

  it('runs as its own account, restarts after a failure, and stops within 30 seconds', () => {
    service().install();
    const text = readFileSync(plist(), 'utf8');
    for (const [key, value] of [
      ['UserName', '<string>_landbridge-test</string>'],
      ['WorkingDirectory', `<string>${HOME}</string>`],
      ['RunAtLoad', '<true/>'],
      ['ExitTimeOut', '<integer>30</integer>'],
      ['Umask', '<integer>63</integer>'],
    ] as const)
      assert.ok(text.includes(`<key>${key}</key>\n  ${value}\n`), key);
    assert.match(text, /<key>KeepAlive<\/key>\s*<dict>\s*<key>SuccessfulExit<\/key>\s*<false\/>/);
    const [, command = ''] = /<array>(.*)<\/array>/s.exec(text) ?? [];
    assert.deepEqual(
      [...command.matchAll(/<string>(.*)<\/string>/g)].map(([, argument]) => argument),
      ['/opt/landbridge-test/bin/node', '--disable-warning=ExperimentalWarning', '/opt/landbridge-test/lib/main.js', 'run', '--home', HOME],
    );
  });

  it('is removed without a trace in launchd, and data stay', () => {
    service().install();
    assert.equal(service().remove(), true);
    assert.ok(!existsSync(plist()));
    assert.equal(changes().at(-1), 'bootout system/landbridge-test');
    assert.ok(existsSync(join(root, HOME)));
    assert.ok(said.some((line) => line.includes(HOME)));
    assert.equal(service().remove(), false);
    assert.deepEqual(service().status(), { isInstalled: false, isRunning: false, startsAtBoot: false });
  });

  it('is not installed without its account', () => {
    writeFileSync(join(root, 'no-account'), '');
    assert.throws(() => service().install(), { code: 'SERVICE_ACCOUNT_MISSING' });
    assert.ok(!existsSync(plist()));
  });

  it('never replaces or deletes a property list that somebody else wrote', () => {
    mkdirSync(join(root, 'Library/LaunchDaemons'), { recursive: true });
    writeFileSync(plist(), '<plist/>');
    assert.throws(() => service().install(), { code: 'SERVICE_NOT_OURS' });
    assert.throws(() => service().remove(), { code: 'SERVICE_NOT_OURS' });
    assert.equal(readFileSync(plist(), 'utf8'), '<plist/>');
  });
});
