/** Entries on a real 389 Directory Server, which returns attribute names in the spelling with which they were written. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type NsSlapd, startNsSlapd, whyNoNsSlapd } from '@landbridge/lab';
import { login, request, type UsersOn, usersOn } from '../../test/users-on.ts';

describe('entries on 389 Directory Server', { skip: whyNoNsSlapd() }, () => {
  let server: NsSlapd;
  const open: UsersOn[] = [];
  before(async () => {
    server = await startNsSlapd();
    await server.modify(server.users.active.dn, { GIVENNAME: 'Ada', EmployeeNUMBER: '7' });
  });
  after(async () => {
    for (const one of open) await one.close();
    await server?.[Symbol.asyncDispose]();
  });

  async function profileWith(mapper?: string) {
    const made = usersOn({ url: server.ldapsUrl, ca: server.ca, serviceAccount: server.serviceAccount }, {}, mapper);
    open.push(made);
    const { uid, password } = server.users.active;
    const answer = await made.users.authenticate(login(uid, password), request());
    assert.ok('profile' in answer, JSON.stringify(answer));
    return { profile: answer.profile, rootDse: await made.directory.rootDse() };
  }

  it('have attribute names from the schema if a mapper reads everything, and from the mapper if its source names what it reads', async () => {
    const { profile } = await profileWith('module.exports = function (raw) { return { keys: Object.keys(raw) }; };');
    assert.ok(Array.isArray(profile.keys));
    for (const name of ['givenName', 'employeeNumber', 'objectClass', 'uid']) assert.ok(profile.keys.includes(name), name);
    const open = await profileWith('module.exports = function (raw) { var r = raw; return { a: r.GivenName }; };');
    assert.deepEqual(open.profile, { a: 'Ada' });
    const named = await profileWith('module.exports = function (raw) { return { a: raw.givenname, b: raw.employeenumber }; };');
    assert.deepEqual(named.profile, { a: 'Ada', b: '7' });
    assert.deepEqual((await profileWith()).profile.name, { familyName: server.users.active.uid, givenName: 'Ada' });
  });

  it('come from a recognised product with a published schema', async () => {
    const { rootDse } = await profileWith();
    assert.equal(rootDse.kind, '389-ds');
    assert.match(rootDse.recognition, /^Recognised as 389 Directory Server: vendorName is/);
    assert.equal(rootDse.schema?.attributeType('jpegphoto')?.isOctets, true);
    assert.equal(rootDse.schema?.attributeType('2.5.4.3')?.names[0], 'cn');
  });
});
