/** The command with everything well: what it prints, for people and for machines, and its exit code. */
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

it('everything is well: a line for each check, and exit code 0', { timeout: 60_000 }, async (t) => {
  const ca = await createCertificateAuthority();
  const names = { commonName: 'localhost', dnsNames: ['localhost'], notAfter: new Date(Date.now() + 90 * 86_400_000) };
  const hub = await startHub(t, await ca.issue(names));
  const directory = await startDirectory({ tls: await ca.issue(names) });
  t.after(() => directory.stop());
  const [person] = directory.users;
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

  const forPeople = await startCommand(['--home', home, 'troubleshoot', '--user', person?.name ?? '']).ended;
  assert.equal(forPeople.exitCode, 0, forPeople.output);
  assert.match(forPeople.stdout, /^ok {4}TLS with the hub \(localhost:\d+\): CN=localhost, issued by/m);
  assert.match(forPeople.stdout, /^ok {4}Groups of one person: .*in-chain/m);
  assert.match(forPeople.stdout, /^--\s{4}Right to reset passwords: ENABLE_WRITE_BACK is off$/m);
  assert.match(forPeople.stdout, /\n\d+ ok, \d+ warnings?, 0 failed, \d+ skipped\n$/);

  const forMachines = await startCommand(['--home', home, 'troubleshoot', '--json']).ended;
  const results: Record<string, unknown>[] = JSON.parse(forMachines.stdout);
  assert.ok(results.every((result) => typeof result.id === 'string' && typeof result.tried === 'string' && typeof result.ms === 'number'));
  const output = `${forPeople.output}${forMachines.output}`;
  assert.equal(output.includes(TICKET_SECRET) || output.includes(directory.serviceAccount.password), false, 'a secret is shown');
});
