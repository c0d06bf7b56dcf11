/** Part of `npm run test:packages`: the container images under podman, as docs/install-containers.md runs them. Needs root, podman and slapd. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort, type Slapd, startSlapd } from '@landbridge/lab';
import { until } from '../../e2e/programs.ts';
import { isInPath } from '../../tools/in-path.ts';
import { findNodeRuntime } from '../node-runtime.ts';
import { makeProgramFolder } from '../program-folder.ts';
import { isTarget, PROGRAMS, type Program, packageNameOf, versionOf } from '../targets.ts';
import { ACCOUNT, makeImageArchive } from './image.ts';

const EPOCH = 1_790_000_000;
/** podman's own cgroups need a machine with either version of them; with both, it gets a view without the second one. */
const PODMAN = existsSync('/sys/fs/cgroup/unified')
  ? ['unshare', '--mount', 'sh', '-c', 'umount /sys/fs/cgroup/unified /sys/fs/cgroup/systemd 2>/dev/null; exec podman "$@"', 'podman']
  : ['podman'];
const whyNot = process.getuid?.() === 0 && isInPath('podman') && isInPath('slapd') ? false : 'needs root, podman and slapd';

describe('container images under podman', { skip: whyNot, concurrency: 1, timeout: 600_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'landbridge-podman-'));
  const volumeOf = (program: Program) => `landbridge-check-${process.pid}-${program}`;
  const running = new Map<Program, ChildProcess>();
  let slapd: Slapd;
  let hubPort = 0;
  let healthPort = 0;
  let apiKey = '';

  function podman(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    const [program = '', ...before] = PODMAN;
    return spawnSync(program, [...before, ...args], { encoding: 'utf8' });
  }
  function ok(...args: string[]): string {
    const { status, stdout, stderr } = podman(...args);
    assert.equal(status, 0, `podman ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout.trim();
  }
  const imageOf = (program: Program) => `docker.io/library/${packageNameOf(program)}:${versionOf(program)}`;
  const inside = (program: Program, ...args: string[]) => podman('exec', volumeOf(program), `/usr/bin/${packageNameOf(program)}`, ...args);

  async function start(program: Program): Promise<void> {
    const settings =
      program === 'hub'
        ? { PORT: hubPort }
        : {
            OVERRIDE_CONFIG: 'false',
            HEALTH_PORT: healthPort,
            PROVISIONING_TICKET_FILE: '/run/secrets/landbridge/ticket',
            LDAP_URL: slapd.ldapsUrl,
            LDAP_BASE: slapd.baseDn,
            LDAP_BIND_USER: slapd.serviceAccount.dn,
            LDAP_BIND_PASSWORD_FILE: '/run/secrets/landbridge/bind-password',
            SSL_CA_FILE: '/run/secrets/landbridge/directory-ca',
          };
    const [podmanProgram = '', ...before] = PODMAN;
    const args = [
      ...['run', '--rm', '--name', volumeOf(program), '--network', 'host'],
      ...['--read-only', '--read-only-tmpfs=false', '--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
      ...['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096'],
      ...[
        '--volume',
        `${volumeOf(program)}:/var/lib/${packageNameOf(program)}`,
        '--volume',
        `${join(work, 'secrets')}:/run/secrets/landbridge:ro`,
      ],
      ...Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      imageOf(program),
    ];
    running.set(program, spawn(podmanProgram, [...before, ...args], { stdio: 'ignore' }));
    await until(`the ${program} is ready`, async () => inside(program, 'health').status === 0);
  }
  /** @returns the exit code of the container, which podman passes on */
  async function stop(program: Program): Promise<number | null> {
    const child = running.get(program);
    assert.ok(child);
    const ended = once(child, 'exit');
    ok('stop', '--time', '30', volumeOf(program));
    const [code]: (number | null)[] = await ended;
    running.delete(program);
    return code ?? null;
  }
  function secret(name: string, content: string): void {
    const file = join(work, 'secrets', name);
    writeFileSync(file, content, { mode: 0o400 });
    chownSync(file, ACCOUNT, ACCOUNT);
  }
  async function signIn(): Promise<number> {
    const [alice] = slapd.users.ordinary;
    const response = await fetch(`http://127.0.0.1:${hubPort}/api/connections/corp/login`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ username: alice?.uid, password: alice?.password }),
    });
    return response.status;
  }

  before(async () => {
    const target = `${process.platform}-${process.arch}`;
    assert.ok(isTarget(target));
    const node = findNodeRuntime(target, { archive: undefined, allowOutdated: false });
    for (const program of PROGRAMS) {
      const folder = await makeProgramFolder(join(work, packageNameOf(program)), { program, target, node, epoch: EPOCH });
      const { archive } = makeImageArchive([folder], { output: work, epoch: EPOCH, compression: 'fast' });
      ok('load', '--quiet', '--input', archive);
    }
    mkdirSync(join(work, 'secrets'));
    slapd = await startSlapd();
    secret('bind-password', slapd.serviceAccount.password);
    secret('directory-ca', slapd.ca);
    [hubPort, healthPort] = [await freePort(), await freePort()];
  });
  after(async () => {
    for (const program of running.keys()) podman('rm', '--force', volumeOf(program));
    for (const program of PROGRAMS) podman('volume', 'rm', '--force', volumeOf(program));
    await slapd?.[Symbol.asyncDispose]();
    rmSync(work, { recursive: true, force: true });
  });

  it('sign a user in, read-only and without capabilities', async () => {
    await start('hub');
    apiKey = inside('hub', 'key', 'create', 'test', '--scope', 'sign-in').stdout.trim();
    secret('ticket', inside('hub', 'connection', 'create', 'corp').stdout.trim());
    await start('connector');
    assert.equal(await signIn(), 200);
  });

  it('stop with exit code 0, and continue with their volumes', async () => {
    for (const program of PROGRAMS) assert.equal(await stop(program), 0);
    for (const program of ['hub', 'connector'] as const) await start(program);
    assert.equal(await signIn(), 200);
  });
});
