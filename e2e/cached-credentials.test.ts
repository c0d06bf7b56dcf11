/** The credential cache after an outage: a password that was changed meanwhile is not accepted again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSlapd, whyNoSlapd } from '@landbridge/lab';
import { Attribute, Change, Client } from 'ldapts';
import { directoryConfig, startConnector, startHub, until, untilLogged } from './programs.ts';

test('a password that was changed in the directory during an outage does not work in the next outage', {
  skip: whyNoSlapd(),
}, async () => {
  await using slapd = await startSlapd({ users: 3, serviceAccountResetsPasswords: true });
  await using hub = await startHub({ HEARTBEAT_INTERVAL_MS: '200' });
  const ticket = await hub.createConnection('corp');
  await using connector = await startConnector({ ...directoryConfig(slapd, 'ldaps'), PROVISIONING_TICKET: ticket });
  await hub.untilConnectors('corp', 1);
  const [alice] = slapd.users.ordinary;
  assert.ok(alice);
  assert.equal((await hub.login('corp', alice.uid, alice.password)).status, 200);

  await connector.stop();
  await hub.untilConnectors('corp', 0);
  await until('the cache answers', async () => (await hub.login('corp', alice.uid, alice.password)).status === 200);
  const administrator = new Client({ url: slapd.url });
  await administrator.bind(slapd.serviceAccount.dn, slapd.serviceAccount.password);
  const attribute = new Attribute({ type: 'userPassword', values: ['New-Passw0rd-after-leak'] });
  await administrator.modify(alice.dn, new Change({ operation: 'replace', modification: attribute }));
  await administrator.unbind();
  connector.start();
  await hub.untilConnectors('corp', 1);
  await untilLogged([hub], /"removed":[12].*Cached credentials checked/);

  await connector.stop();
  await hub.untilConnectors('corp', 0);
  assert.equal((await hub.login('corp', alice.uid, alice.password)).status, 503);
});
