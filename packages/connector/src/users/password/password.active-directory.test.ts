/** Passwords in a directory that answers like Active Directory on Windows. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DirectoryServer, startDirectory } from '@landbridge/directory';
import { createCertificateAuthority } from '@landbridge/lab';
import { errorOf, login, ownChange, request, type UsersOn, usersOn } from '../../../test/users-on.ts';

describe('passwords in Active Directory', () => {
  let embedded: DirectoryServer;
  let ca: string;
  const open: UsersOn[] = [];
  before(async () => {
    const authority = await createCertificateAuthority();
    ca = authority.cert;
    embedded = await startDirectory({
      tls: await authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] }),
    });
  });
  after(async () => {
    for (const one of open) await one.close();
    await embedded?.stop();
  });
  function on(settings: Parameters<typeof usersOn>[1] = {}, url = embedded.ldapsUrl): UsersOn {
    assert.ok(url);
    const made = usersOn({ url, ca, serviceAccount: embedded.serviceAccount }, settings);
    open.push(made);
    return made;
  }

  it('are set in unicodePwd by default, and never in clear text', async () => {
    assert.equal(errorOf(await on().users.changePassword(login('bob', 'new-Secret-1'), request())), 'ok');
    const clear = on({}, embedded.url);
    for (const claims of [login('bob', 'new-Secret-2'), ownChange('bob', 'new-Secret-1', 'new-Secret-2')]) {
      assert.match(errorOf(await clear.users.changePassword(claims, request())), /PASSWORD_NOT_ENCRYPTED/);
    }
    assert.equal(errorOf(await on().users.authenticate(login('bob', 'new-Secret-1'), request())), 'ok');
  });

  it('are changed by users with the old one; a wrong one is counted once, and an empty one is not sent', async () => {
    const made = on();
    const change = async (name: string, old: string, fresh: string) =>
      errorOf(await made.users.changePassword(ownChange(name, old, fresh), request()));
    for (const user of embedded.users.filter(({ name }) => ['must-change', 'pwd-expired'].includes(name))) {
      embedded.operations.reset();
      assert.equal(await change(user.name, '', 'new-Secret-3'), 'WrongPassword');
      assert.deepEqual([embedded.operations.counts.modify ?? 0, embedded.badPwdCount(user.name)], [0, 0]);
      assert.equal(await change(user.name, 'wrong', 'new-Secret-3'), 'WrongPassword');
      assert.deepEqual([embedded.operations.counts.modify, embedded.badPwdCount(user.name)], [1, 1]);
      assert.equal(await change(user.name, user.password, 'x'), 'PasswordComplexityError');
      assert.equal(await change(user.name, user.password, 'new-Secret-3'), 'ok');
      assert.equal(errorOf(await made.users.authenticate(login(user.name, 'new-Secret-3'), request())), 'ok');
    }
    assert.equal(await change('locked', 'new-Secret-3', 'new-Secret-4'), 'AccountLocked');
    assert.doesNotMatch(made.lines.join(''), /new-Secret/);
  });

  it('are not sent again if the answer is lost, since a wrong one may have been counted', async () => {
    const made = on();
    await made.directory.rootDse();
    embedded.operations.reset();
    embedded.faults.add({ on: 'modify', times: 1, does: 'cut-answer' });
    assert.match(errorOf(await made.users.changePassword(ownChange('alice', 'wrong', 'new-Secret-5'), request())), /Unexpected Error/);
    assert.equal(embedded.operations.counts.modify, 1);
  });
});
