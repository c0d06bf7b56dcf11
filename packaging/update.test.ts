/** `landbridge-connector update`, with signed archives, a hub that offers them, and a service that restarts. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Slapd, spawnBound, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, type HubProgram, startHub, until } from '../e2e/programs.ts';
import { isInPath } from '../tools/in-path.ts';
import { makeTarball } from './archive.ts';
import { findNodeRuntime } from './node-runtime.ts';
import { makeProgramFolder } from './program-folder.ts';
import { runTool } from './run-tool.ts';
import { pinPublicKey, signSums, writeSums } from './sums.ts';
import { isTarget } from './targets.ts';

const target = `${process.platform}-${process.arch}`;
const skip = whyNoSlapd() || (isInPath('minisign') ? false : 'no minisign') || (process.platform === 'linux' ? false : 'not on Linux');
const work = mkdtempSync(join(tmpdir(), 'landbridge-update-'));
const packages = join(work, 'packages');
const installed = join(work, 'opt', 'landbridge-connector');
const home = join(work, 'home');
const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent' };
const FROM_NEWER_VERSION = { SETTING_OF_A_NEWER_VERSION: { values: [1, 'two'] } };
let slapd: Slapd;
let hub: HubProgram;
let service: ReturnType<typeof spawn>;
let version = '';

const key = (name: string) => join(work, `${name}.key`);
const running = () => JSON.parse(readFileSync(join(home, 'running.json'), 'utf8'));
const isOnline = (expected: string) => running().online && running().version === expected;

/** A release: the same program with another version number. @param spoil what is wrong with it */
function release(of: string, spoil: (lib: string) => void = () => {}): void {
  const folder = join(work, of, 'landbridge-connector');
  cpSync(join(work, 'made', 'landbridge-connector'), folder, { recursive: true });
  const lib = join(folder, 'lib');
  for (const file of readdirSync(lib).filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(join(lib, file), 'utf8');
    writeFileSync(join(lib, file), text.replaceAll(`version: "${version}"`, `version: "${of}"`));
  }
  spoil(lib);
  makeTarball(folder, join(packages, `landbridge-connector-${of}-${target}.tar.gz`), 1_790_000_000);
}

/** Signs what is in the folder, and nothing that was there before. */
function publish(signer: string): void {
  for (const name of readdirSync(packages)) if (name.startsWith('SHA256SUMS')) rmSync(join(packages, name));
  writeSums(packages);
  signSums(packages, { minisignKey: key(signer), gpgKey: undefined });
}

function update(...args: string[]) {
  // A version that does not start has no process, and the loop below starts the one before by itself.
  const restart = `kill -TERM ${running().pid} 2>/dev/null || true`;
  const command = [join(installed, 'landbridge-connector'), 'update', '--home', home, '--restart', restart, ...args];
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    const child = spawn(command[0] ?? '', command.slice(1), { env, cwd: work });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
    child.on('close', (code) => resolve({ code, output }));
  });
}

describe('updates of an archive', { skip, concurrency: 1 }, () => {
  before(async () => {
    assert.ok(isTarget(target));
    for (const name of ['publisher', 'stranger']) runTool('minisign', ['-G', '-W', '-p', join(work, `${name}.pub`), '-s', key(name)]);
    mkdirSync(packages);
    const node = { ...findNodeRuntime(target, { archive: undefined, allowOutdated: false }), program: join(work, 'node') };
    writeFileSync(node.program, `#!/bin/sh\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    const made = await makeProgramFolder(join(work, 'made', 'landbridge-connector'), {
      program: 'connector',
      target,
      node,
      epoch: 1_790_000_000,
    });
    version = made.version;
    pinPublicKey(made.folder, key('publisher'));
    cpSync(made.folder, installed, { recursive: true });
    [slapd, hub] = await Promise.all([startSlapd(), startHub({ PACKAGES_DIR: packages })]);
    mkdirSync(home, { mode: 0o700 });
    const config = { ...directoryConfig(slapd, 'plain'), PROVISIONING_TICKET: await hub.createConnection('corp'), CONSOLE_ENABLED: false };
    writeFileSync(join(home, 'config.json'), JSON.stringify({ ...config, ...FROM_NEWER_VERSION }), { mode: 0o600 });
    // A service manager that restarts the program whenever it ends.
    const loop = `trap 'kill $child; exit' TERM; while :; do "${installed}/landbridge-connector" run --home "${home}" & child=$!; wait $child; sleep 0.2; done`;
    service = spawnBound('/bin/sh', ['-c', loop], { env, stdio: 'ignore' });
    await hub.untilConnectors('corp', 1);
    await until('the connector is online', async () => isOnline(version));
  });
  after(async () => {
    service?.kill('SIGTERM');
    for (const part of [hub, slapd]) await part?.[Symbol.asyncDispose]();
    rmSync(work, { recursive: true, force: true });
  });

  async function refused(code: RegExp, ...args: string[]): Promise<void> {
    const { pid } = running();
    const { code: exitCode, output } = await update(...args);
    assert.equal(exitCode, 1, output);
    assert.match(output, code);
    assert.equal(running().pid, pid, 'the connector was not restarted');
  }

  it('refuse packages without a signature, signed by a stranger, or changed after they were signed', async () => {
    release('9.0.0');
    writeSums(packages);
    await refused(/SHA256SUMS\.minisig cannot be read/, '--from', packages);
    publish('stranger');
    await refused(/is not signed with the key/, '--from', packages);
    publish('publisher');
    const sums = readFileSync(join(packages, 'SHA256SUMS'), 'utf8');
    writeFileSync(join(packages, 'SHA256SUMS'), sums.replaceAll('9.0.0', '9.0.1'));
    await refused(/is not signed with the key/, '--from', packages);
    writeFileSync(join(packages, 'SHA256SUMS'), sums);
    writeFileSync(join(packages, `landbridge-connector-9.0.0-${target}.tar.gz`), 'something else');
    await refused(/does not have the SHA-256 sum/, '--from', packages);
  });

  it('refuse another document that the publisher signed, and a key that the service could have written', async () => {
    runTool('minisign', ['-S', '-W', '-s', key('publisher'), '-m', join(packages, 'SHA256SUMS'), '-t', 'another document']);
    await refused(/is not signed with the key/, '--from', packages);
    publish('stranger');
    const config = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
    const stranger = readFileSync(join(work, 'stranger.pub'), 'utf8').split('\n')[1];
    writeFileSync(join(home, 'config.json'), JSON.stringify({ ...config, UPDATE_PUBLIC_KEY: stranger }), { mode: 0o600 });
    await refused(/is not signed with the key/, '--from', packages);
    writeFileSync(join(home, 'config.json'), JSON.stringify(config), { mode: 0o600 });
  });

  it('refuse a replayed older release', async () => {
    rmSync(packages, { recursive: true });
    mkdirSync(packages);
    release('0.0.1');
    publish('publisher');
    await refused(/0\.0\.1 is not newer than the installed/, '--from', packages);
  });

  it('go back by themselves if the new version does not start', async () => {
    rmSync(packages, { recursive: true });
    mkdirSync(packages);
    release('7.0.0', (lib) => writeFileSync(join(lib, 'main.js'), 'process.exit(3);\n'));
    publish('publisher');
    const { code, output } = await update('--from', packages, '--trial-seconds', '5');
    assert.equal(code, 1, output);
    assert.match(output, /Version 7\.0\.0 was rolled back: it was not online within 5 s/);
    await until('the old version is online', async () => isOnline(version));
    assert.equal(realpathSync(installed), `${installed}-${version}`);
  });

  it('install from the hub, keep the version before, and sign users in', async () => {
    rmSync(packages, { recursive: true });
    mkdirSync(packages);
    release('8.0.0');
    publish('publisher');
    await hub.stop();
    hub.start();
    await hub.untilConnectors('corp', 1);
    await until('the connector is online', async () => isOnline(version));
    await until('the log names the newer version', async () =>
      readFileSync(join(home, 'logs', 'connector.log'), 'utf8').includes('The hub offers a newer version'),
    );
    const { code, output } = await update();
    assert.equal(code, 0, output);
    assert.match(output, /Version 8\.0\.0 is online/);
    assert.ok(lstatSync(installed).isSymbolicLink());
    assert.deepEqual(
      readdirSync(join(work, 'opt')).filter((name) => /\d$/.test(name)),
      [`landbridge-connector-${version}`, 'landbridge-connector-8.0.0'],
    );
    const [alice] = slapd.users.ordinary;
    assert.ok(alice);
    assert.equal((await hub.login('corp', alice.uid, alice.password)).status, 200);
    assert.equal(spawnSync(join(installed, 'landbridge-connector'), ['--version'], { env, encoding: 'utf8' }).stdout.trim(), '8.0.0');
  });

  it('keep settings that the version does not know, in a config.json that the program has written', () => {
    const config = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
    assert.ok(config.HUB_IDENTITY, 'the enrolment saved the identity of the hub');
    assert.deepEqual(config.SETTING_OF_A_NEWER_VERSION, FROM_NEWER_VERSION.SETTING_OF_A_NEWER_VERSION);
  });
});
