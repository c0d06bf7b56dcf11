/**
 * Tickets by Windows, whose functions are a library made for the test: who is taken for whom, what is refused, and that everything is
 * given back. What Windows itself does is not seen here.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, describe, it } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { makeWindowsLibrary, type Script, tokenFor, type WindowsLibrary, whyNoWindowsLibrary } from '../../../test/windows-library.ts';
import type { Acceptor } from './acceptor.ts';
import { openKerberos } from './kerberos.ts';
import { openSspi } from './sspi.ts';

const REALM = 'FABRIKAM.LOCAL';

describe('Windows', { skip: whyNoWindowsLibrary() }, () => {
  let library: WindowsLibrary;
  let acceptor: Acceptor;
  const open = (options: { timeoutMs?: number } = {}) =>
    openSspi({ libraries: { secur32: library.path, netapi32: library.path }, ...options });
  before(async () => {
    library = await makeWindowsLibrary();
    library.setDomain('fabrikam.local');
    acceptor = await open();
  });
  after(() => library?.[Symbol.asyncDispose]());
  afterEach(() => {
    assert.equal(library.outstanding(), 0, 'something was not given back');
    assert.equal(library.mistakes(), 0, 'a function was called as it must not be');
  });
  const { log } = createLog({ level: 'error', format: 'json', destination: { write() {} } });
  const negotiate = async (script: Script, realms?: string[]) => {
    const kerberos = await openKerberos({ keytab: undefined, realms, rule: 'account', debug: false, log, acceptor });
    return kerberos.negotiate(tokenFor(script), { correlationId: 'test' });
  };
  const refusal = async (script: Script, realms?: string[]): Promise<string> => {
    const negotiated = await negotiate(script, realms);
    assert.ok('refused' in negotiated, JSON.stringify(negotiated));
    return negotiated.refused;
  };

  it('says who comes with a ticket, for which service, and what to answer', async () => {
    assert.deepEqual(await acceptor.accept(tokenFor()), {
      principal: `alice@${REALM}`,
      target: `HTTP/sso.fabrikam.local@${REALM}`,
      responseToken: Buffer.from('the end of token'),
    });
    assert.equal((await acceptor.accept(tokenFor({ responseBytes: 0 }))).responseToken, undefined);
    const negotiated = await negotiate({});
    assert.ok(!('refused' in negotiated));
    assert.equal(negotiated.name, 'alice');
  });

  it('reads the longest token to its end, and names in any script', async () => {
    const long = tokenFor({}, Buffer.concat([Buffer.alloc(65_000), Buffer.from('its last 16 byte')]));
    assert.equal((await acceptor.accept(long)).responseToken?.toString(), 'its last 16 byte');
    assert.equal((await acceptor.accept(tokenFor({ user: 'FABRIKAM\\山田', client: `山田@${REALM}` }))).principal, `山田@${REALM}`);
  });

  it('takes service classes in any case, and a service name without a realm', async () => {
    for (const server of ['http/sso.fabrikam.local', 'HTTP/sso', `Http/sso@${REALM}`]) {
      assert.ok(!('refused' in (await negotiate({ server }))), server);
    }
  });

  it('takes the account of the access token, whatever name stands in the ticket', async () => {
    for (const client of [`administrator@${REALM}`, `bob@${REALM}@${REALM}`]) {
      assert.equal((await acceptor.accept(tokenFor({ client, user: 'FABRIKAM\\mallory' }))).principal, `mallory@${REALM}`);
    }
    // Not a name with a realm of its own.
    assert.equal((await acceptor.accept(tokenFor({ user: 'FABRIKAM\\bob@OTHER' }))).principal, `bob\\@OTHER@${REALM}`);
    assert.match(await refusal({ user: 'FABRIKAM\\bob@OTHER' }), /not a user account/);
    assert.match(await refusal({ user: 'FABRIKAM\\PC1$' }), /not a user account/);
  });

  it('trusts the realm of its domain, and not the one that a ticket names for the service', async () => {
    const foreign = { user: 'OTHER\\mallory', client: 'mallory@OTHER.LOCAL', server: 'HTTP/sso.fabrikam.local@OTHER.LOCAL' };
    assert.match(await refusal(foreign), /realm of .* is not trusted \(KERBEROS_REALMS: FABRIKAM\.LOCAL\)/);
    assert.ok(!('refused' in (await negotiate(foreign, ['OTHER.LOCAL']))));
    assert.match(await refusal({}, ['OTHER.LOCAL']), /not trusted \(KERBEROS_REALMS: OTHER\.LOCAL\)/);
  });

  it('refuses NTLM, a package without a name, and half an exchange', async () => {
    assert.match(await refusal({ packageName: 'NTLM' }), /accepted NTLM, and not Kerberos/);
    assert.match(await refusal({ packageName: null }), /something unknown/);
    for (const status of [0x90312, 0x90313, 0x90314]) {
      assert.match(await refusal({ status }), /only the beginning of an exchange/);
    }
  });

  it('refuses whom it cannot name, and a ticket for another service', async () => {
    assert.match(await refusal({ attributes: 0x100002 }), /without a name/);
    for (const user of [null, '', 'alice', '\\alice', 'FABRIKAM\\', 'A\\B\\alice']) {
      assert.match(await refusal({ user }), /Windows names the person/);
    }
    for (const client of [null, '', 'alice', 'alice@']) assert.match(await refusal({ client }), /Windows names the ticket's client/);
    for (const server of [null, '']) assert.match(await refusal({ server }), /does not name the service/);
    for (const server of [`imap/sso@${REALM}`, `HOST/sso@${REALM}`, 'HTTPS/sso', `PC1$@${REALM}`]) {
      assert.match(await refusal({ server }), /not for a web server/);
    }
  });

  it('says what Windows says', async () => {
    assert.equal(await refusal({ status: 0x80090324 }), 'AcceptSecurityContext: SEC_E_TIME_SKEW (0x80090324)');
    assert.equal(await refusal({ status: 0x80099999 }), 'AcceptSecurityContext: error (0x80099999)');
    assert.match(await refusal({ responseBytes: 65_537 }), /SEC_E_BUFFER_TOO_SMALL/);
    for (const failingAttribute of [1, 12, 13]) {
      assert.match(await refusal({ failingAttribute }), /^QueryContextAttributes .*SEC_E_UNSUPPORTED_FUNCTION/);
    }
    await assert.rejects(acceptor.accept(Buffer.from('noise')), /SEC_E_INVALID_TOKEN/);
    await assert.rejects(acceptor.accept(Buffer.alloc(0)));
  });

  it('asks for credentials for each token', async () => {
    library.setAcquireStatus(0x8009030e | 0);
    try {
      assert.match(await refusal({}), /^AcquireCredentialsHandle: SEC_E_NO_CREDENTIALS/);
      await assert.rejects(open(), { code: 'KERBEROS_UNAVAILABLE', message: /does not let the account/ });
    } finally {
      library.setAcquireStatus(0);
    }
    assert.ok(!('refused' in (await negotiate({}))));
  });

  it('does not open on a computer without a domain', async () => {
    library.setDomain('');
    try {
      await assert.rejects(open(), { code: 'KERBEROS_UNAVAILABLE', message: /in no domain/ });
    } finally {
      library.setDomain('fabrikam.local');
    }
  });

  it('takes fifty tickets at once, and leaves a thread to others while Windows thinks', async () => {
    const all = Promise.all(Array.from({ length: 50 }, () => acceptor.accept(tokenFor({ holds: true }))));
    // With all threads taken this would have no end.
    await readFile(import.meta.filename);
    library.release(50);
    for (const { principal } of await all) assert.equal(principal, `alice@${REALM}`);
    assert.ok(library.mostRunning() <= 3);
  });

  it('does not wait for Windows for ever, and gives everything back when it answers after all', async () => {
    const impatient = await open({ timeoutMs: 1 });
    const refused = await Promise.allSettled(Array.from({ length: 5 }, () => impatient.accept(tokenFor({ holds: true }))));
    const reasons = refused.map((one) => (one.status === 'rejected' ? String(one.reason) : 'accepted'));
    assert.deepEqual(
      reasons.map((reason) => /No (answer|turn) within 1 ms/.exec(reason)?.[1]),
      ['answer', 'answer', 'answer', 'turn', 'turn'],
    );
    // The two whose turn did not come are not looked at any more.
    library.release(3);
    while (library.outstanding() > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await acceptor.accept(tokenFor())).principal, `alice@${REALM}`);
  });
});
