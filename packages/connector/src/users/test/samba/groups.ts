/** On a real Active Directory, the walk finds the same groups as the domain controller's in-chain rule, plus the primary group. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { SambaDomainController } from '@landbridge/lab';
import type { Step } from '@landbridge/protocol';
import { login, request, type UsersOn, usersOn } from '../../../../test/users-on.ts';
import type { ConnectorSettings } from '../../../config/settings.ts';
import { primaryGroupSid } from '../../../ldap/active-directory/primary-group.ts';
import { parseFilter, withValue } from '../../../ldap/filter.ts';
import { USER_ATTRIBUTES_FOR_GROUPS } from '../../groups/groups-of.ts';
import { IN_CHAIN_RULE } from '../../queries.ts';

const IN_CHAIN = `(member:${IN_CHAIN_RULE}:={0})`;

export function registerGroupsTests(dc: () => SambaDomainController): void {
  const open: UsersOn[] = [];
  let on: UsersOn;
  function startUsers(settings: Partial<ConnectorSettings> = {}): UsersOn {
    const { ldapsUrl, caPem, serviceAccount } = dc();
    const made = usersOn({ url: ldapsUrl, ca: caPem, serviceAccount }, settings);
    open.push(made);
    return made;
  }
  before(() => {
    on = startUsers();
  });
  after(async () => {
    for (const made of open) await made.close();
  });

  async function search(searchBase: string, filter: string, value: string | Buffer): Promise<string[]> {
    const asked = { searchBase, scope: 'sub' as const, filter: withValue(parseFilter(filter), value), attributes: ['1.1'] };
    return (await on.directory.search(asked)).entries.map(({ dn }) => dn);
  }

  /** The rule takes the server most of a second. */
  const chains = new Map<string, Promise<string[]>>();
  function inChain(dn: string): Promise<string[]> {
    const chain = chains.get(dn) ?? search(dc().baseDn, IN_CHAIN, dn);
    chains.set(dn, chain);
    return chain;
  }

  async function expected(dn: string, below: string): Promise<string[]> {
    const filter = withValue(parseFilter('(objectClass=*)'), '');
    const { entries } = await on.directory.search({ searchBase: dn, scope: 'base', filter, attributes: USER_ATTRIBUTES_FOR_GROUPS });
    const sid = entries[0] && primaryGroupSid(entries[0]);
    assert.ok(sid, `${dn} has a primary group`);
    const [primary] = await search(dc().baseDn, '(objectSid={0})', sid);
    assert.ok(primary);
    const all = new Set([...(await inChain(dn)), primary, ...(await inChain(primary))]);
    return [...all].filter((group) => group.endsWith(`,${below}`)).sort();
  }

  async function found(made: UsersOn, name: string): Promise<string[]> {
    const inspection = await made.users.inspect(name, request());
    assert.ok(inspection?.groups, name);
    return inspection.groups.groups.map(({ dn }) => dn);
  }

  it('are those of the in-chain rule and the primary group, for every user', async () => {
    // One after the other: while the server follows a chain, it may do nothing else.
    for (const { name, dn, groups } of Object.values(dc().users)) {
      const inChain = await expected(dn, dc().baseDn);
      assert.deepEqual((await found(on, name)).sort(), inChain, name);
      assert.ok(inChain.length > groups.length, `${name} has a primary group beside the others`);
    }
  });

  it('outside LDAP_BASE_GROUPS are passed through and not reported', async () => {
    const below = `OU=Groups,OU=Lab,${dc().baseDn}`;
    const made = startUsers({ LDAP_BASE_GROUPS: below.toLowerCase() });
    const { alice, bob, 'own-primary': ownPrimary, turkish } = dc().users;
    for (const { name, dn } of [alice, bob, ownPrimary, turkish]) {
      assert.deepEqual((await found(made, name)).sort(), await expected(dn, below), name);
    }
    const inside = startUsers({ LDAP_BASE_GROUPS: `CN=Builtin,${dc().baseDn}` });
    assert.deepEqual(await found(inside, 'alice'), [`CN=Users,CN=Builtin,${dc().baseDn}`]);
  });

  it('are cached: the next sign-in does not search for them, nor does a query from the settings', async () => {
    const { alice } = dc().users;
    for (const made of [startUsers(), startUsers({ LDAP_SEARCH_GROUPS: IN_CHAIN })]) {
      const outcomes: (string | undefined)[] = [];
      for (let i = 0; i < 2; i++) {
        const steps: Step[] = [];
        const answer = await made.users.authenticate(login(alice.name, dc().password), {
          ...request(),
          onStep: (step) => steps.push(step),
        });
        assert.ok('profile' in answer, JSON.stringify(answer));
        outcomes.push(steps.find(({ name }) => name === 'groups')?.outcome.replace(/^\d+ /, ''));
      }
      assert.deepEqual(outcomes, ['(searched)', '(cached)']);
    }
  });
}
