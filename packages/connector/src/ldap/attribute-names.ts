/**
 * The only place that decides under which names the program sees the attributes of an entry. Names are case-insensitive and may have
 * aliases (RFC 4512, section 2.5): a server may answer `GIVENNAME`, or `surname` to a request for `sn`. Options (`;lang-de`, `;binary`,
 * `;range=0-1499`) make a different attribute, so they are kept.
 */
import { parseDn, type Rdn } from './dn.ts';
import { type Attribute, type Entry, isSecretAttribute } from './entry.ts';
import type { Schema } from './schema.ts';

/** Spellings for servers that publish no schema (RFC 4519, RFC 4524, RFC 2798, RFC 2307, and Active Directory's). */
const SPELLINGS: ReadonlyMap<string, string> = new Map(
  (
    'objectClass displayName givenName employeeNumber employeeType departmentNumber telephoneNumber facsimileTelephoneNumber homePhone ' +
    'homeDirectory homePostalAddress postalAddress postalCode postOfficeBox streetAddress physicalDeliveryOfficeName preferredLanguage ' +
    'businessCategory carLicense roomNumber labeledURI jpegPhoto thumbnailPhoto userCertificate userSMIMECertificate uidNumber gidNumber ' +
    'loginShell memberUid memberOf uniqueMember isMemberOf groupMembership objectGUID objectSid sAMAccountName sAMAccountType ' +
    'userPrincipalName distinguishedName mailNickname proxyAddresses primaryGroupID otherTelephone otherMailbox extensionName entryUUID ' +
    'nsUniqueId ipaUniqueID entryDN createTimestamp modifyTimestamp whenCreated whenChanged userAccountControl accountExpires lastLogon'
  )
    .split(' ')
    .map((name) => [name.toLowerCase(), name]),
);

/** Aliases (RFC 4519; RFC 4524; RFC 2798), by lower-case name. */
const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    commonname: 'cn',
    surname: 'sn',
    gn: 'givenname',
    userid: 'uid',
    rfc822mailbox: 'mail',
    countryname: 'c',
    localityname: 'l',
    stateorprovincename: 'st',
    organizationname: 'o',
    organizationalunitname: 'ou',
    domaincomponent: 'dc',
    friendlycountryname: 'co',
    mobiletelephonenumber: 'mobile',
    pagertelephonenumber: 'pager',
    hometelephonenumber: 'homephone',
    fax: 'facsimiletelephonenumber',
  }),
);

/**
 * @param requested the attributes of the search. An attribute gets the requested spelling, or else the schema's, or else the usual one.
 *   If a search requests two names of one attribute (`cn`, `commonName`), both get its values.
 * @returns renames the attributes of an entry. The value in the entry's RDN comes first, because only the first of several values is used.
 */
export function createNaming(schema: Schema | undefined, requested: readonly string[]): (entry: Entry) => Entry {
  const spellings = new Map<string, string[]>();
  for (const name of requested) {
    if (name === '*' || name === '+' || name === '1.1') continue;
    const key = keyOf(name, schema);
    const known = spellings.get(key) ?? [];
    if (!known.some((other) => other.toLowerCase() === name.toLowerCase())) spellings.set(key, [...known, name]);
  }

  function namesOf({ name }: Attribute): readonly string[] {
    const asked = spellings.get(keyOf(name, schema));
    if (asked !== undefined) return asked;
    const [base, options] = splitOptions(name);
    const [askedBase] = spellings.get(keyOf(base, schema)) ?? [];
    const own = schema?.attributeType(base)?.names[0];
    const lower = base.toLowerCase();
    const usual = ALIASES.get(lower) ?? lower;
    const isUsual = ALIASES.has(lower) || SPELLINGS.has(usual);
    return [(askedBase ?? own ?? (isUsual ? (SPELLINGS.get(usual) ?? usual) : base)) + options];
  }

  return (entry) => {
    const attributes = new Map<string, Attribute>();
    let rdn: readonly Rdn[] | undefined;
    for (const attribute of entry.attributes.values()) {
      const isOctets = schema?.attributeType(splitOptions(attribute.name)[0])?.isOctets ?? attribute.isOctets;
      let { values } = attribute;
      if (values.length > 1) {
        rdn ??= parseDn(entry.dn)?.[0] ?? [];
        const key = keyOf(attribute.name, schema);
        const naming = rdn.find(({ type }) => keyOf(type, schema) === key);
        if (naming !== undefined) values = namingValueFirst(values, naming.value);
      }
      for (const name of namesOf(attribute)) {
        // The server may have returned it under an alias or an OID.
        if (isSecretAttribute(name)) continue;
        const before = attributes.get(name.toLowerCase());
        const all = before === undefined ? values : [...before.values, ...values];
        attributes.set(name.toLowerCase(), { name, values: all, ...(isOctets ? { isOctets } : {}) });
      }
    }
    return { ...entry, attributes };
  };
}

function namingValueFirst(values: readonly Buffer[], value: string): readonly Buffer[] {
  const wanted = comparable(value);
  const index = values.findIndex((candidate) => comparable(candidate.toString()) === wanted);
  const naming = values[index];
  return naming === undefined || index === 0 ? values : [naming, ...values.toSpliced(index, 1)];
}

/** Names compare case-insensitively, with runs of spaces treated as one (RFC 4518, section 2.6.1). */
function comparable(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
}

/** The same key for all names of an attribute, including its options. */
function keyOf(description: string, schema: Schema | undefined): string {
  const [base, options] = splitOptions(description);
  const lower = base.toLowerCase();
  return (schema?.attributeType(lower)?.names[0]?.toLowerCase() ?? ALIASES.get(lower) ?? lower) + options.toLowerCase();
}

function splitOptions(description: string): [base: string, options: string] {
  const at = description.indexOf(';');
  return at < 0 ? [description, ''] : [description.slice(0, at), description.slice(at)];
}
