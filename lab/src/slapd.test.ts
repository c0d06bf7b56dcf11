import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Attribute, Change, Client } from 'ldapts';
import { MANY_VALUES, UTF8_PICTURE } from './people.ts';
import { type Slapd, type SlapdAccount, startSlapd, whyNoSlapd } from './slapd.ts';

const skip = whyNoSlapd();
let slapd: Slapd;

before(async () => {
  if (!skip) slapd = await startSlapd({ serviceAccountResetsPasswords: true });
});
after(() => slapd?.[Symbol.asyncDispose]());

/** Binds, does what is to be done, and closes. */
async function as<T>({ dn, password }: SlapdAccount, work: (client: Client) => Promise<T>, url = slapd.url): Promise<T> {
  const client = new Client({ url, ...(url.startsWith('ldaps:') && { tlsOptions: { ca: slapd.ca } }) });
  try {
    await client.bind(dn, password);
    return await work(client);
  } finally {
    await client.unbind();
  }
}

async function findByUid(account: SlapdAccount, uid: string, attributes?: string[]) {
  const filter = `(uid=${uid.replace(/[\\*()]/g, (c) => `\\${c.charCodeAt(0).toString(16)}`)})`;
  const explicitBufferAttributes = ['jpegPhoto', 'userCertificate;binary'];
  const options = { filter, explicitBufferAttributes, timeLimit: 0, ...(attributes && { attributes }) };
  return (await as(account, (client) => client.search(slapd.baseDn, options))).searchEntries;
}

test('each person is found by the name typed and binds as the DN found', { skip }, async () => {
  const { special, ordinary } = slapd.people;
  const { locked: _locked, expiredPassword: _expired, ...usable } = special;
  for (const person of [...Object.values(usable), ...ordinary.slice(0, 3)]) {
    const [entry, ...more] = await findByUid(slapd.serviceAccount, person.uid);
    assert.ok(entry, person.uid);
    assert.equal(more.length, 0);
    await as({ dn: entry.dn, password: person.password }, async () => {});
    await as(person, async () => {});
    await assert.rejects(
      as({ dn: entry.dn, password: 'wrong' }, async () => {}),
      { code: 49 },
    );
  }
  await assert.rejects(
    as(special.locked, async () => {}),
    { code: 49 },
  );
});

test('attributes have no, one and many values, and bytes stay bytes', { skip }, async () => {
  const { noValue, oneValue, manyValues, binary } = slapd.people.special;
  const descriptions = async (uid: string) => (await findByUid(slapd.serviceAccount, uid, ['description']))[0]?.description;
  assert.deepEqual(await descriptions(noValue.uid), []);
  assert.equal(await descriptions(oneValue.uid), 'only one');
  assert.equal((await descriptions(manyValues.uid))?.length, MANY_VALUES);
  const [entry] = await findByUid(slapd.serviceAccount, binary.uid);
  assert.deepEqual([entry?.jpegPhoto, entry?.['userCertificate;binary']], [UTF8_PICTURE, UTF8_PICTURE]);
});

test('groups by an upward walk over member are those that a person is said to have', { skip }, async () => {
  for (const person of [slapd.people.ordinary[7], slapd.people.special.inCycle]) {
    assert.ok(person);
    const found = new Map<string, string>();
    await as(slapd.serviceAccount, async (client) => {
      const todo = [person.dn];
      for (const dn of todo) {
        const { searchEntries } = await client.search(slapd.baseDn, { filter: `(member=${dn})`, attributes: ['cn'] });
        for (const group of searchEntries) {
          if (found.has(group.dn)) continue;
          found.set(group.dn, String(group.cn));
          todo.push(group.dn);
        }
      }
    });
    assert.deepEqual([...found.values()].sort(), person.groups);
  }
});

test('the service account sees no passwords but may set them; the powerless account and nobody see nothing', { skip }, async () => {
  const person = slapd.people.ordinary[20];
  assert.ok(person);
  const [entry] = await findByUid(slapd.serviceAccount, person.uid);
  assert.equal(entry?.userPassword, undefined);
  const modification = new Attribute({ type: 'userPassword', values: ['the-new-one'] });
  await as(slapd.serviceAccount, (client) => client.modify(person.dn, new Change({ operation: 'replace', modification })));
  await as({ dn: person.dn, password: 'the-new-one' }, async () => {});
  // With no right to see even the base, slapd says that there is no such object.
  await assert.rejects(findByUid(slapd.powerlessAccount, person.uid), { code: 32 });
  const anonymous = new Client({ url: slapd.url });
  await assert.rejects(anonymous.search(slapd.baseDn), { code: 32 });
  await anonymous.unbind();
});

test('LDAPS and StartTLS show a certificate of the authority', { skip }, async () => {
  await as(slapd.serviceAccount, async () => {}, slapd.ldapsUrl);
  const client = new Client({ url: slapd.url });
  await client.startTLS({ ca: slapd.ca });
  await client.bind(slapd.serviceAccount.dn, slapd.serviceAccount.password);
  await client.unbind();
});

test('what was asked is counted by kind and told one by one, over a kill and a restart', { skip }, async () => {
  const person = slapd.people.ordinary[30];
  assert.ok(person);
  const begin = (await slapd.operations()).length;
  await as(slapd.serviceAccount, (client) => client.bind(person.dn, person.password));
  const bindsBefore = (await slapd.counters()).bind ?? 0;
  await assert.rejects(
    as({ ...person, password: 'wrong' }, async () => {}),
    { code: 49 },
  );
  // One more than the wrong one: the connection that reads the counters binds too.
  assert.equal((await slapd.counters()).bind, bindsBefore + 2);
  await slapd.kill();
  await assert.rejects(
    as(person, async () => {}),
    { code: 'ECONNREFUSED' },
  );
  await slapd.start();
  await findByUid(slapd.serviceAccount, person.uid);
  const since = (await slapd.operations()).slice(begin).filter(({ kind }) => kind !== 'unbind');
  assert.deepEqual(
    since.map(({ kind, dn, result, entries }) => ({ kind, dn, result, entries })),
    [
      { kind: 'bind', dn: slapd.serviceAccount.dn, result: 0, entries: undefined },
      { kind: 'bind', dn: person.dn, result: 0, entries: undefined },
      { kind: 'bind', dn: person.dn, result: 49, entries: undefined },
      { kind: 'bind', dn: slapd.serviceAccount.dn, result: 0, entries: undefined },
      { kind: 'search', dn: slapd.baseDn, result: 0, entries: 1 },
    ],
  );
  assert.equal(since.at(-1)?.filter, `(uid=${person.uid})`);
});

test('a directory that demands TLS refuses a bind in clear', { skip }, async () => {
  await using strict = await startSlapd({ users: 1, requireTls: true });
  const client = new Client({ url: strict.url });
  await assert.rejects(client.bind(strict.serviceAccount.dn, strict.serviceAccount.password), { code: 13 });
  await client.unbind();
});
