import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DirectoryServer, startDirectory } from '@landbridge/directory';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { type UsersOn, usersOn } from '../../test/users-on.ts';
import { type DirectoryFindings, type InspectedSettings, inspectDirectory } from './inspect-directory.ts';

const UNSET: InspectedSettings = { LDAP_BASE: undefined, LDAP_USER_BY_NAME: undefined, LDAP_USER_DN: undefined };
const open: UsersOn[] = [];
after(async () => {
  for (const one of open) await one.close();
});

function inspect(target: Parameters<typeof usersOn>[0], settings: Partial<InspectedSettings> = {}): Promise<DirectoryFindings> {
  const made = usersOn(target);
  open.push(made);
  return inspectDirectory(made.directory, { ...UNSET, ...settings }, new AbortController().signal);
}

describe('inspecting Active Directory', () => {
  let embedded: DirectoryServer;
  before(async () => {
    embedded = await startDirectory();
  });
  after(() => embedded?.stop());

  it('finds the default search base', async () => {
    const { url, serviceAccount } = embedded;
    assert.deepEqual(await inspect({ url, serviceAccount }), {
      product: 'Active Directory',
      searchBase: 'DC=fabrikam,DC=local',
      encrypted: false,
      remarks: [],
    });
    await assert.rejects(inspect({ url, serviceAccount }, { LDAP_BASE: 'DC=nowhere' }), {
      code: 'SEARCH_BASE_UNKNOWN',
      message: /DC=nowhere/,
    });
  });

  it('reports that anonymous searches are rejected', async () => {
    await assert.rejects(inspect({ url: embedded.url, serviceAccount: undefined }), {
      code: 'ANONYMOUS_SEARCH_REFUSED',
      action: /LDAP_BIND_USER/,
    });
  });
});

describe('inspecting OpenLDAP', { skip: whyNoSlapd() }, () => {
  const powerless = 'cn=powerless,ou=accounts,dc=example,dc=org';
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({
      users: 5,
      hideRootDse: true,
      access: `access to dn.base="ou=people,dc=example,dc=org" attrs=entry,objectClass by dn.exact="${powerless}" search by * break
access to dn.subtree="ou=groups,dc=example,dc=org" by anonymous read by * break`,
    });
  });
  after(() => slapd?.[Symbol.asyncDispose]());

  it('requires LDAP_BASE if the root DSE is hidden, and says that the directory is treated like Active Directory', async () => {
    const { url, serviceAccount, baseDn } = slapd;
    await assert.rejects(inspect({ url, serviceAccount }), { code: 'SEARCH_BASE_MISSING' });
    const { remarks, searchBase } = await inspect({ url, serviceAccount }, { LDAP_BASE: baseDn });
    assert.equal(searchBase, baseDn);
    assert.match(remarks.join(), /root DSE.*LDAP_USER_BY_NAME/);
    assert.deepEqual((await inspect({ url, serviceAccount }, { LDAP_BASE: baseDn, LDAP_USER_BY_NAME: '(uid={0})' })).remarks, []);
  });

  it('accepts a base that the account can search below but not read', async () => {
    const { url, powerlessAccount: serviceAccount } = slapd;
    const settings = { LDAP_USER_BY_NAME: '(uid={0})' };
    const { remarks } = await inspect({ url, serviceAccount }, { ...settings, LDAP_BASE: 'ou=people,dc=example,dc=org' });
    assert.match(remarks.join(), /not read that entry/);
    await assert.rejects(inspect({ url, serviceAccount }, { ...settings, LDAP_BASE: 'ou=accounts,dc=example,dc=org' }), {
      code: 'SEARCH_BASE_UNKNOWN',
      action: /to search there/,
    });
  });

  it('tests an anonymous search if anonymous search is enabled', async () => {
    const { url } = slapd;
    const settings = { LDAP_USER_BY_NAME: '(uid={0})' };
    assert.deepEqual(
      (await inspect({ url, serviceAccount: undefined }, { ...settings, LDAP_BASE: 'ou=groups,dc=example,dc=org' })).remarks,
      [],
    );
    await assert.rejects(inspect({ url, serviceAccount: undefined }, { ...settings, LDAP_BASE: 'ou=people,dc=example,dc=org' }), {
      code: 'ANONYMOUS_SEARCH_REFUSED',
      message: /below ou=people/,
    });
  });

  it('searches nothing if only users can search', async () => {
    const { searchBase, remarks } = await inspect({ url: slapd.url, serviceAccount: 'none' }, { LDAP_USER_DN: 'uid={0},ou=people' });
    assert.deepEqual([searchBase, remarks], ['uid={0},ou=people', []]);
  });
});
