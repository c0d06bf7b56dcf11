/** Who a user is: the directory's immutable id, whatever names, addresses and mappers say. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseWithXmldom, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { encodeAnswer } from '@landbridge/protocol';
import { Attribute, Change, Client } from 'ldapts';
import { actionOf, fieldsOf, frontChannelOn, REPLY_TO } from '../../test/front-channel-on.ts';
import { login, request, type UsersOn, usersOn } from '../../test/users-on.ts';

const BASE = 'dc=example,dc=org';
const SAME_ID = 'module.exports = function (raw) { return { id: "everybody", subject: "ceo", entryUUID: raw.entryUUID }; };';
const OUR_HUB = { connection: { realm: 'urn:landbridge:corp' } };

describe('the identity of users on OpenLDAP', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  const open: UsersOn[] = [];
  const on = (...rest: [Parameters<typeof usersOn>[1]?, string?]) => {
    const made = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount }, ...rest);
    open.push(made);
    return made;
  };
  const unit = (ou: string) => ({ dn: `ou=${ou},${BASE}`, attributes: { objectClass: ['organizationalUnit'], ou: [ou] } });
  const user = (dn: string, attributes: Record<string, string[]>) => ({
    dn: `${dn},${BASE}`,
    attributes: { objectClass: ['inetOrgPerson'], sn: ['x'], userPassword: [`password of ${attributes.mail}`], ...attributes },
  });
  before(async () => {
    slapd = await startSlapd({
      users: 1,
      access: `access to attrs=mail by dn.exact="cn=service,ou=accounts,${BASE}" read by self write by * none`,
      entries: [
        ...['sales', 'it'].map(unit),
        user('cn=John Smith,ou=sales', { cn: ['John Smith'], mail: ['js@sales.example'] }),
        user('cn=John Smith,ou=it', { cn: ['John Smith'], mail: ['js@it.example'] }),
        user('uid=admin,ou=sales', { cn: ['Mallory'], uid: ['admin'], mail: ['mallory@sales.example'] }),
        user('uid=admin,ou=it', { cn: ['The admin'], uid: ['admin'], mail: ['admin@it.example'] }),
        user('uid=mallory,ou=sales', { cn: ['Mallory'], uid: ['mallory'], mail: ['mallory@example.org'] }),
        user('uid=ceo,ou=it', { cn: ['The CEO'], uid: ['ceo'], mail: ['ceo@example.org'] }),
      ],
    });
  });
  after(async () => {
    for (const one of open) await one.close();
    await slapd?.[Symbol.asyncDispose]();
  });

  async function signedIn(made: UsersOn, mail: string) {
    const outcome = await made.users.authenticate(login(mail, `password of ${mail}`), request());
    assert.ok('profile' in outcome, JSON.stringify(outcome));
    assert.match(outcome.subject ?? '', /^[0-9a-f-]{36}$/);
    return outcome;
  }

  it('comes with the account name for our hub, regardless of the typed name, and with nothing new for Auth0', async () => {
    const made = on({ LDAP_USER_BY_MAIL: true });
    const outcome = await made.users.authenticate(login('mallory@example.org', 'password of mallory@example.org'), request());
    assert.ok('profile' in outcome);
    const encoded = (knowsSubject: boolean) => JSON.stringify(encodeAnswer('authenticate_user', outcome, () => knowsSubject, []));
    assert.match(encoded(true), /"username":"mallory"/);
    assert.doesNotMatch(encoded(false), /username|accountName/);
  });

  it('differs for two users with the same uid or cn, although Auth0 gets the same id', async () => {
    const made = on({ LDAP_USER_BY_MAIL: true });
    for (const mails of [
      ['js@sales.example', 'js@it.example'],
      ['mallory@sales.example', 'admin@it.example'],
    ]) {
      const [one, other] = await Promise.all(mails.map((mail) => signedIn(made, mail)));
      assert.equal(one?.profile.id, other?.profile.id);
      assert.notEqual(one?.subject, other?.subject);
    }
  });

  it('is the same at every sign-in, for a refused one, and after a rename', async () => {
    const made = on({ LDAP_USER_BY_MAIL: true });
    const { subject } = await signedIn(made, 'admin@it.example');
    const refused = await made.users.authenticate(login('admin@it.example', 'wrong'), request());
    assert.ok('failure' in refused);
    assert.deepEqual([refused.failure.wireName, refused.failure.subject], ['WrongPassword', subject]);
    const found = await made.users.signInVerified({ name: 'admin@it.example' }, request());
    assert.equal('profile' in found && found.subject, subject);
  });

  it('is out of the mapper’s reach, and the mapper does not see more than before', async () => {
    const made = on({ LDAP_USER_BY_MAIL: true }, SAME_ID);
    const [one, other] = [await signedIn(made, 'js@sales.example'), await signedIn(made, 'js@it.example')];
    assert.deepEqual([one.profile, other.profile], Array(2).fill({ id: 'everybody', subject: 'ceo' }));
    assert.notEqual(one.subject, other.subject);
    assert.notEqual(one.subject, 'ceo');
  });

  it('is missing if LDAP_SUBJECT_ATTRIBUTE names an attribute that the entry lacks', async () => {
    const made = on({ LDAP_USER_BY_MAIL: true, LDAP_SUBJECT_ATTRIBUTE: 'employeeNumber' });
    const outcome = await made.users.authenticate(login('js@it.example', 'password of js@it.example'), request());
    assert.ok('profile' in outcome);
    assert.equal(outcome.subject, undefined);
    const front = await frontChannelOn(made.users, { WITH_KERBEROS_PROXY_FRONTEND: true }, OUR_HUB);
    const reply = await front.fillIn(await front.begin({ wtrealm: 'urn:landbridge:corp' }), {
      username: 'js@it.example',
      password: 'password of js@it.example',
    });
    await front.close();
    assert.equal(reply.status, 503);
    assert.ok(front.lines.some((line) => line.includes('SUBJECT_MISSING')));
  });

  it('is in tokens for our hub, and in none for Auth0', async () => {
    const made = on({ LDAP_USER_BY_MAIL: true }, SAME_ID);
    const { subject } = await signedIn(made, 'js@it.example');
    for (const [realm, expected] of [
      ['urn:landbridge:corp', [subject]],
      ['urn:auth0:corp', []],
    ] as const) {
      const front = await frontChannelOn(made.users, { WITH_KERBEROS_PROXY_FRONTEND: true }, { connection: { realm } });
      const reply = await front.fillIn(await front.begin({ wtrealm: realm }), {
        username: 'js@it.example',
        password: 'password of js@it.example',
      });
      await front.close();
      const token = parseWithXmldom(fieldsOf(reply.text).wresult ?? '');
      assert.equal(token.getElementsByTagName('saml:NameIdentifier')[0]?.textContent, 'everybody');
      const attributes = Array.from(token.getElementsByTagName('saml:Attribute'));
      const ours = attributes.filter((one) => one.getAttribute('AttributeNamespace')?.includes('landbridge'));
      assert.deepEqual(
        ours.map((one) => one.textContent),
        expected,
      );
      assert.ok(attributes.some((one) => one.getAttribute('AttributeName') === 'subject' && one.textContent === 'ceo'));
    }
  });

  it('is checked in a session: a user who held another’s address for a moment is not treated as its owner afterwards', async () => {
    const setMail = async (dn: string, password: string, mail: string) => {
      const client = new Client({ url: slapd.url });
      await client.bind(`${dn},${BASE}`, password);
      const modification = new Attribute({ type: 'mail', values: [mail] });
      await client.modify(`${dn},${BASE}`, new Change({ operation: 'replace', modification }));
      await client.unbind();
    };
    const setMalloryMail = (mail: string) => setMail('uid=mallory,ou=sales', 'password of mallory@example.org', mail);
    const made = on({ LDAP_USER_BY_NAME: '(mail={0})' });
    const front = await frontChannelOn(made.users, { WITH_KERBEROS_PROXY_FRONTEND: true });
    // The owner's entry gets the address only later: an address of two users finds none.
    await setMalloryMail('borrowed@example.org');
    const reply = await front.fillIn(await front.begin(), {
      username: 'borrowed@example.org',
      password: 'password of mallory@example.org',
    });
    assert.equal(actionOf(reply.text), REPLY_TO);
    const cookie = String(reply.headers['set-cookie']).split(';')[0] ?? '';
    assert.equal(actionOf((await front.begin({}, { headers: { cookie } })).text), REPLY_TO);
    await setMalloryMail('mallory@example.org');
    await setMail('uid=ceo,ou=it', 'password of ceo@example.org', 'borrowed@example.org');
    const again = await front.begin({}, { headers: { cookie } });
    await front.close();
    assert.notEqual(actionOf(again.text), REPLY_TO);
    assert.match(again.text, /name="password"/);
    assert.ok(front.lines.concat(made.lines).some((line) => line.includes('Session rejected')));
  });
});
