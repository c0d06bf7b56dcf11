/** The domain of the demo, fabrikam.local, with a user for each result of a sign-in. */
import { type Attributes, createDomain, type Domain, type DomainOptions, UAC } from './domain.ts';
import type { BindRefusal } from './results.ts';
import { fileTime } from './time.ts';

export interface FabrikamUser {
  /** The sAMAccountName. */
  name: string;
  cn: string;
  password: string;
  dn: string;
  /** The expected result of a sign-in with that password, for the reader of the demo. */
  expect: string;
  /** Why a bind with that password is refused; undefined if it succeeds. */
  refusal: BindRefusal | undefined;
}

const PASSWORD = 'Passw0rd!';
const DAY_MS = 86_400_000;

/** A GIF of one pixel. Like any picture it is not valid UTF-8. */
const PHOTO = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** @returns the domain and a table of users to try */
export function createFabrikam(options: DomainOptions = {}): { domain: Domain; users: FabrikamUser[] } {
  // The locked account stays locked for as long as the demo runs.
  const domain = createDomain({ dnsName: 'fabrikam.local', lockoutDurationMs: 0, ...options });
  const users: FabrikamUser[] = [];
  const lab = domain.addOrganizationalUnit('Lab');
  const parent = domain.addOrganizationalUnit('People', lab);
  const groups = domain.addOrganizationalUnit('Groups', lab);

  function add(name: string, expect: string, refusal: BindRefusal | undefined, attributes: Attributes, cn = name) {
    const [givenName = name, ...rest] = String(attributes.displayName ?? name).split(' ');
    const user = domain.addUser(name, {
      password: PASSWORD,
      cn,
      parent,
      attributes: { givenName, sn: rest.join(' ') || [], mail: `${name}@${domain.dnsName}`, company: 'Fabrikam', ...attributes },
    });
    users.push({ name, cn, password: PASSWORD, dn: user.dn, expect, refusal });
    return user;
  }

  const longAgo = fileTime(domain.now() - 400 * DAY_MS);
  const bob = add('bob', 'signs in', undefined, { displayName: 'Bob Berg', department: 'Sales', title: 'Director', co: 'Germany' });
  const alice = add('alice', 'signs in; groups nested four deep, some in a circle', undefined, {
    displayName: 'Alice Adams',
    department: 'Engineering',
    title: 'Engineer',
    telephoneNumber: '+49 30 1234567',
    co: 'Germany',
    description: 'Try this user first',
    manager: bob.dn,
    thumbnailPhoto: PHOTO,
  });
  add('pwd-expired', 'refused: password expired', '532', { displayName: 'Paula Past', pwdLastSet: longAgo });
  add('locked', 'refused: account locked', '775', { displayName: 'Louis Locked', lockoutTime: fileTime(domain.now()), badPwdCount: '5' });
  add('disabled', 'refused: account disabled', '533', {
    displayName: 'Dora Disabled',
    userAccountControl: String(UAC.normalAccount | UAC.accountDisabled),
  });
  add('acct-expired', 'refused: account expired', '701', { displayName: 'Axel Expired', accountExpires: longAgo });
  add('must-change', 'refused: must change the password', '773', { displayName: 'Mona Must', pwdLastSet: '0' });
  add('no-logon-hours', 'refused: outside logon hours (reported as a wrong password)', '530', {
    displayName: 'Norah Night',
    logonHours: Buffer.alloc(21),
  });
  add('wrong-workstation', 'refused: another workstation (reported as a wrong password)', '531', {
    displayName: 'Walter Station',
    userWorkstations: 'PC-17',
  });
  add('smartcard-only', 'refused: smart card required (reported as a wrong password)', '52e', {
    displayName: 'Sam Card',
    userAccountControl: String(UAC.normalAccount | UAC.smartcardRequired),
  });
  add('disabled-expired', 'refused: account disabled', '533', {
    displayName: 'Dina Doubly',
    userAccountControl: String(UAC.normalAccount | UAC.accountDisabled),
    accountExpires: longAgo,
  });
  add('pwd-never-expires', 'signs in', undefined, {
    displayName: 'Nora Never',
    userAccountControl: String(UAC.normalAccount | UAC.dontExpirePassword),
    pwdLastSet: longAgo,
  });
  const jmueller = add('jmueller', 'signs in', undefined, { displayName: 'Jörg Müller' }, 'Müller, Jörg (IT) *\\');
  add("o'neil(ext)$$1", 'signs in', undefined, { displayName: "Una O'Neil", mail: 'una.oneil@fabrikam.local' }, "O'Neil, Una (ext)");
  const weird = add('weird', 'signs in', undefined, { displayName: 'Wanda Weird' }, '#Weird + "quoted" <x>; a=b\\c');
  add('ελένη', 'signs in', undefined, { displayName: 'Ελένη Παππά', mail: 'eleni@fabrikam.local' }, 'Ελένη Παππά 🙂');

  const nest = [1, 2, 3, 4].map((level) =>
    domain.addGroup(`nest-${level}`, { parent: groups, attributes: { description: `Level ${level}` } }),
  );
  for (const [index, group] of nest.entries()) domain.addMember(group, nest[index - 1] ?? alice);
  const circleA = domain.addGroup('circle-a', { parent: groups });
  const circleB = domain.addGroup('circle-b', { parent: groups });
  domain.addMember(circleA, circleB, ...nest.slice(-1));
  domain.addMember(circleB, circleA);
  domain.addMember(domain.addGroup('sales', { parent: groups }), bob);
  domain.addMember(domain.addGroup('it (all), *', { cn: 'IT (all), *', parent: groups }), jmueller, weird);
  // The user to try first is the first in the table.
  users.sort((a, b) => Number(b.name === 'alice') - Number(a.name === 'alice'));
  return { domain, users };
}
