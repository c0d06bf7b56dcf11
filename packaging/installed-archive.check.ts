/** `npm run test:packages`: the archives in a booted Debian, as services that `service install` sets up. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeTarball } from './archive.ts';
import { bootContainer, type Container, DIRECTORY_PACKAGES, whyNoContainer } from './container.ts';
import { CHECK_EPOCH, eventually, type InstalledSystem, installedSystem, makeProgramFolders } from './installed-system.ts';
import { PROGRAMS, packageNameOf } from './targets.ts';

const NAMES = PROGRAMS.map(packageNameOf);

describe('archives with "service install" on bookworm', { skip: whyNoContainer(), concurrency: 1, timeout: 900_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'landbridge-installed-archive-'));
  let container: Container;
  let system: InstalledSystem;

  before(async () => {
    container = await bootContainer(work, { suite: 'bookworm', packages: DIRECTORY_PACKAGES });
    system = installedSystem(container, '/opt/landbridge-hub/bin/node');
    for (const { folder, program } of await makeProgramFolders(work)) {
      const archive = join(work, `${packageNameOf(program)}.tar.gz`);
      makeTarball(folder, archive, CHECK_EPOCH);
      copyFileSync(archive, join(container.folder, 'root', `${packageNameOf(program)}.tar.gz`));
      container.run(`tar -xzf /root/${packageNameOf(program)}.tar.gz -C /opt`);
    }
  });
  after(async () => {
    await container?.[Symbol.asyncDispose]();
    rmSync(work, { recursive: true, force: true });
  });

  /** @returns the exit code and the output */
  const service = (name: string, args: string) => {
    const output = container.run(`set +e; /opt/${name}/${name} service ${args} 2>&1; echo "exit $?"`);
    return { exitCode: Number(/exit (\d+)\n$/.exec(output)?.[1]), output };
  };

  it('are refused as services if another user could change them, or in a folder that the service cannot see', () => {
    container.run('cp -r /opt/landbridge-hub /opt/changeable; chown -R nobody: /opt/changeable; cp -r /opt/landbridge-hub /root/hidden');
    for (const folder of ['/opt/changeable', '/root/hidden']) {
      const output = container.run(`${folder}/landbridge-hub service install 2>&1 || true; rm -r ${folder}`);
      assert.match(output, /SERVICE_PROGRAM_UNSAFE/);
    }
    assert.equal(container.run('getent passwd landbridge-hub || true'), '');
  });

  it('are refused without root', () => {
    const output = container.run(
      'setpriv --reuid=nobody --regid=nogroup --clear-groups /opt/landbridge-hub/landbridge-hub service install 2>&1 || true',
    );
    assert.match(output, /SERVICE_NEEDS_ROOT/);
  });

  for (const name of NAMES) {
    it(`${name} becomes a service with an account and folders of its own, and the second time nothing changes`, async () => {
      assert.deepEqual(service(name, 'status'), { exitCode: 1, output: `There is no service ${name}.\nexit 1\n` });
      const first = service(name, 'install --detailed-exitcode');
      assert.equal(first.exitCode, 3, first.output);
      await eventually('it runs', () => container.run(`systemctl is-active ${name}; systemctl is-enabled ${name}`));
      const pid = system.pidOf(name);
      assert.deepEqual(service(name, 'install --detailed-exitcode'), {
        exitCode: 0,
        output: `The service ${name} is unchanged.\nexit 0\n`,
      });
      assert.equal(system.pidOf(name), pid);
      assert.deepEqual(service(name, 'status'), { exitCode: 0, output: `The service ${name} runs and starts at boot.\nexit 0\n` });
      assert.equal(
        container.run(`stat -c "%U %a" /var/lib/${name} /etc/${name} /etc/${name}/credentials /etc/${name}/environment`),
        `${name} 700\nroot 750\nroot 700\nroot 640\n`,
      );
      container.run(`systemd-analyze security --no-pager --threshold=15 ${name} >/dev/null`);
      container.run(`systemd-analyze verify ${name}.service`);
    });
  }

  it('sign a user in, and reload', async () => {
    system.setUp();
    await system.signsIn();
    container.run('systemctl reload landbridge-connector');
    await system.signsIn();
  });

  it('go on with settings and data in another folder, as after an upgrade', async () => {
    container.run('mv /opt/landbridge-connector /opt/landbridge-connector-2');
    const output = container.run('/opt/landbridge-connector-2/landbridge-connector service install');
    assert.match(output, /\/usr\/local\/bin\/landbridge-connector written/);
    await system.signsIn();
    container.run(
      'mv /opt/landbridge-connector-2 /opt/landbridge-connector; /opt/landbridge-connector/landbridge-connector service install',
    );
    await system.signsIn();
  });

  it('never replace or delete a unit that an administrator wrote', () => {
    const unit = '/etc/systemd/system/landbridge-connector.service';
    container.run(`cp ${unit} /root/kept; printf '[Service]\\nExecStart=/bin/true\\n' >${unit}`);
    for (const command of ['install', 'remove']) assert.match(service('landbridge-connector', command).output, /SERVICE_NOT_OURS/);
    assert.equal(container.run(`cat ${unit}`), '[Service]\nExecStart=/bin/true\n');
    container.run(`cp /root/kept ${unit}; systemctl daemon-reload`);
  });

  it('leave no service when it is removed, and name what remains', () => {
    for (const name of NAMES) {
      const { exitCode, output } = service(name, 'remove --detailed-exitcode');
      assert.equal(exitCode, 3, output);
      assert.match(output, new RegExp(`remain in /var/lib/${name}, /etc/${name}, and so does the account ${name}`));
      assert.equal(service(name, 'remove --detailed-exitcode').exitCode, 0);
    }
    assert.equal(container.run('pgrep -f /opt/[l]andbridge || true'), '');
    assert.equal(container.run('systemctl list-unit-files --no-legend "landbridge*" || true'), '');
    assert.equal(container.run('find /etc/systemd /usr/local -name "landbridge*"'), '');
    assert.ok(existsSync(join(container.folder, 'var/lib/landbridge-hub/hub.sqlite')));
  });

  it('find their data again after another installation', async () => {
    for (const name of NAMES) service(name, 'install');
    await system.signsIn();
  });
});
