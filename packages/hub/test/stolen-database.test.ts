import assert from 'node:assert/strict';
import { createHash, createPrivateKey, type JsonWebKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { newTotpSecret } from '../src/administrators/one-time-codes.ts';
import { rotateHubIdentity } from '../src/keys/hub-identity.ts';
import { rotateSigningKeys } from '../src/keys/rotation.ts';
import { rotateProviderKeys } from '../src/oidc/keys.ts';
import { exampleAdministrator } from './administrators-for-test.ts';
import { createApplication } from './application.ts';
import { connect } from './foreign-connector.ts';
import { startHubForTest } from './hub-under-test.ts';
import { operatorForTest } from './operator-for-test.ts';

const PASSWORD = 'Correct-Horse-7';

/** A secret in the forms in which a database could have it: as it is, and in hexadecimal and Base64 at each alignment. */
function formsOf(secret: Buffer): string[] {
  const base64 = [0, 1, 2].flatMap((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), secret]);
    return (['base64', 'base64url'] as const).map((encoding) => shifted.toString(encoding).replace(/=+$/, '').slice(4, -4));
  });
  return [secret.toString('latin1'), secret.toString('hex'), secret.toString('hex').toUpperCase(), ...base64];
}

/** The private numbers of a key, its DER, and each line of its PEM. */
function formsOfKey(pem: string): string[] {
  const key = createPrivateKey(pem);
  const { d, p, q, dp, dq, qi }: JsonWebKey = key.export({ format: 'jwk' });
  const numbers = [d, p, q, dp, dq, qi].filter((number) => number !== undefined);
  const lines = pem.split('\n').filter((line) => line.length > 20 && !line.startsWith('-----'));
  return [...numbers.flatMap((number) => [number, ...formsOf(Buffer.from(number, 'base64url'))]), ...lines.slice(1), 'PRIVATE KEY'];
}

function base32Bytes(text: string): Buffer {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

test('a stolen database, including its side files, contains none of the hub’s secrets in any form', async (t) => {
  const hub = await startHubForTest(t);
  const operator = operatorForTest(hub.store);
  const ticket = await hub.createConnection('other');
  const connector = await connect(await hub.provisioned());
  connector.answerAll(() => ({ profile: { id: 'anna-id', displayName: 'Anna' } }));
  const app = await createApplication(hub, { connections: ['corp'] });
  const { tokens, returned } = await app.signIn({ password: PASSWORD });
  await rotateSigningKeys(operator);
  await rotateProviderKeys(operator);
  await rotateHubIdentity(operator);

  const totpSecret = newTotpSecret();
  const passwordHash = `argon2id$${createHash('sha256').update(PASSWORD).digest('base64url')}`;
  await hub.store.addAdministrator(exampleAdministrator('anna', { id: 'a' }));
  await hub.store.changeAdministrator('a', { passwordHash, totpSecret });
  const formToken = 'form-token-of-a-session';
  const session = { id: 's', administratorId: 'a', stage: 'full', formToken, remoteAddress: undefined, browser: undefined } as const;
  await hub.store.addSession('hash', { ...session, authenticatedAt: new Date(), createdAt: new Date(), lastSeenAt: new Date() });
  const connection = await hub.store.connectionByName('corp');
  const sealed = new Uint8Array(createHash('sha512').update('profile').digest());
  const cached = { connectionId: connection?.id ?? '', userId: '1', salt: new Uint8Array(16), sealed, verifiedAt: new Date() };
  assert.equal(await hub.store.putCachedCredential(cached, 'name', 1), true);

  const stored = await hub.store.administratorById('a');
  assert.deepEqual([stored?.passwordHash, stored?.totpSecret], [passwordHash, totpSecret]);
  assert.deepEqual((await hub.store.cachedCredential(cached.connectionId, 'name'))?.sealed, sealed);
  const signing = await hub.store.signingKeys();
  const oidc = await hub.store.oidcKeys();
  const identity = (await hub.store.hubIdentityKeys()).map(({ privateKeyPem }) => privateKeyPem).filter((pem) => pem !== undefined);
  assert.deepEqual([signing.length, oidc.length, identity.length], [2, 6, 1]);
  const [storedTicket] = await hub.store.tickets((await hub.store.connectionByName('other'))?.id ?? '');
  const texts = {
    'API key': hub.apiKey,
    'client secret': app.secret,
    ticket: ticket.split('/').at(-1),
    'secret of the ticket': ticket.split('/').at(-1)?.split('.')[1],
    'enrolment key': storedTicket?.enrolmentKey,
    'access token': tokens.access_token,
    'refresh token': tokens.refresh_token,
    'authorization code': new URL(returned).searchParams.get('code'),
    'password of a user': PASSWORD,
    'password hash of an administrator': passwordHash,
    'TOTP secret': totpSecret,
    'form token': formToken,
  };
  const secrets: [string, string[]][] = [
    ...Object.entries(texts).map(([name, text]): [string, string[]] => {
      assert.ok(text, name);
      return [name, formsOf(Buffer.from(text))];
    }),
    ['bytes of the TOTP secret', formsOf(base32Bytes(totpSecret))],
    ['cached credential', formsOf(Buffer.from(sealed))],
    ...signing.map((key): [string, string[]] => [`signing key ${key.algorithm}`, formsOfKey(key.privateKeyPem)]),
    ...identity.map((pem): [string, string[]] => ['identity of the hub', formsOfKey(pem)]),
    ...oidc.map(({ purpose, secret }): [string, string[]] => [
      `OpenID key ${purpose}`,
      purpose === 'cookie' ? [...formsOf(Buffer.from(secret)), ...formsOf(Buffer.from(secret, 'base64url'))] : formsOfKey(secret),
    ]),
  ];
  const files = ['', '-wal', '-shm'].map((side) => hub.databasePath + side).filter((path) => existsSync(path));
  assert.equal(files.length, 3);
  const content = files.map((path) => readFileSync(path, 'latin1')).join('\n');
  assert.ok(content.includes('oidc_keys') && content.includes(connection?.id ?? '?'));
  for (const [name, forms] of secrets) {
    for (const form of forms) {
      assert.ok(form.length > 4, `${name}: ${form}`);
      assert.ok(!content.includes(form), `${name} is in the database as ${JSON.stringify(form.slice(0, 60))}`);
    }
  }
});

test('a secret copied to another row is refused', async (t) => {
  const hub = await startHubForTest(t);
  const database = new DatabaseSync(hub.databasePath);
  t.after(() => database.close());
  database.exec("UPDATE oidc_keys SET secret = (SELECT secret FROM oidc_keys WHERE purpose = 'RS256') WHERE purpose = 'ES256'");
  await assert.rejects(hub.store.oidcKeys(), { code: 'SECRET_UNREADABLE' });
  const insert = database.prepare('INSERT INTO administrators (id, name, totp_secret, created_at) VALUES (?, ?, ?, 0)');
  await hub.store.addAdministrator(exampleAdministrator('anna', { id: 'a', totpSecret: newTotpSecret() }));
  insert.run('b', 'bob', database.prepare("SELECT totp_secret FROM administrators WHERE id = 'a'").get()?.totp_secret ?? null);
  assert.ok((await hub.store.administratorById('a'))?.totpSecret);
  await assert.rejects(hub.store.administratorById('b'), { code: 'SECRET_UNREADABLE' });
});
