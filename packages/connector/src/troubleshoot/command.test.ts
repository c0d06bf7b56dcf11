/** The command if every check passes: its text, its JSON, and its exit code. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { startDirectory } from '@landbridge/directory';
import { createCertificateAuthority } from '@landbridge/lab';
import { startCommand } from '../../test/command-line.ts';
import { createCertificate, createKey, thumbprint } from '../setup/certificate.ts';
import { startHub, TICKET_SECRET } from './test/hub.ts';
import { homeWith } from './test/run-in.ts';

it('prints a line per check and exits with 0 if none fails', { timeout: 60_000 }, async (t) => {
  const ca = await createCertificateAuthority();
  const names = { commonName: 'localhost', dnsNames: ['localhost'], notAfter: new Date(Date.now() + 90 * 86_400_000) };
  const hub = await startHub(t, await ca.issue(names));
  const directory = await startDirectory({ tls: await ca.issue(names) });
  t.after(() => directory.stop());
  const [user] = directory.users;
  const home = homeWith(t, {
    PROVISIONING_TICKET: hub.ticket,
    CA_CERT: ca.cert,
    LDAP_URL: directory.ldapsUrl?.replace('127.0.0.1', 'localhost'),
    LDAP_BIND_USER: directory.serviceAccount.dn,
    LDAP_BIND_PASSWORD: directory.serviceAccount.password,
  });
  const own = createCertificate(createKey(), { connectionName: 'fabrikam-ad', connectionDomain: 'fabrikam.example' });
  mkdirSync(join(home, 'certs'));
  writeFileSync(join(home, 'certs/cert.key'), own.privateKeyPem, { mode: 0o600 });
  writeFileSync(join(home, 'certs/cert.pem'), own.certificate.toString());
  hub.thumbprints = [thumbprint(own.certificate)];

  const asText = await startCommand(['--home', home, 'troubleshoot', '--user', user?.name ?? '']).ended;
  assert.equal(asText.exitCode, 0, asText.output);
  assert.match(asText.stdout, /^ok {4}TLS with the hub \(localhost:\d+\): CN=localhost, issued by/m);
  assert.match(asText.stdout, /^ok {4}Groups of one user: .*in-chain/m);
  assert.match(asText.stdout, /^--\s{4}Permission to reset passwords: ENABLE_WRITE_BACK is off$/m);
  assert.match(asText.stdout, /\n\d+ ok, \d+ warnings?, 0 failed, \d+ skipped\n$/);

  const forMachines = await startCommand(['--home', home, 'troubleshoot', '--json']).ended;
  const results: Record<string, unknown>[] = JSON.parse(forMachines.stdout);
  assert.ok(results.every((result) => typeof result.id === 'string' && typeof result.tried === 'string' && typeof result.ms === 'number'));
  const output = `${asText.output}${forMachines.output}`;
  assert.equal(output.includes(TICKET_SECRET) || output.includes(directory.serviceAccount.password), false, 'a secret is shown');
});
