/** A server that refuses some of our queries for groups. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { entry, type LdapServer, result, startLdapServer } from '../../../test/ldap-server.ts';
import { login, request, type UsersOn, usersOn } from '../../../test/users-on.ts';
import type { ConnectorSettings } from '../../config/settings.ts';

const BASE = 'dc=example,dc=com';
const BOB = `uid=bob,ou=people,${BASE}`;
const USER = { objectClass: ['inetOrgPerson', 'posixAccount'], uid: ['bob'], cn: ['Bob'], gidNumber: ['500'], entryUUID: ['x'] };

/** Written in the search request after the attribute. */
const asks = (bytes: Buffer, attribute: string, value: string) =>
  bytes.includes(`${attribute}\x04${String.fromCharCode(value.length)}${value}`);

describe('a refused query for groups', () => {
  const open: (UsersOn | LdapServer)[] = [];
  after(async () => {
    for (const one of open.reverse()) await one.close();
  });

  /** @param refuses returns the result for a search of groups, 0 to answer it */
  async function signIn(
    refuses: (bytes: Buffer) => number,
    user: Record<string, string[]> = {},
    settings: Partial<ConnectorSettings> = {},
  ) {
    const server = await startLdapServer(({ messageId, operation, bytes, socket }) => {
      const done = (code = 0) => socket.write(result(messageId, 0x65, code, 'Unexpected DN format'));
      const group = (cn: string) => socket.write(entry(messageId, `cn=${cn},ou=groups,${BASE}`, { cn: [cn] }));
      if (operation === 0x60) return void socket.write(result(messageId, 0x61));
      if (operation !== 0x63) return;
      if (bytes.includes('supportedControl') || bytes.includes('\x04\x01*\x04\x01+')) {
        socket.write(entry(messageId, '', { vendorName: ['LLDAP'], namingContexts: [BASE] }));
        return void done();
      }
      if (bytes.includes('mail') && !bytes.includes('groups')) {
        socket.write(entry(messageId, BOB, { ...USER, ...user }));
        return void done();
      }
      const code = refuses(bytes);
      if (code === 0) {
        if (asks(bytes, 'member', BOB)) group('byMember');
        if (asks(bytes, 'memberUid', 'bob')) group('byUid');
        if (asks(bytes, 'gidNumber', '500')) group('primary');
      }
      done(code);
    });
    open.push(server);
    const made = usersOn({ url: server.url, serviceAccount: { dn: 'cn=svc', password: 'svc' } }, settings);
    open.push(made);
    const answer = await made.users.authenticate(login('bob', 'right'), request());
    const groups = 'profile' in answer ? answer.profile.groups : answer;
    const lines = made.lines.filter((line) => line.includes('refuses group searches'));
    return {
      groups: Array.isArray(groups) ? groups.map(String).sort() : groups,
      lines,
      again: () => made.users.authenticate(login('bob', 'right'), request()),
      made,
    };
  }

  for (const code of [2, 11, 16, 17, 18, 21, 34, 50, 53]) {
    it(`with ${code} loses only the groups that it would have found, and logs one line`, async () => {
      const { groups, lines, again, made } = await signIn((bytes) => (asks(bytes, 'memberUid', 'bob') ? code : 0));
      assert.deepEqual(groups, ['byMember', 'primary']);
      assert.equal(lines.length, 1);
      await again();
      assert.equal(made.lines.filter((line) => line.includes('refuses group searches by memberUid')).length, 1);
    });

    it(`with ${code} for the groups of a group loses only those`, async () => {
      const { groups } = await signIn((bytes) =>
        bytes.includes(`cn=byMember,ou=groups`) || bytes.includes('cn=byUid,ou=groups') ? code : 0,
      );
      assert.deepEqual(groups, ['byMember', 'byUid', 'primary']);
    });
  }

  it('leaves the outcome to GROUPS_ON_FAILURE if the server refuses every query', async () => {
    assert.equal((await signIn(() => 50)).groups, undefined);
    const { groups } = await signIn(() => 50, {}, { GROUPS_ON_FAILURE: 'fail' });
    assert.match(JSON.stringify(groups), /insufficientAccessRights/);
  });

  it('keeps the groups that the entry names', async () => {
    for (const [name, value] of [
      ['memberOf', `cn=named,ou=groups,${BASE}`],
      ['ISMEMBEROF', `cn=named,ou=groups,${BASE}`],
      ['groupmembership', `CN=named,ou=groups,${BASE.toUpperCase()}`],
      ['ibm-allGroups', `cn=named, ou=groups, ${BASE}`],
    ] as const) {
      assert.deepEqual((await signIn(() => 50, { [name]: [value] })).groups, ['named'], name);
    }
  });

  for (const code of [3, 51, 52]) {
    it(`with ${code} means that groups cannot be read at the moment`, async () => {
      assert.equal((await signIn((bytes) => (asks(bytes, 'memberUid', 'bob') ? code : 0))).groups, undefined);
    });
  }
});
