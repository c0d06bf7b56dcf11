/**
 * `npm run test:packages`: the RPM packages in a booted Debian with dnf. A stand-in provides what Debian's own packages provide there, so that dnf
 * resolves dependencies. No system whose own packages are RPM packages can be made from Debian's packages.
 */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isInPath } from '../tools/in-path.ts';
import { bootContainer, type Container, DIRECTORY_PACKAGES, whyNoContainer } from './container.ts';
import { CHECK_EPOCH, eventually, type InstalledSystem, installedSystem, makeProgramFolders } from './installed-system.ts';
import { makeRpmPackage } from './rpm.ts';
import { runTool } from './run-tool.ts';

const STAND_IN = `Name: debian-stand-in
Version: 1
Release: 1
Summary: What the packages of Debian provide
License: MIT
BuildArch: noarch
Provides: glibc = 2.36, libstdc++ = 12, systemd = 252, util-linux = 2.38, shadow-utils = 4.13, krb5-libs = 1.20, ca-certificates = 2023, /bin/sh
%description
%files
`;

const whyNot = whyNoContainer() || (isInPath('rpmbuild') ? false : 'missing: rpmbuild (Debian package rpm)');

describe('RPM packages with dnf on bookworm', { skip: whyNot, concurrency: 1, timeout: 900_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'landbridge-installed-rpm-'));
  const rpms = new Map<number, string[]>();
  let container: Container;
  let system: InstalledSystem;

  before(async () => {
    for (const folder of await makeProgramFolders(work)) {
      for (const revision of [1, 2]) {
        const rpm = makeRpmPackage(folder, { output: work, revision, epoch: CHECK_EPOCH, compression: 'fast' });
        rpms.set(revision, [...(rpms.get(revision) ?? []), rpm]);
      }
    }
    container = await bootContainer(work, { suite: 'bookworm', packages: [...DIRECTORY_PACKAGES, 'rpm', 'dnf'] });
    system = installedSystem(container, '/usr/lib/landbridge-hub/bin/node');
    writeFileSync(join(work, 'stand-in.spec'), STAND_IN);
    runTool('rpmbuild', [
      '-bb',
      '--quiet',
      '--define',
      `_topdir ${work}`,
      '--define',
      `_rpmdir ${work}`,
      '--define',
      '_rpmfilename stand-in.rpm',
      join(work, 'stand-in.spec'),
    ]);
    for (const rpm of ['stand-in.rpm', ...[...rpms.values()].flat()])
      copyFileSync(join(work, basename(rpm)), join(container.folder, 'root', basename(rpm)));
    container.run('mkdir -p /etc/yum.repos.d; rpm --install /root/stand-in.rpm');
    // As Fedora and Red Hat Enterprise Linux have it: nothing starts before an administrator enables it.
    const presets = join(container.folder, 'usr/lib/systemd/system-preset');
    mkdirSync(presets, { recursive: true });
    writeFileSync(join(presets, '99-default-disable.preset'), 'disable *\n');
  });
  after(async () => {
    await container?.[Symbol.asyncDispose]();
    rmSync(work, { recursive: true, force: true });
  });

  const dnf = (command: string) => container.run(`dnf --quiet --assumeyes --disablerepo='*' ${command} 2>&1`);
  const files = (revision: number) => (rpms.get(revision) ?? []).map((rpm) => `/root/${basename(rpm)}`).join(' ');

  it('install with their dependencies, and start when an administrator enables them', async () => {
    dnf(`install ${files(1)}`);
    assert.equal(container.run('systemctl is-enabled landbridge-hub landbridge-connector || true'), 'disabled\ndisabled\n');
    container.run('landbridge-hub service install; landbridge-connector service install');
    await eventually('both run', () => container.run('systemctl is-active landbridge-hub landbridge-connector'));
    assert.equal(
      container.run(
        'stat -c "%U %G %a" /var/lib/landbridge-hub /etc/landbridge-hub /etc/landbridge-hub/credentials /etc/landbridge-hub/environment',
      ),
      'landbridge-hub landbridge-hub 700\nroot landbridge-hub 750\nroot root 700\nroot landbridge-hub 640\n',
    );
    assert.equal(container.run('rpm --verify landbridge-hub landbridge-connector'), '');
  });

  it('sign a user in, and answer every sign-in when the connector stops under load', async () => {
    system.setUp();
    await system.signsIn();
    const ends = system.underLoad('systemctl stop landbridge-connector');
    assert.deepEqual(
      Object.keys(ends).filter((end) => !['200', '503 connector_offline'].includes(end)),
      [],
    );
    container.run('systemctl start landbridge-connector');
    await system.signsIn();
  });

  it('restart after they were killed', async () => {
    const before = system.pidOf('landbridge-connector');
    container.run(`kill -9 ${before}`);
    await eventually('it runs again', () => assert.ok(![0, before].includes(system.pidOf('landbridge-connector'))));
    await system.signsIn();
  });

  for (const [command, revision] of [
    ['upgrade', 2],
    ['downgrade', 1],
  ] as const) {
    it(`${command} with their settings and data, and restart`, async () => {
      container.run('grep -q kept /etc/landbridge-hub/environment || echo "# kept" >>/etc/landbridge-hub/environment');
      const before = [system.pidOf('landbridge-hub'), system.pidOf('landbridge-connector')];
      dnf(`${command} ${files(revision)}`);
      const afterwards = [system.pidOf('landbridge-hub'), system.pidOf('landbridge-connector')];
      assert.ok(afterwards.every((pid, index) => pid !== 0 && pid !== before[index]));
      assert.equal(container.run('rpm --query --queryformat %{RELEASE} landbridge-hub'), String(revision));
      assert.match(container.run('cat /etc/landbridge-hub/environment'), /# kept/);
      await system.signsIn();
    });
  }

  it('leave a stopped service stopped at an upgrade', () => {
    container.run('systemctl stop landbridge-hub');
    dnf(`upgrade ${files(2)}`);
    assert.equal(container.run('systemctl is-active landbridge-hub || true'), 'inactive\n');
    container.run('systemctl start landbridge-hub');
  });

  it('stop when they are removed, and keep data and changed settings', () => {
    dnf('remove landbridge-hub landbridge-connector');
    assert.equal(container.run('pgrep -f /usr/lib/[l]andbridge || true'), '');
    assert.equal(container.run('systemctl list-unit-files --no-legend "landbridge*" || true'), '');
    assert.ok(!existsSync(join(container.folder, 'usr/lib/landbridge-hub')));
    assert.ok(existsSync(join(container.folder, 'var/lib/landbridge-hub/hub.sqlite')));
    assert.match(container.run('cat /etc/landbridge-hub/environment.rpmsave'), /# kept/);
  });
});
