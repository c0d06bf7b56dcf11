import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDnsServer, whyNoDnsServer } from '../../test/dns-server.ts';
import { findDirectories } from './find-directory.ts';

test('finds the servers that DNS lists for a domain, and nothing if it lists none', { skip: whyNoDnsServer() }, async (t) => {
  const dns = await startDnsServer({
    srv: [{ service: '_ldap._tcp.dc._msdcs.fabrikam.test', host: 'dc1.fabrikam.test', port: 389 }],
    hosts: { 'dc1.fabrikam.test': '127.0.0.1' },
  });
  t.after(() => dns.stop());
  assert.deepEqual(await findDirectories([dns.address], ['nowhere.test', 'fabrikam.test']), [
    { domain: 'fabrikam.test', url: 'ldaps:///DC=fabrikam,DC=test', servers: ['ldaps://dc1.fabrikam.test:636'] },
  ]);
  // The domains of this machine are unknown, but the search must end.
  assert.ok(Array.isArray(await findDirectories([dns.address])));
});
