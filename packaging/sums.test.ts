import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { runTool } from './run-tool.ts';
import { signSums, writeSums } from './sums.ts';

const work = mkdtempSync(join(tmpdir(), 'landbridge-sums-'));
const output = join(work, 'packages');
const sums = join(output, 'SHA256SUMS');
const without = (program: string) => (existsSync(`/usr/bin/${program}`) ? false : `no ${program}`);
const succeeds = (program: string, args: string[], env?: NodeJS.ProcessEnv) => spawnSync(program, args, { cwd: output, env }).status === 0;

beforeEach(() => {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output);
  writeFileSync(join(output, 'one.deb'), 'one');
  writeFileSync(join(output, 'two.rpm'), 'two');
  writeSums(output);
});
after(() => rmSync(work, { recursive: true, force: true }));

describe('SHA256SUMS', () => {
  it('lets sha256sum find a changed package', () => {
    assert.ok(succeeds('sha256sum', ['--check', 'SHA256SUMS']));
    appendFileSync(join(output, 'two.rpm'), '!');
    assert.ok(!succeeds('sha256sum', ['--check', 'SHA256SUMS']));
  });

  it('signed by minisign, is accepted with the public key until it changes', { skip: without('minisign') }, () => {
    const [secret, pub] = [join(work, 'minisign.key'), join(work, 'minisign.pub')];
    runTool('minisign', ['-G', '-f', '-W', '-s', secret, '-p', pub]);
    signSums(output, { minisignKey: secret, gpgKey: undefined });
    assert.ok(succeeds('minisign', ['-V', '-p', pub, '-m', 'SHA256SUMS']));
    appendFileSync(sums, 'another line\n');
    assert.ok(!succeeds('minisign', ['-V', '-p', pub, '-m', 'SHA256SUMS']));
  });

  it('signed by GnuPG, is accepted with the public key until it changes', { skip: without('gpg') }, (t) => {
    const home = join(work, 'gnupg');
    mkdirSync(home, { mode: 0o700 });
    const before = process.env.GNUPGHOME;
    process.env.GNUPGHOME = home;
    t.after(() => {
      spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
      if (before === undefined) delete process.env.GNUPGHOME;
      else process.env.GNUPGHOME = before;
    });
    runTool('gpg', ['--batch', '--passphrase', '', '--quick-generate-key', 'packages@landbridge.invalid', 'ed25519', 'sign']);
    signSums(output, { minisignKey: undefined, gpgKey: 'packages@landbridge.invalid' });
    assert.ok(succeeds('gpg', ['--batch', '--verify', 'SHA256SUMS.asc', 'SHA256SUMS']));
    appendFileSync(sums, 'another line\n');
    assert.ok(!succeeds('gpg', ['--batch', '--verify', 'SHA256SUMS.asc', 'SHA256SUMS']));
  });

  it('without a key is reported as unsigned', (t) => {
    const warn = t.mock.method(console, 'warn', () => undefined);
    signSums(output, { minisignKey: undefined, gpgKey: undefined });
    assert.match(String(warn.mock.calls[0]?.arguments[0]), /not signed/);
    assert.deepEqual([existsSync(`${sums}.minisig`), existsSync(`${sums}.asc`)], [false, false]);
  });
});
