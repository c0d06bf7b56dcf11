import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Attribute, Change, Client } from 'ldapts';
import { type Slapd, type SlapdAccount, startSlapd, whyNoSlapd } from './slapd.ts';
import { MANY_VALUES, UTF8_PICTURE } from './users.ts';

const skip = whyNoSlapd();
let slapd: Slapd;

before(async () => {
  if (!skip) slapd = await startSlapd({ serviceAccountResetsPasswords: true });
});
after(() => slapd?.[Symbol.asyncDispose]());

/** Runs `use` on a bound connection. */
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

test('a search by name finds each user, and the user can bind', { skip }, async () => {
  const { special, ordinary } = slapd.users;
  const { locked: _locked, expiredPassword: _expired, ...usable } = special;
  for (const user of [...Object.values(usable), ...ordinary.slice(0, 3)]) {
    const [entry, ...more] = await findByUid(slapd.serviceAccount, user.uid);
    assert.ok(entry, user.uid);
    assert.equal(more.length, 0);
    await as({ dn: entry.dn, password: user.password }, async () => {});
    await as(user, async () => {});
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

test('attributes have no, one or many values, and binary values stay intact', { skip }, async () => {
  const { noValue, oneValue, manyValues, binary } = slapd.users.special;
  const descriptions = async (uid: string) => (await findByUid(slapd.serviceAccount, uid, ['description']))[0]?.description;
  assert.deepEqual(await descriptions(noValue.uid), []);
  assert.equal(await descriptions(oneValue.uid), 'only one');
  assert.equal((await descriptions(manyValues.uid))?.length, MANY_VALUES);
  const [entry] = await findByUid(slapd.serviceAccount, binary.uid);
  assert.deepEqual([entry?.jpegPhoto, entry?.['userCertificate;binary']], [UTF8_PICTURE, UTF8_PICTURE]);
});

test('walking up the member attribute finds the expected groups of each user', { skip }, async () => {
  for (const user of [slapd.users.ordinary[7], slapd.users.special.inCycle]) {
    assert.ok(user);
    const found = new Map<string, string>();
    await as(slapd.serviceAccount, async (client) => {
      const todo = [user.dn];
      for (const dn of todo) {
        const { searchEntries } = await client.search(slapd.baseDn, { filter: `(member=${dn})`, attributes: ['cn'] });
        for (const group of searchEntries) {
          if (found.has(group.dn)) continue;
          found.set(group.dn, String(group.cn));
          todo.push(group.dn);
        }
      }
    });
    assert.deepEqual([...found.values()].sort(), user.groups);
  }
});

test('the service account can set passwords but not read them; the account without permissions and anonymous users see nothing', {
  skip,
}, async () => {
  const user = slapd.users.ordinary[20];
  assert.ok(user);
  const [entry] = await findByUid(slapd.serviceAccount, user.uid);
  assert.equal(entry?.userPassword, undefined);
  const modification = new Attribute({ type: 'userPassword', values: ['the-new-one'] });
  await as(slapd.serviceAccount, (client) => client.modify(user.dn, new Change({ operation: 'replace', modification })));
  await as({ dn: user.dn, password: 'the-new-one' }, async () => {});
  // Without permission to see the base, slapd answers noSuchObject.
  await assert.rejects(findByUid(slapd.powerlessAccount, user.uid), { code: 32 });
  const anonymous = new Client({ url: slapd.url });
  await assert.rejects(anonymous.search(slapd.baseDn), { code: 32 });
  await anonymous.unbind();
});

test('LDAPS and StartTLS present a certificate of the authority', { skip }, async () => {
  await as(slapd.serviceAccount, async () => {}, slapd.ldapsUrl);
  const client = new Client({ url: slapd.url });
  await client.startTLS({ ca: slapd.ca });
  await client.bind(slapd.serviceAccount.dn, slapd.serviceAccount.password);
  await client.unbind();
});

test('operations are counted by kind and listed, even after a kill and a restart', { skip }, async () => {
  const user = slapd.users.ordinary[30];
  assert.ok(user);
  const begin = (await slapd.operations()).length;
  await as(slapd.serviceAccount, (client) => client.bind(user.dn, user.password));
  const bindsBefore = (await slapd.counters()).bind ?? 0;
  await assert.rejects(
    as({ ...user, password: 'wrong' }, async () => {}),
    { code: 49 },
  );
  // One more than the failed one: the connection that reads the counters also binds.
  assert.equal((await slapd.counters()).bind, bindsBefore + 2);
  await slapd.kill();
  await assert.rejects(
    as(user, async () => {}),
    { code: 'ECONNREFUSED' },
  );
  await slapd.start();
  await findByUid(slapd.serviceAccount, user.uid);
  const since = (await slapd.operations()).slice(begin).filter(({ kind }) => kind !== 'unbind');
  assert.deepEqual(
    since.map(({ kind, dn, result, entries }) => ({ kind, dn, result, entries })),
    [
      { kind: 'bind', dn: slapd.serviceAccount.dn, result: 0, entries: undefined },
      { kind: 'bind', dn: user.dn, result: 0, entries: undefined },
      { kind: 'bind', dn: user.dn, result: 49, entries: undefined },
      { kind: 'bind', dn: slapd.serviceAccount.dn, result: 0, entries: undefined },
      { kind: 'search', dn: slapd.baseDn, result: 0, entries: 1 },
    ],
  );
  assert.equal(since.at(-1)?.filter, `(uid=${user.uid})`);
});

test('a directory that requires TLS rejects an unencrypted bind', { skip }, async () => {
  await using strict = await startSlapd({ users: 1, requireTls: true });
  const client = new Client({ url: strict.url });
  await assert.rejects(client.bind(strict.serviceAccount.dn, strict.serviceAccount.password), { code: 13 });
  await client.unbind();
});
