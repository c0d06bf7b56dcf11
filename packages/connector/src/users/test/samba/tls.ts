/** Whether a real domain controller's certificate is verified, depending on the settings. */
import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createCertificateAuthority, type SambaDomainController } from '@landbridge/lab';
import { startCommand } from '../../../../test/command-line.ts';
import { startRelay } from '../../../../test/relay.ts';

export function registerTlsTests(dc: () => SambaDomainController): void {
  /** The outcome of `login` with these settings and the right password. */
  async function says(settings: Record<string, string>, name = 'alice'): Promise<string> {
    await using home = await mkdtempDisposable(join(tmpdir(), 'landbridge-tls-'));
    const { serviceAccount, password, ldapsUrl } = dc();
    const environment = {
      LANDBRIDGE_HOME: home.path,
      OVERRIDE_CONFIG: 'false',
      LDAP_URL: ldapsUrl,
      LDAP_BIND_USER: serviceAccount.dn,
      LDAP_BIND_PASSWORD: serviceAccount.password,
      LDAP_CONNECT_TIMEOUT_MS: '60000',
      LDAP_OPERATION_TIMEOUT_MS: '60000',
      ...settings,
    };
    return (await startCommand(['login', name], { environment, input: password }).ended).output;
  }

  it('is trusted by an authority in CA_CERT, and in SSL_CA_PATH', async () => {
    assert.match(await says({ CA_CERT: dc().caPem }), /^Signed in\.$/m);
    assert.match(await says({ CA_CERT: dc().caPem, LDAP_URL: dc().ldapUrl }), /^Signed in\.$/m);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'landbridge-ca-'));
    await writeFile(join(folder.path, 'company.pem'), dc().caPem);
    assert.match(await says({ SSL_CA_PATH: folder.path }), /^Signed in\.$/m);
  });

  it('is rejected from an unknown authority, from one with a new key, and for another name', async () => {
    const foreign = await createCertificateAuthority('Another CA');
    for (const url of [dc().ldapsUrl, dc().ldapUrl]) {
      assert.match(await says({ CA_CERT: foreign.cert, LDAP_URL: url }), /issued by an unknown authority/);
    }
    const namesake = await createCertificateAuthority();
    assert.match(await says({ CA_CERT: namesake.cert }), /which may have a new key/);
    const relay = await startRelay(636, dc().address, '127.0.0.1');
    try {
      assert.match(await says({ CA_CERT: dc().caPem, LDAP_URL: `ldaps://localhost:${relay.port}` }), /for another host name/);
    } finally {
      await relay.close();
    }
  });

  it('is explained to the operator by `login`, but not to the user', async () => {
    const settings = { CA_CERT: dc().caPem };
    assert.match(await says(settings, 'no-logon-hours'), /at this hour[\s\S]*Wrong password/);
    assert.match(await says(settings, 'wrong-workstation'), /at this workstation[\s\S]*Wrong password/);
    assert.match(await says(settings, 'smartcard-only'), /smart card[\s\S]*Wrong password/);
  });
}
