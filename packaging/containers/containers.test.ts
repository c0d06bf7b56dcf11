import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, globSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { until } from '../../e2e/programs.ts';
import { findNodeRuntime } from '../node-runtime.ts';
import { makeProgramFolder, type ProgramFolder } from '../program-folder.ts';
import { DEBIAN_ARCHITECTURES, isTarget, PROGRAMS, type Program, packageNameOf } from '../targets.ts';
import { ACCOUNT, makeImageArchive } from './image.ts';
import { type RunningImage, runImage, type UnpackedImage, unpackImage, whyNotRun } from './run-image.ts';

const EPOCH = 1_790_000_000;
const target = `${process.platform}-${process.arch}`;

describe('container images', { skip: whyNotRun(), timeout: 170_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'landbridge-containers-'));
  const folders = new Map<Program, ProgramFolder>();
  const images = new Map<Program, UnpackedImage>();
  const running = new Map<Program, RunningImage>();
  let slapd: Slapd;
  let hubPort = 0;
  let healthPort = 0;
  let apiKey = '';
  let ticket = '';

  before(async () => {
    if (!isTarget(target)) throw new Error(`no packages for ${target}`);
    const node = findNodeRuntime(target, { archive: undefined, allowOutdated: false });
    for (const program of PROGRAMS) {
      const folder = await makeProgramFolder(join(work, packageNameOf(program)), { program, target, node, epoch: EPOCH });
      folders.set(program, folder);
      const { archive } = build(program, 'first');
      images.set(program, unpackImage(archive, join(work, `unpacked-${program}`), DEBIAN_ARCHITECTURES[target] ?? ''));
    }
    if (whyNoSlapd()) return;
    slapd = await startSlapd();
    [hubPort, healthPort] = [await freePort(), await freePort()];
  });
  after(async () => {
    await Promise.all([...running.values()].map((each) => each.stop()));
    await slapd?.[Symbol.asyncDispose]();
    rmSync(work, { recursive: true, force: true });
  });

  function build(program: Program, name: string) {
    const folder = folders.get(program);
    assert.ok(folder);
    const output = join(work, name);
    return makeImageArchive([folder], { output, epoch: EPOCH, compression: 'fast' });
  }
  function imageOf(program: Program): UnpackedImage {
    const image = images.get(program);
    assert.ok(image);
    return image;
  }
  async function start(program: Program): Promise<RunningImage> {
    const home = join(work, `home-${program}`);
    const container = await runImage(imageOf(program), program === 'hub' ? { home, ...hubOptions() } : { home, ...connectorOptions() });
    running.set(program, container);
    const [, ...healthCheck] = imageOf(program).config.Healthcheck.Test;
    await until(`the ${program} is ready`, async () => container.exec(healthCheck).status === 0).catch((error: unknown) => {
      throw new Error(container.log(), { cause: error });
    });
    return container;
  }
  const hubOptions = () => ({ environment: { PORT: String(hubPort) }, files: {} });
  const connectorOptions = () => ({
    environment: {
      OVERRIDE_CONFIG: 'false',
      HEALTH_PORT: String(healthPort),
      PROVISIONING_TICKET_FILE: '/run/secrets/ticket',
      LDAP_URL: slapd.ldapsUrl,
      LDAP_BASE: slapd.baseDn,
      LDAP_BIND_USER: slapd.serviceAccount.dn,
      LDAP_BIND_PASSWORD_FILE: '/run/secrets/bind-password',
      SSL_CA_FILE: '/run/secrets/ca.pem',
    },
    files: {
      '/run/secrets/ticket': `${ticket}\n`,
      '/run/secrets/bind-password': slapd.serviceAccount.password,
      '/run/secrets/ca.pem': slapd.ca,
    },
  });
  async function signIn(): Promise<number> {
    const [alice] = slapd.users.ordinary;
    const response = await fetch(`http://127.0.0.1:${hubPort}/api/connections/corp/login`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ username: alice?.uid, password: alice?.password }),
    });
    return response.status;
  }

  for (const program of PROGRAMS) {
    it(`two builds of the ${program} have the same digest`, () => {
      const [first, second] = [join(work, 'first', fileOf(program)), build(program, 'second').archive];
      assert.equal(sha256(second), sha256(first));
      rmSync(second);
    });

    it(`the ${program}'s image has no shell, no set-user-ID program, and says what it contains`, () => {
      const { root } = imageOf(program);
      const name = packageNameOf(program);
      assert.deepEqual(globSync('{bin,sbin,usr/bin,usr/sbin}/*', { cwd: root }).sort(), [`usr/bin/${name}`, 'usr/bin/node']);
      const special = globSync('**/*', { cwd: root }).filter((path) => (lstatSync(join(root, path)).mode & 0o6000) !== 0);
      assert.deepEqual(special, []);
      const bill = readFileSync(join(root, 'usr/share/doc', name, `${name}.cdx.json`), 'utf8');
      assert.match(bill, /"purl": "pkg:deb\/debian\/libc6@[^"]+\?arch=\w+&distro=debian-13"/);
      assert.match(readFileSync(join(root, 'var/lib/dpkg/status.d/libc6'), 'utf8'), /^Version: 2\.\d+/m);
      for (const path of ['usr/share/doc/libc6/copyright', `usr/share/doc/${name}/THIRD-PARTY-LICENCES`])
        assert.ok(existsSync(join(root, path)), path);
      assert.equal(statSync(join(root, 'var/lib', name)).uid, ACCOUNT);
    });
  }

  describe('that run read-only and unprivileged', { skip: whyNoSlapd() }, () => {
    it('sign a user in, with secrets from files', async () => {
      const hub = await start('hub');
      const created = hub.exec(['/usr/bin/landbridge-hub', 'key', 'create', 'test', '--scope', 'sign-in']);
      apiKey = created.stdout.trim();
      assert.equal(created.status, 0, created.stderr);
      ticket = hub.exec(['/usr/bin/landbridge-hub', 'connection', 'create', 'corp']).stdout.trim();
      await start('connector');
      assert.equal(await signIn(), 200);
    });

    for (const program of PROGRAMS) {
      it(`the ${program} has no capabilities, cannot get any, and cannot write outside its home`, () => {
        const container = running.get(program);
        assert.ok(container);
        const status = readFileSync(`/proc/${container.pid}/status`, 'utf8');
        for (const line of [
          `Uid:\t${ACCOUNT}`,
          `Gid:\t${ACCOUNT}`,
          'NoNewPrivs:\t1',
          'CapPrm:\t0000000000000000',
          'CapEff:\t0000000000000000',
        ])
          assert.ok(status.includes(`\n${line}`), `${line} is not in ${status}`);
        assert.match(status, /^NSpid:.*\t1$/m);
        const write = (path: string) => container.exec(['/usr/bin/node', '-e', `fs.writeFileSync(${JSON.stringify(path)}, '')`]).stderr;
        assert.match(write('/tmp/x'), /EROFS/);
        assert.equal(write(`/var/lib/landbridge-${program}/x`), '');
      });
    }

    it('leave no zombies, stop on SIGTERM with exit code 0, and continue with the same volumes', async () => {
      for (const container of running.values()) {
        const children = readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8').trim();
        assert.equal(children, '');
      }
      for (const [program, container] of running) {
        assert.equal(await container.stop(), 0, container.log());
        assert.ok(!container.log().includes(slapd.serviceAccount.password), program);
        running.delete(program);
      }
      for (const program of ['hub', 'connector'] as const) await start(program);
      assert.equal(await signIn(), 200);
    });
  });

  function fileOf(program: Program): string {
    const folder = folders.get(program);
    assert.ok(folder);
    return `${packageNameOf(program)}-${folder.version}.oci.tar`;
  }
});

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
