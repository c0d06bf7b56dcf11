/** Guessing does not lock accounts: by several names, through both ways to sign in, at the same time and one after the other. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { createDomain, type DirectoryServer, type DirectoryServerOptions, type DomainOptions, startDirectory } from '@landbridge/directory';
import { createCertificateAuthority } from '@landbridge/lab';
import { createLog } from '@landbridge/runtime';
import { errorOf, login, ownChange, request, type UsersOn, usersOn } from '../../../test/users-on.ts';
import type { ConnectorSettings } from '../../config/settings.ts';
import { createAttempts } from '../../frontchannel/attempts.ts';
import { createPasswordAttempt } from '../../frontchannel/password-attempt.ts';
import { serverAddress } from '../../ldap/connect.ts';
import { createConnectorSignInEvents } from '../sign-in-events.ts';

const NAMES = ['asmith', 'alice.smith@fabrikam.com', 'alice@fabrikam.com', 'a.smith@fabrikam.com', 'sales-lead@fabrikam.com'];
const PASSWORD = 'Passw0rd!';
const MINUTE_MS = 60_000;
const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

async function start(options: DomainOptions = {}, serverOptions: DirectoryServerOptions = {}): Promise<DirectoryServer> {
  const domain = createDomain({ dnsName: 'fabrikam.local', ...options });
  const proxyAddresses = ['SMTP:alice@fabrikam.com', 'smtp:a.smith@fabrikam.com', 'smtp:sales-lead@fabrikam.com'];
  const attributes = { userPrincipalName: 'alice.smith@fabrikam.com', mail: 'alice@fabrikam.com', proxyAddresses };
  domain.addUser('asmith', { password: PASSWORD, attributes });
  const server = await startDirectory({ domain, ...serverOptions });
  opened.push(() => server.stop());
  return server;
}

function connect(
  server: DirectoryServer,
  settings: Partial<ConnectorSettings> = {},
  target: Partial<Parameters<typeof usersOn>[0]> = {},
  mapperSource?: string,
): UsersOn {
  const { url, serviceAccount } = server;
  const made = usersOn({ url, serviceAccount, ...target }, { LDAP_USER_BY_MAIL: true, ...settings }, mapperSource);
  opened.push(() => made.close());
  return made;
}

/** The failure’s code and how long to wait; `ok` without one. */
async function tryPassword(made: UsersOn, name: string, password: string) {
  const outcome = await made.users.authenticate(login(name, password), request());
  return 'failure' in outcome ? outcome.failure : { code: 'ok', retryAfterSeconds: undefined };
}

/** A sign-in at a computer in the domain: nothing holds it back. */
const atTheDesk = async (server: DirectoryServer, password = PASSWORD) =>
  (await tryPassword(connect(server, { LOCKOUT_RESERVE: 0 }), 'asmith', password)).code;

describe('the reserve before a lockout', () => {
  it('is kept from parallel guesses by all names, through two connectors and both ways to sign in', async () => {
    const server = await start();
    const [one, other] = [connect(server), connect(server)];
    const signIns = createConnectorSignInEvents(log);
    const form = createPasswordAttempt({ users: other.users, signIns, attempts: createAttempts(), log });
    await Promise.all(
      NAMES.flatMap((username) =>
        [0, 1, 2, 3].flatMap((n) => [
          tryPassword(one, username, `hub-${username}-${n}`),
          form({ username, password: `form-${username}-${n}`, address: '10.0.0.9' }, request()),
        ]),
      ),
    );
    // Both may have read a count of 2 and tried one password each.
    assert.ok([3, 4].includes(server.badPwdCount('asmith')), String(server.badPwdCount('asmith')));
    assert.equal(await atTheDesk(server), 'ok');
  });

  it('is kept from guesses one after the other, with the right password among them', async () => {
    const server = await start();
    const [one, other] = [connect(server), connect(server)];
    const answers = [];
    for (const name of NAMES) for (const made of [one, other]) answers.push((await tryPassword(made, name, `wrong-${name}`)).code);
    assert.deepEqual(answers, [...Array(3).fill('invalid_credentials'), ...Array(7).fill('too_many_attempts')]);
    assert.equal((await tryPassword(one, 'asmith', PASSWORD)).code, 'too_many_attempts');
    assert.equal(server.operations.bindAttempts('asmith'), 3);
    assert.equal(await atTheDesk(server), 'ok');
    assert.equal((await tryPassword(one, 'asmith', PASSWORD)).code, 'ok', 'the directory has forgotten the wrong ones');
  });

  it('is kept to the attempt by one connector', async () => {
    const server = await start();
    const made = connect(server);
    const answers = await Promise.all(NAMES.flatMap((name) => [0, 1, 2, 3].map((n) => tryPassword(made, name, `${name}-${n}`))));
    assert.equal(answers.filter(({ code }) => code === 'invalid_credentials').length, 3);
    assert.equal(answers.filter(({ code }) => code === 'too_many_attempts').length, 17);
    assert.equal(server.badPwdCount('asmith'), 3);
  });

  it('counts wrong old passwords of a change', async () => {
    const tls = await (await createCertificateAuthority()).issue({ commonName: 'dc1' });
    const server = await start({}, { tls: { key: tls.key, cert: tls.cert }, insecurePasswordChanges: true });
    assert.ok(server.ldapsUrl);
    const made = connect(server, {}, { url: server.ldapsUrl, tls: { ca: undefined, insecureSkipVerify: true } });
    const answers = await Promise.all(
      NAMES.flatMap((name) =>
        [0, 1].map(async (n) => errorOf(await made.users.changePassword(ownChange(name, `old-${n}`, 'N3w-secret!'), request()))),
      ),
    );
    assert.deepEqual(new Set(answers), new Set(['WrongPassword']));
    assert.equal(server.badPwdCount('asmith'), 3);
    assert.equal(await atTheDesk(server), 'ok');
  });

  it('is free again when the directory forgets the wrong passwords', async () => {
    let agoMs = 29 * MINUTE_MS;
    const server = await start({ now: () => Date.now() - agoMs });
    const made = connect(server);
    for (let n = 0; n < 3; n++) await tryPassword(made, 'asmith', `wrong-${n}`);
    agoMs = 0;
    const { code, retryAfterSeconds } = await tryPassword(made, 'asmith', PASSWORD);
    assert.equal(code, 'too_many_attempts');
    assert.ok(retryAfterSeconds !== undefined && retryAfterSeconds > 60 && retryAfterSeconds <= 70, String(retryAfterSeconds));

    const forgotten = await start({ now: () => Date.now() - 31 * MINUTE_MS });
    const later = connect(forgotten);
    // Only here it has been half an hour since.
    for (let n = 0; n < 5; n++) assert.equal((await tryPassword(later, 'asmith', `wrong-${n}`)).code, 'invalid_credentials');
  });

  it('is as large as the setting, and never takes the last attempt', async () => {
    for (const [lockoutThreshold, LOCKOUT_RESERVE, tried] of [
      [5, 0, 5],
      [5, 1, 4],
      [5, 4, 1],
      [2, 2, 1],
      [1, 2, 1],
      [0, 2, 9],
    ] as const) {
      const server = await start({ lockoutThreshold });
      const made = connect(server, { LOCKOUT_RESERVE });
      for (let n = 0; n < 9; n++) await tryPassword(made, 'asmith', `wrong-${n}`);
      assert.equal(server.badPwdCount('asmith'), tried, `${lockoutThreshold} ${LOCKOUT_RESERVE}`);
    }
  });

  it('is the one on the server that gets the password', async () => {
    const [first, second] = [await start(), await start()];
    const made = connect(first, {}, { servers: [first, second].map(({ url }) => serverAddress(url, 'none')) });
    await made.directory.rootDse();
    const desk = connect(second, { LOCKOUT_RESERVE: 0 });
    for (let n = 0; n < 3; n++) await tryPassword(desk, 'asmith', `wrong-${n}`);
    const context = request();
    context.onStep = ({ name }) => {
      if (name === 'find') void first.stop();
    };
    const outcome = await made.users.authenticate(login('asmith', 'wrong'), context);
    assert.ok('failure' in outcome);
    assert.equal(second.badPwdCount('asmith'), 3, JSON.stringify(outcome.failure));
    assert.equal(outcome.failure.code, 'too_many_attempts');
  });

  it('costs no operation unless a wrong password is counted', async () => {
    const server = await start();
    const made = connect(server);
    await tryPassword(made, 'asmith', PASSWORD);
    server.operations.reset();
    for (let n = 0; n < 3; n++) assert.equal((await tryPassword(made, 'asmith', PASSWORD)).code, 'ok');
    assert.deepEqual([server.operations.counts.search, server.operations.counts.bind], [3, 3]);
  });

  it('does not hide that an account is locked', async () => {
    const server = await start();
    for (let n = 0; n < 5; n++) await atTheDesk(server, `wrong-${n}`);
    assert.equal((await tryPassword(connect(server), 'asmith', PASSWORD)).code, 'account_locked');
  });

  it('is a wrong password to Auth0 and to the user’s profile, and the truth in the log', async () => {
    const server = await start();
    const made = connect(server);
    for (let n = 0; n < 3; n++) await tryPassword(made, 'asmith', `wrong-${n}`);
    const outcome = await made.users.authenticate(login('asmith', PASSWORD), request());
    assert.equal(errorOf(outcome), 'WrongPassword');
    assert.ok(
      made.lines.some((line) => line.includes('Password not tried') && line.includes('"failures":3') && line.includes('"maxFailures":5')),
    );
    const signedIn = await connect(
      await start(),
      {},
      {},
      'module.exports = (raw, callback) => callback(null, { id: 1, keys: Object.keys(raw) })',
    ).users.authenticate(login('asmith', PASSWORD), request());
    assert.ok('profile' in signedIn);
    assert.doesNotMatch(JSON.stringify(signedIn.profile), /computed|resultant/i);
  });
});
