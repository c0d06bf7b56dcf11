// Makes of a directory entry what the hub gets as the profile. It must set "id", by which applications know a person.
module.exports = (raw) => {
  const present = (value) => (value === null || value === '' || (Array.isArray(value) && value.length === 0) ? undefined : value);
  const value = (name) => (Object.hasOwn(raw, name) ? present(raw[name]) : undefined);

  const profile = {
    id: value('objectGUID') ?? value('uid') ?? value('cn'),
    displayName: value('displayName'),
    name: { familyName: value('sn'), givenName: value('givenName') },
    nickname: value('sAMAccountName') ?? value('cn') ?? value('commonName'),
    groups: raw.groups,
    emails: value('mail') === undefined ? undefined : [{ value: value('mail') }],
  };
  const sameName = [
    'dn',
    'st',
    'description',
    'postalCode',
    'telephoneNumber',
    'distinguishedName',
    'co',
    'department',
    'company',
    'mailNickname',
    'sAMAccountName',
    'sAMAccountType',
    'userPrincipalName',
    'manager',
    'organizationUnits',
    'passwordExpiresAt',
    'passwordGraceLogins',
  ];
  for (const name of sameName) if (value(name) !== undefined) profile[name] = value(name);
  return profile;
};
