/**
 * Tickets with SSPI, on a fake of the Windows libraries: which user a ticket stands for, what is rejected, and that everything is freed. Windows
 * itself is not tested here.
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
    assert.equal(library.outstanding(), 0, 'something was not freed');
    assert.equal(library.mistakes(), 0, 'a function was called incorrectly');
  });
  const { log } = createLog({ level: 'error', format: 'json', destination: { write() {} } });
  const negotiate = async (script: Script, realms?: string[]) => {
    const kerberos = await openKerberos({ keytab: undefined, realms, rule: 'account', debug: false, log, acceptor });
    return kerberos.negotiate(tokenFor(script), { correlationId: 'test' });
  };
  const rejection = async (script: Script, realms?: string[]): Promise<string> => {
    const negotiated = await negotiate(script, realms);
    assert.ok('refused' in negotiated, JSON.stringify(negotiated));
    return negotiated.refused;
  };

  it('returns user, service and response token of a ticket', async () => {
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

  it('reads the longest token completely, and names in any script', async () => {
    const long = tokenFor({}, Buffer.concat([Buffer.alloc(65_000), Buffer.from('its last 16 byte')]));
    assert.equal((await acceptor.accept(long)).responseToken?.toString(), 'its last 16 byte');
    assert.equal((await acceptor.accept(tokenFor({ user: 'FABRIKAM\\山田', client: `山田@${REALM}` }))).principal, `山田@${REALM}`);
  });

  it('accepts service classes in either case, and service names without a realm', async () => {
    for (const server of ['http/sso.fabrikam.local', 'HTTP/sso', `Http/sso@${REALM}`]) {
      assert.ok(!('refused' in (await negotiate({ server }))), server);
    }
  });

  it('uses the account of the access token, whatever name the ticket has', async () => {
    for (const client of [`administrator@${REALM}`, `bob@${REALM}@${REALM}`]) {
      assert.equal((await acceptor.accept(tokenFor({ client, user: 'FABRIKAM\\mallory' }))).principal, `mallory@${REALM}`);
    }
    // The realm in the account name is escaped.
    assert.equal((await acceptor.accept(tokenFor({ user: 'FABRIKAM\\bob@OTHER' }))).principal, `bob\\@OTHER@${REALM}`);
    assert.match(await rejection({ user: 'FABRIKAM\\bob@OTHER' }), /not a user account/);
    assert.match(await rejection({ user: 'FABRIKAM\\PC1$' }), /not a user account/);
  });

  it('trusts the realm of its domain, not the service realm in the ticket', async () => {
    const foreign = { user: 'OTHER\\mallory', client: 'mallory@OTHER.LOCAL', server: 'HTTP/sso.fabrikam.local@OTHER.LOCAL' };
    assert.match(await rejection(foreign), /realm of .* is not trusted \(KERBEROS_REALMS: FABRIKAM\.LOCAL\)/);
    assert.ok(!('refused' in (await negotiate(foreign, ['OTHER.LOCAL']))));
    assert.match(await rejection({}, ['OTHER.LOCAL']), /not trusted \(KERBEROS_REALMS: OTHER\.LOCAL\)/);
  });

  it('rejects NTLM, unnamed packages and incomplete exchanges', async () => {
    assert.match(await rejection({ packageName: 'NTLM' }), /accepted NTLM instead of Kerberos/);
    assert.match(await rejection({ packageName: null }), /an unknown package/);
    for (const status of [0x90312, 0x90313, 0x90314]) {
      assert.match(await rejection({ status }), /only begins an exchange/);
    }
  });

  it('rejects tickets without a usable name, and for other services', async () => {
    assert.match(await rejection({ attributes: 0x100002 }), /anonymous/);
    for (const user of [null, '', 'alice', '\\alice', 'FABRIKAM\\', 'A\\B\\alice']) {
      assert.match(await rejection({ user }), /Windows gives the user as/);
    }
    for (const client of [null, '', 'alice', 'alice@']) assert.match(await rejection({ client }), /Windows gives the ticket's client as/);
    for (const server of [null, '']) assert.match(await rejection({ server }), /does not give the service/);
    for (const server of [`imap/sso@${REALM}`, `HOST/sso@${REALM}`, 'HTTPS/sso', `PC1$@${REALM}`]) {
      assert.match(await rejection({ server }), /not for a web server/);
    }
  });

  it('reports the error of Windows', async () => {
    assert.equal(await rejection({ status: 0x80090324 }), 'AcceptSecurityContext: SEC_E_TIME_SKEW (0x80090324)');
    assert.equal(await rejection({ status: 0x80099999 }), 'AcceptSecurityContext: error (0x80099999)');
    assert.match(await rejection({ responseBytes: 65_537 }), /SEC_E_BUFFER_TOO_SMALL/);
    for (const failingAttribute of [1, 12, 13]) {
      assert.match(await rejection({ failingAttribute }), /^QueryContextAttributes .*SEC_E_UNSUPPORTED_FUNCTION/);
    }
    await assert.rejects(acceptor.accept(Buffer.from('noise')), /SEC_E_INVALID_TOKEN/);
    await assert.rejects(acceptor.accept(Buffer.alloc(0)));
  });

  it('acquires credentials for each token', async () => {
    library.setAcquireStatus(0x8009030e | 0);
    try {
      assert.match(await rejection({}), /^AcquireCredentialsHandle: SEC_E_NO_CREDENTIALS/);
      await assert.rejects(open(), { code: 'KERBEROS_UNAVAILABLE', message: /does not let the account/ });
    } finally {
      library.setAcquireStatus(0);
    }
    assert.ok(!('refused' in (await negotiate({}))));
  });

  it('does not open on a computer without a domain', async () => {
    library.setDomain('');
    try {
      await assert.rejects(open(), { code: 'KERBEROS_UNAVAILABLE', message: /not in a domain/ });
    } finally {
      library.setDomain('fabrikam.local');
    }
  });

  it('accepts fifty tickets at once and leaves a pool thread to others', async () => {
    const all = Promise.all(Array.from({ length: 50 }, () => acceptor.accept(tokenFor({ holds: true }))));
    // This would never end with all threads busy.
    await readFile(import.meta.filename);
    library.release(50);
    for (const { principal } of await all) assert.equal(principal, `alice@${REALM}`);
    assert.ok(library.mostRunning() <= 3);
  });

  it('stops waiting after the timeout, and frees everything when Windows answers later', async () => {
    const impatient = await open({ timeoutMs: 1 });
    const refused = await Promise.allSettled(Array.from({ length: 5 }, () => impatient.accept(tokenFor({ holds: true }))));
    const reasons = refused.map((one) => (one.status === 'rejected' ? String(one.reason) : 'accepted'));
    assert.deepEqual(
      reasons.map((reason) => /(no answer from Windows|not started) within 1 ms/.exec(reason)?.[1]),
      [...Array(3).fill('no answer from Windows'), ...Array(2).fill('not started')],
    );
    // The two that were not started never run.
    library.release(3);
    while (library.outstanding() > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await acceptor.accept(tokenFor())).principal, `alice@${REALM}`);
  });
});
