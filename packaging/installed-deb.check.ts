/**
 * `npm run test:packages`: the Debian packages in a booted Debian system, from installation to purge. It downloads a Debian system and takes
 * minutes, so it is not part of `npm test`. SUITE chooses the release: bookworm, trixie, or both if unset.
 */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { bootContainer, type Container, whyNoContainer } from './container.ts';
import { makeDebianPackage } from './deb.ts';
import { findNodeRuntime } from './node-runtime.ts';
import { makeProgramFolder } from './program-folder.ts';
import { isTarget, PROGRAMS } from './targets.ts';

const EPOCH = 1_790_000_000;
const work = mkdtempSync(join(tmpdir(), 'landbridge-installed-'));
const debs = new Map<number, string[]>();
after(() => rmSync(work, { recursive: true, force: true }));

before(async () => {
  if (whyNoContainer()) return;
  const target = `${process.platform}-${process.arch}`;
  assert.ok(isTarget(target));
  const node = findNodeRuntime(target, { archive: undefined, allowOutdated: false });
  for (const program of PROGRAMS) {
    const made = await makeProgramFolder(join(work, program), { program, target, node, epoch: EPOCH });
    for (const revision of [1, 2]) {
      const deb = makeDebianPackage(made, { output: work, revision, epoch: EPOCH, compression: 'fast' });
      debs.set(revision, [...(debs.get(revision) ?? []), deb]);
    }
  }
});

/** Polls, because a service needs a moment. */
async function eventually(what: string, attempt: () => void): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return attempt();
    } catch (error) {
      if (tries === 60) throw new Error(`not true within a minute: ${what}`, { cause: error });
      await delay(1000);
    }
  }
}

for (const suite of process.env.SUITE === undefined ? ['bookworm', 'trixie'] : [process.env.SUITE]) {
  describe(`Debian packages in ${suite}`, { skip: whyNoContainer(), concurrency: 1, timeout: 900_000 }, () => {
    let container: Container;
    let apiKey = '';
    before(async () => {
      container = await bootContainer(work, suite);
      for (const deb of [...debs.values()].flat()) copyFileSync(deb, join(container.folder, 'root', basename(deb)));
    });
    after(() => container?.[Symbol.asyncDispose]());

    const install = (revision: number) =>
      container.run(
        `apt-get -qq install -y --allow-downgrades ${(debs.get(revision) ?? []).map((deb) => `/root/${basename(deb)}`).join(' ')}`,
      );
    const pidOf = (unit: string) => Number(container.run(`systemctl show -P MainPID ${unit}`));
    /** @returns the HTTP status of a sign-in through the hub's API, with the hub's Node.js */
    const signIn = (password: string) =>
      Number(
        container.run(
          `/usr/lib/landbridge-hub/bin/node --input-type=module`,
          `const response = await fetch('http://127.0.0.1:4100/api/connections/corp/login', { method: 'POST',
             headers: { authorization: 'Bearer ${apiKey}', 'content-type': 'application/json' },
             body: JSON.stringify({ username: 'alice', password: '${password}' }) });
           console.log(response.status);`,
        ),
      );
    const signsIn = () => eventually('alice can sign in', () => assert.equal(signIn('alice-Passw0rd'), 200));

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
      // Debian configures slapd for dc=nodomain, with a random password.
      container.run(
        `printf 'dn: olcDatabase={1}mdb,cn=config\\nchangetype: modify\\nreplace: olcRootPW\\nolcRootPW: root-Passw0rd\\n' | ldapmodify -Q -Y EXTERNAL -H ldapi:///
         printf 'dn: uid=alice,dc=nodomain\\nobjectClass: inetOrgPerson\\nuid: alice\\ncn: Alice\\nsn: Adams\\nuserPassword: alice-Passw0rd\\n' | ldapadd -x -D cn=admin,dc=nodomain -w root-Passw0rd -H ldapi:///`,
      );
      apiKey = container.run('landbridge-hub key create test --scope sign-in').trim();
      const ticket = /https?:\S+/.exec(container.run('landbridge-hub connection create corp'))?.[0] ?? '';
      container.run(
        `printf root-Passw0rd >/tmp/password; chmod 644 /tmp/password
         landbridge-connector setup --ticket-file - --ldap-url ldap://127.0.0.1 --ldap-base dc=nodomain --bind-user cn=admin,dc=nodomain --password-file /tmp/password
         rm /tmp/password; systemctl restart landbridge-connector`,
        ticket,
      );
      await signsIn();
      assert.equal(signIn('wrong'), 401);
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
      assert.equal(container.run('systemctl list-units --all --no-legend "landbridge*"'), '');
    });
  });
}
