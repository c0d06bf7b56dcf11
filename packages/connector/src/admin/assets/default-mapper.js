// Turns a directory entry into the profile that the hub receives. It must set "id", by which applications identify a user.
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
