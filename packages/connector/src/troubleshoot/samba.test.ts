/** The checks that only Active Directory can answer, against Samba: permission to reset passwords, tokenGroups, Kerberos. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type SambaDomainController, startSambaDomainController, whyNoSamba } from '@landbridge/lab';
import { runIn } from './test/run-in.ts';

const HOST = 'sso.ad.landbridge.test';
const SPN = `HTTP/${HOST}`;

describe('Samba as a domain controller', { skip: whyNoSamba(), timeout: 240_000 }, () => {
  let samba: SambaDomainController;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keytab-'));
    samba = await startSambaDomainController();
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await samba?.[Symbol.asyncDispose]();
  });

  const settings = ({ dn, password }: { dn: string; password: string }) => ({
    LDAP_URL: samba.ldapsUrl,
    CA_CERT: samba.caPem,
    LDAP_BASE: `OU=People,OU=Lab,${samba.baseDn}`,
    LDAP_BASE_GROUPS: samba.baseDn,
    LDAP_BIND_USER: dn,
    LDAP_BIND_PASSWORD: password,
    ENABLE_WRITE_BACK: true,
  });

  it('knows who may reset passwords without setting one', async (t) => {
    const may = await runIn(t, settings(samba.resetAccount));
    assert.equal(may.of('rights-reset').status, 'pass', may.of('rights-reset').found);
    const unlocking = await runIn(t, {
      ...settings(samba.resetAccount),
      AUTO_UNLOCK_ON_PASSWORD_CHANGE: true,
      MUST_CHANGE_PASSWORD_AFTER_RESET: true,
    });
    assert.equal(unlocking.of('rights-reset').status, 'pass', unlocking.of('rights-reset').found);
    const mayNot = await runIn(t, settings(samba.serviceAccount));
    assert.deepEqual(mayNot.failed, ['configuration', 'rights-reset']);
    assert.match(mayNot.of('rights-reset').found, /of any of \d+ users/);
    const all = await runIn(t, settings(samba.administrator));
    assert.equal(all.of('rights-reset').status, 'pass', all.of('rights-reset').found);
  });

  it('reads clock, tokenGroups and the groups of a user in two ways', async (t) => {
    const user = Object.values(samba.users).find(({ groups }) => groups.length > 3);
    const { of } = await runIn(t, settings(samba.resetAccount), { userName: user?.name });
    assert.equal(of('ldap-clock').status, 'pass', of('ldap-clock').found);
    assert.notEqual(of('rights-token-groups').status, 'fail', of('rights-token-groups').found);
    assert.equal(of('groups-of-user').status, 'pass', of('groups-of-user').found);
    assert.match(of('groups-of-user').found, /by the in-chain rule/);
  });

  it('reports an outdated keytab', async (t) => {
    const path = join(folder, 'http.keytab');
    await samba.exec('samba-tool', ['user', 'create', 'svc-http', 'F1rst-Passw0rd!']);
    const kerberos = { ...settings(samba.resetAccount), KERBEROS_AUTH: true, SERVER_URL: `https://${HOST}`, KERBEROS_KEYTAB: path };
    const without = await runIn(t, kerberos);
    assert.match(without.of('kerberos-spn').found, /^No account has/);
    assert.match(without.of('kerberos-keytab').found, /cannot be read.*ENOENT/);

    await samba.exec('samba-tool', ['spn', 'add', SPN, 'svc-http']);
    await samba.exec('samba-tool', ['domain', 'exportkeytab', path, `--principal=${SPN}`]);
    const old = await runIn(t, kerberos);
    assert.equal(old.of('kerberos-keytab').status, 'warn', 'Samba makes RC4 keys only by default');
    rmSync(path);
    await samba.modify([{ dn: `CN=svc-http,CN=Users,${samba.baseDn}`, attributes: { 'msDS-SupportedEncryptionTypes': ['24'] } }]);
    await samba.exec('samba-tool', ['domain', 'exportkeytab', path, `--principal=${SPN}`]);
    const today = await runIn(t, kerberos);
    assert.equal(today.of('kerberos-keytab').status, 'pass', today.of('kerberos-keytab').found);
    assert.match(today.of('kerberos-keytab').found, new RegExp(`${SPN}@AD\\.LANDBRIDGE\\.TEST \\(version \\d+; .*AES-256`));
    assert.equal(today.of('kerberos-key-version').status, 'pass', today.of('kerberos-key-version').found);

    await samba.exec('samba-tool', ['user', 'setpassword', 'svc-http', '--newpassword=S3cond-Passw0rd!']);
    const tomorrow = await runIn(t, kerberos);
    assert.equal(tomorrow.of('kerberos-key-version').status, 'fail', tomorrow.of('kerberos-key-version').found);
    assert.match(tomorrow.of('kerberos-key-version').action ?? '', /make a new keytab/);
    assert.equal(tomorrow.of('kerberos-keytab').status, 'pass');

    const onWindows = await runIn(t, kerberos, { platform: 'win32' });
    assert.equal(onWindows.of('kerberos-keytab').status, 'pass');
    assert.equal(onWindows.of('kerberos-spn').status, 'pass');
    assert.equal(onWindows.of('kerberos-key-version').status, 'skipped');

    const other = await runIn(t, { ...kerberos, SERVER_URL: 'https://other.ad.landbridge.test' });
    assert.match(other.of('kerberos-keytab').found, /no key for HTTP\/other/);
  });
});
