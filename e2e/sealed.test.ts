/** What an eavesdropper sees between hub and connector behind the end of TLS. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, startConnector, startHub } from './programs.ts';
import { startRelay } from './relay.ts';

test('neither the name nor the password of a user crosses the network in clear text between the two programs', {
  skip: whyNoSlapd(),
}, async () => {
  const heard: Buffer[] = [];
  await using slapd = await startSlapd({ users: 3 });
  await using hub = await startHub();
  await using relay = await startRelay((bytes) => heard.push(bytes));
  const ticket = await hub.createConnection('sealed');
  await using _connector = await startConnector({ ...directoryConfig(slapd, 'plain'), PROVISIONING_TICKET: ticket, HTTP_PROXY: relay.url });
  await hub.untilConnectors('sealed', 1);
  const [user] = slapd.users.ordinary;
  assert.ok(user);
  assert.equal((await hub.login('sealed', user.uid, user.password)).status, 200);
  assert.equal((await hub.login('sealed', user.uid, 'a-wrong-Passw0rd')).status, 401);

  // Server frames are not masked (RFC 6455, section 5.1), and claims are only base64url.
  const text = Buffer.concat(heard).toString('latin1');
  const requests = [...text.matchAll(/"authenticate_user".{0,20}?"jwt":"[\w-]+\.([\w-]+)\./g)].map(([, claims = '']) =>
    JSON.parse(Buffer.from(claims, 'base64url').toString()),
  );
  assert.equal(requests.length, 2);
  for (const claims of requests) assert.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'jti', 'pid', 'sealed']);
});
