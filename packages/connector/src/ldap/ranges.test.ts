import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createDomain, type DirectoryServer, startDirectory } from '@landbridge/directory';
import { entry as entryMessage, type LdapServer, result, startLdapServer } from '../../test/ldap-server.ts';
import { type UsersOn, usersOn } from '../../test/users-on.ts';
import type { Entry } from './entry.ts';
import { parseFilter, withValue } from './filter.ts';
import { allValues, isRanged } from './ranges.ts';

const ANY = withValue(parseFilter('(objectClass=*)'), '');
const TIMEOUT = { timeoutMs: 10_000 };

describe('an attribute with more values than the server returns at once', () => {
  let embedded: DirectoryServer;
  let on: UsersOn;
  const domain = createDomain();
  before(async () => {
    const group = domain.addGroup('big');
    for (let i = 0; i < 3210; i++) domain.addMember(group, domain.addUser(`u${i}`));
    embedded = await startDirectory({ domain });
    on = usersOn({ url: embedded.url, serviceAccount: embedded.serviceAccount });
  });
  after(async () => {
    await on?.close();
    await embedded?.stop();
  });

  it('is read range by range, each value once', async () => {
    const base = `CN=big,CN=Users,${embedded.baseDn}`;
    const { entries } = await on.directory.search({ searchBase: base, scope: 'base', filter: ANY, attributes: ['member', 'cn'] });
    const [big] = entries;
    assert.ok(big && isRanged(big, 'member') && !isRanged(big, 'cn'));
    const values = await allValues(on.directory, big, 'member', TIMEOUT);
    assert.equal(values.length, 3210);
    assert.equal(new Set(values.map(String)).size, 3210);
    assert.deepEqual((await allValues(on.directory, big, 'cn', TIMEOUT)).map(String), ['big']);
    assert.deepEqual(await allValues(on.directory, big, 'description', TIMEOUT), []);
  });
});

describe('a server that returns inconsistent ranges', () => {
  /** Answers every search for a range with the entry of that name. */
  async function withServer(name: string, values: string[], run: (on: UsersOn) => Promise<void>): Promise<void> {
    const server: LdapServer = await startLdapServer(({ messageId, operation, bytes, socket }) => {
      if (operation === 0x60) socket.write(result(messageId, 0x61));
      if (operation !== 0x63) return;
      const isPiece = bytes.includes('member;range=');
      const attributes: Record<string, string[]> = isPiece ? { [name]: values } : {};
      socket.write(Buffer.concat([entryMessage(messageId, isPiece ? 'cn=x' : '', attributes), result(messageId, 0x65)]));
    });
    const on = usersOn({ url: server.url, serviceAccount: { dn: 'cn=s', password: 'x' }, searchConnections: 1 });
    try {
      await run(on);
    } finally {
      await on.close();
      await server.close();
    }
  }
  const first: Entry = {
    dn: 'cn=x',
    attributes: new Map([['member;range=0-1', { name: 'member;range=0-1', values: [Buffer.from('a'), Buffer.from('b')] }]]),
  };

  for (const [name, values] of [
    ['member;range=0-1', ['a', 'b']],
    ['member;range=3-*', ['d']],
    ['member;range=2-9', ['c']],
    ['member;range=2-1', []],
  ] as const) {
    it(`causes an error, not an endless loop: ${name}`, async () => {
      await withServer(name, [...values], async (on) => {
        await assert.rejects(allValues(on.directory, first, 'member', TIMEOUT), { code: 'LDAP_PROTOCOL' });
      });
    });
  }

  it('ends the list if the remaining values have been removed', async () => {
    await withServer('other', [], async (on) => {
      assert.deepEqual((await allValues(on.directory, first, 'member', TIMEOUT)).map(String), ['a', 'b']);
    });
  });
});
