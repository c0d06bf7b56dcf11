/**
 * `npm run test:packages`: the Debian packages in a booted Debian system, from installation to purge. It downloads a Debian system and takes
 * minutes, so it is not part of `npm test`. SUITE chooses the release: bookworm, trixie, or both if unset.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, startHub } from '../e2e/programs.ts';
import { bootContainer, type Container, DIRECTORY_PACKAGES, whyNoContainer } from './container.ts';
import { makeDebianPackage } from './deb.ts';
import { CHECK_EPOCH, eventually, type InstalledSystem, installedSystem, makeProgramFolders } from './installed-system.ts';

const work = mkdtempSync(join(tmpdir(), 'landbridge-installed-'));
const debs = new Map<number, string[]>();
after(() => rmSync(work, { recursive: true, force: true }));

before(async () => {
  if (whyNoContainer()) return;
  for (const folder of await makeProgramFolders(work)) {
    for (const revision of [1, 2]) {
      const deb = makeDebianPackage(folder, { output: work, revision, epoch: CHECK_EPOCH, compression: 'fast' });
      debs.set(revision, [...(debs.get(revision) ?? []), deb]);
    }
  }
});

for (const suite of process.env.SUITE === undefined ? ['bookworm', 'trixie'] : [process.env.SUITE]) {
  describe(`Debian packages in ${suite}`, { skip: whyNoContainer(), concurrency: 1, timeout: 900_000 }, () => {
    let container: Container;
    let system: InstalledSystem;
    before(async () => {
      container = await bootContainer(work, { suite, packages: DIRECTORY_PACKAGES });
      system = installedSystem(container, '/usr/lib/landbridge-hub/bin/node');
      for (const deb of [...debs.values()].flat()) copyFileSync(deb, join(container.folder, 'root', basename(deb)));
    });
    after(() => container?.[Symbol.asyncDispose]());

    const install = (revision: number) =>
      container.run(
        `apt-get -qq install -y --allow-downgrades ${(debs.get(revision) ?? []).map((deb) => `/root/${basename(deb)}`).join(' ')}`,
      );
    const pidOf = (unit: string) => system.pidOf(unit);
    const signsIn = () => system.signsIn();

    it('install, start both services, and keep their files to their own accounts', async () => {
      install(1);
      await eventually('both run', () => container.run('systemctl is-active landbridge-hub landbridge-connector'));
      assert.equal(
        container.run('stat -c "%U %a" /var/lib/landbridge-hub /var/lib/landbridge-connector /etc/landbridge-hub/credentials'),
        'landbridge-hub 700\nlandbridge-connector 700\nroot 700\n',
      );
      await eventually('the console shows its link', () =>
        assert.match(container.run('journalctl -u landbridge-connector'), /Console: open http/),
      );
      const exposure = container.run(
        'systemd-analyze security --no-pager landbridge-hub landbridge-connector 2>&1 || true; for u in hub connector; do systemd-analyze security --no-pager --threshold=15 landbridge-$u >/dev/null; done',
      );
      assert.ok(exposure);
    });

    it('sign a user in after a setup without questions', async () => {
      system.setUp();
      await signsIn();
      assert.equal(system.signIn('wrong'), 401);
    });

    it('take a secret from a credential', async () => {
      const config = '/var/lib/landbridge-connector/config.json';
      container.run(
        `sed -i '/LDAP_BIND_PASSWORD/d' ${config}; ! grep -q root-Passw0rd ${config}
         printf 'root-Passw0rd\\n' >/etc/landbridge-connector/credentials/LDAP_BIND_PASSWORD
         chmod 600 /etc/landbridge-connector/credentials/*; systemctl restart landbridge-connector`,
      );
      await signsIn();
    });

    it('use the settings in /etc in service and commands', async () => {
      container.run('echo PUBLIC_URL=http://hub.example:4100 >>/etc/landbridge-hub/environment; systemctl restart landbridge-hub');
      await eventually('the hub uses it', () =>
        assert.match(container.run('journalctl -u landbridge-hub'), /publicUrl=http:\/\/hub\.example:4100/),
      );
      assert.match(container.run('landbridge-hub admin invite owner'), /http:\/\/hub\.example:4100/);
      container.run(
        "sed -i /PUBLIC_URL/d /etc/landbridge-hub/environment; echo '# kept' >>/etc/landbridge-hub/environment; systemctl restart landbridge-hub",
      );
      await signsIn();
    });

    it('reload the connector', async () => {
      container.run('systemctl reload landbridge-connector');
      await eventually('it reloads', () =>
        assert.match(container.run('journalctl -u landbridge-connector'), /SIGHUP received: reloading the configuration/),
      );
      await signsIn();
    });

    it('answer every sign-in when the connector or the hub stops under load', async () => {
      const connectorStops = system.underLoad('systemctl stop landbridge-connector');
      console.log('the connector stopped:', connectorStops);
      assert.deepEqual(
        Object.keys(connectorStops).filter((end) => !['200', '503 connector_offline'].includes(end)),
        [],
      );
      assert.equal(container.run('systemctl show -P Result landbridge-connector').trim(), 'success');
      container.run('systemctl start landbridge-connector');
      await signsIn();
      const hubStops = system.underLoad('systemctl stop landbridge-hub');
      console.log('the hub stopped:', hubStops);
      // The kernel resets connections that wait to be accepted when the hub stops listening.
      assert.deepEqual(
        Object.keys(hubStops).filter((end) => !['200', 'ECONNREFUSED', 'ECONNRESET'].includes(end)),
        [],
      );
      assert.equal(container.run('systemctl show -P Result landbridge-hub').trim(), 'success');
      container.run('systemctl start landbridge-hub');
      await signsIn();
    });

    it('stop cleanly, and restart after they were killed', async () => {
      container.run('systemctl stop landbridge-connector');
      assert.equal(container.run('systemctl show -P Result landbridge-connector').trim(), 'success');
      container.run('systemctl start landbridge-connector');
      await signsIn();
      for (const unit of ['landbridge-hub', 'landbridge-connector']) {
        const before = pidOf(unit);
        container.run(`kill -9 ${before}`);
        await eventually(`${unit} runs again`, () => assert.ok(![0, before].includes(pidOf(unit))));
      }
      await signsIn();
    });

    for (const [what, revision] of [
      ['upgrade', 2],
      ['roll back', 1],
    ] as const) {
      it(`${what} with their settings and data, and restart`, async () => {
        const before = [pidOf('landbridge-hub'), pidOf('landbridge-connector')];
        install(revision);
        const afterwards = [pidOf('landbridge-hub'), pidOf('landbridge-connector')];
        assert.ok(afterwards.every((pid, index) => pid !== 0 && pid !== before[index]));
        assert.match(container.run('dpkg -s landbridge-hub'), new RegExp(`^Version: .*-${revision}$`, 'm'));
        assert.match(container.run('cat /etc/landbridge-hub/environment'), /# kept/);
        await signsIn();
      });
    }

    it('leave a service disabled that an administrator disabled', () => {
      container.run('systemctl disable --now landbridge-hub');
      install(2);
      assert.equal(
        container.run('systemctl is-enabled landbridge-hub || true; systemctl is-active landbridge-hub || true'),
        'disabled\ninactive\n',
      );
      container.run('systemctl enable --now landbridge-hub');
    });

    it('stop when they are removed, keep data and settings, and continue after another installation', async () => {
      container.run('apt-get -qq remove -y landbridge-hub landbridge-connector');
      assert.equal(container.run('pgrep -f /usr/lib/[l]andbridge || true'), '');
      assert.ok(!existsSync(join(container.folder, 'usr/lib/landbridge-hub')));
      assert.ok(existsSync(join(container.folder, 'var/lib/landbridge-hub/hub.sqlite')));
      install(2);
      await signsIn();
    });

    it('leave nothing when they are purged', () => {
      container.run('apt-get -qq purge -y landbridge-hub landbridge-connector');
      const left = container.run(
        'find / -xdev -name "*landbridge*" -not -path "/root/*" -not -path "/proc/*" -not -path "/var/log/*" -not -path "/tmp/*"; getent passwd | grep landbridge || true',
      );
      assert.equal(left, '');
      assert.equal(container.run('systemctl list-unit-files --no-legend "landbridge*" || true'), '');
    });
  });
  it(`a fresh ${suite} gets a connector that is online with three commands`, {
    skip: whyNoContainer() || whyNoSlapd(),
    timeout: 900_000,
  }, async () => {
    const [deb = ''] = debs.get(1) ?? [];
    await using slapd = await startSlapd();
    await using hub = await startHub();
    await using container = await bootContainer(work, { suite, packages: [], sharesNetwork: true });
    const ticket = await hub.createConnection('fresh');
    // A process of its own, because the commands block this one.
    const script = `require('node:http').createServer((q, a) => require('node:fs').createReadStream(${JSON.stringify(deb)}).pipe(a)).listen(0, '127.0.0.1', function () { console.log(this.address().port); })`;
    const server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [port] = await once(server.stdout, 'data');
      const begun = Date.now();
      container.run(`/usr/lib/apt/apt-helper download-file http://127.0.0.1:${Number(port)}/${basename(deb)} /root/connector.deb`);
      const downloaded = Date.now();
      container.run('apt-get -qq install -y /root/connector.deb');
      const installed = Date.now();
      const settings = Object.entries({ ...directoryConfig(slapd, 'plain'), CA_CERT: '', PROVISIONING_TICKET: ticket });
      container.run('landbridge-connector setup --answers - --yes', settings.map(([name, value]) => `${name}=${value}\n`).join(''));
      const setUp = Date.now();
      await hub.untilConnectors('fresh', 1);
      const seconds = [downloaded - begun, installed - downloaded, setUp - installed, Date.now() - setUp].map((ms) =>
        (ms / 1000).toFixed(1),
      );
      console.log(`seconds on ${suite}: download, installation, setup, until online: ${seconds.join(', ')}`);
      const [alice] = slapd.users.ordinary;
      assert.ok(alice);
      assert.equal((await hub.login('fresh', alice.uid, alice.password)).status, 200);
    } finally {
      server.kill();
    }
  });
}
