/** The console beside a real directory that demands a client certificate. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { createCertificateAuthority, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { createLog } from '@landbridge/runtime';
import { openConsoleForTest } from '../../test/console-client.ts';
import { CONNECTION, HUB_RSA, pemOf, REALM, startFakeHub } from '../../test/fake-hub.ts';
import { startConnector } from '../agent/connector.ts';
import { findHome } from '../config/home.ts';
import { loadConfigForStart } from '../config/load.ts';
import { createCertificate, createKey, saveCertificate } from '../setup/certificate.ts';

it('a certificate for the directory is uploaded as PEM or PFX, and kept only if the directory accepts it', {
  skip: whyNoSlapd(),
}, async (t) => {
  const clients = await createCertificateAuthority('Client CA');
  const [good, foreign] = await Promise.all([
    clients.issue({ commonName: 'connector', clientAuth: true }),
    (await createCertificateAuthority('Other CA')).issue({ commonName: 'connector', clientAuth: true }),
  ]);
  await using slapd = await startSlapd({ users: 2, clientAuthority: clients.cert });
  const hub = await startFakeHub();
  t.after(() => hub.stop());
  const home = mkdtempSync(join(tmpdir(), 'console-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  saveCertificate(findHome(home), createCertificate(createKey(), { connectionName: CONNECTION, connectionDomain: 'example.org' }));
  const settings = {
    ...{ AD_HUB: hub.url, CONNECTION, REALM, TENANT_SIGNING_KEY: pemOf(HUB_RSA.publicKey) },
    ...{ LDAP_URL: slapd.ldapsUrl, CA_CERT: [slapd.ca], LDAP_BASE: slapd.baseDn },
    ...{ LDAP_BIND_USER: slapd.serviceAccount.dn, LDAP_BIND_PASSWORD: slapd.serviceAccount.password },
  };
  writeFileSync(join(home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const { config } = loadConfigForStart(home, {});
  const connector = await startConnector({ config, environment: {}, log, keepSecrets: () => {}, agentVersion: '1.2.3' });
  t.after(() => connector.close());
  const agent = await hub.nextAgent();
  const client = await openConsoleForTest(t, { home, connector: () => connector });
  await client.signIn();
  const token = await client.token('/server');
  const saved = () => JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
  const upload = async (file: string | Buffer, passphrase = '') => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ token, 'directory-passphrase': passphrase })) form.set(name, value);
    form.set('directory-file', new Blob([new Uint8Array(Buffer.from(file))]), 'file');
    return client.post('/server/directory-certificate', form);
  };
  const signIn = async () => {
    const [user] = slapd.users.ordinary;
    agent.ask('authenticate_user', { username: user?.uid ?? '', password: user?.password ?? '' });
    return 'profile' in Object((await agent.nextFrame()).p);
  };
  assert.equal(await signIn(), false);

  const refused: [string, string | Buffer, RegExp][] = [
    ['of another authority', foreign.cert + foreign.key, /client certificate/],
    ['without key', good.cert, /exactly one private key/],
    ['with the key of another', good.cert + foreign.key, /does not match/],
    ['that is text', 'nothing', /not a PKCS #12 file/],
  ];
  for (const [what, file, expected] of refused) {
    const { status, text } = await upload(file);
    assert.equal(status, 400, what);
    assert.match(text, expected, what);
    assert.deepEqual([saved().LDAP_CLIENT_CERT, saved().LDAP_CLIENT_PFX], [undefined, undefined], what);
  }

  const pem = await upload(good.key + good.cert);
  assert.equal(pem.status, 303, pem.text);
  assert.equal(await signIn(), true);
  const page = (await client.get('/server')).text;
  assert.match(page, /CN=connector/);
  assert.doesNotMatch(page, /PRIVATE KEY/);

  writeFileSync(join(home, 'pair.pem'), good.cert + good.key);
  const made = spawnSync('openssl', ['pkcs12', '-export', '-in', join(home, 'pair.pem'), '-passout', 'pass:of the file']);
  assert.match((await upload(made.stdout, 'another')).text, /wrong passphrase/);
  const pfx = await upload(made.stdout, 'of the file');
  assert.equal(pfx.status, 303, pfx.text);
  const { LDAP_CLIENT_CERT, LDAP_CLIENT_KEY, LDAP_CLIENT_PFX } = saved();
  assert.deepEqual([LDAP_CLIENT_CERT, LDAP_CLIENT_KEY, LDAP_CLIENT_PFX], [undefined, undefined, made.stdout.toString('base64')]);
  assert.equal(await signIn(), true);
  assert.doesNotMatch((await client.get('/server')).text, /of the file"|value="[^"]*of the file/);

  // Without it the directory refuses, so it stays.
  const removed = await client.post('/server/directory-certificate/remove', { token });
  assert.equal(removed.status, 400);
  assert.equal(saved().LDAP_CLIENT_PFX, LDAP_CLIENT_PFX);
});
