/** X-Forwarded-User with a real OpenLDAP: only a trusted proxy may set it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Slapd, type SlapdUser, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { type FrontChannelOn, fieldsOf, frontChannelOn } from '../../../test/front-channel-on.ts';
import { type UsersOn, usersOn } from '../../../test/users-on.ts';

describe('X-Forwarded-User', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  let made: UsersOn;
  let user: SlapdUser;
  const open: FrontChannelOn[] = [];
  before(async () => {
    slapd = await startSlapd({ users: 3 });
    made = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount });
    const [found] = slapd.users.ordinary;
    assert.ok(found);
    user = found;
  });
  after(async () => {
    for (const one of open) await one.close();
    await made?.close();
    await slapd?.[Symbol.asyncDispose]();
  });
  async function on(settings: Record<string, unknown>): Promise<FrontChannelOn> {
    const opened = await frontChannelOn(made.users, { WITH_KERBEROS_PROXY_FRONTEND: true, ...settings });
    open.push(opened);
    return opened;
  }
  const outcome = (front: FrontChannelOn, value: string) => outcomeOf(front, { 'X-Forwarded-User': value });
  const outcomeOf = async (front: FrontChannelOn, headers: Record<string, string>) => {
    const { wresult } = fieldsOf((await front.begin({}, { headers })).text);
    return wresult === undefined ? 'form' : (/<saml:NameIdentifier[^>]*>([^<]*)</.exec(wresult)?.[1] ?? wresult);
  };

  it('signs the user in, in each of its forms, if the domain is trusted', async () => {
    const front = await on({ TRUSTED_PROXIES: '127.0.0.1', KERBEROS_REALMS: 'EXAMPLE.ORG,EXAMPLE' });
    for (const value of [user.uid, `${user.uid}@EXAMPLE.ORG`, `EXAMPLE\\${user.uid}`]) {
      assert.equal(await outcome(front, value), user.uid, value);
    }
    for (const value of [`${user.uid}@OTHER.ORG`, `OTHER\\${user.uid}`, 'nobody', '*', '(null)', `${user.uid})(uid=*`]) {
      assert.equal(await outcome(front, value), 'form', value);
    }
    assert.equal(await outcome(front, slapd.users.special.locked.uid), 'form');
    assert.ok(front.lines.some((line) => line.includes('AccountLocked')));
  });

  it('may be X-IISNode-Logon_User, which X-Forwarded-User overrides', async () => {
    const front = await on({ TRUSTED_PROXIES: '127.0.0.1', KERBEROS_REALMS: 'EXAMPLE' });
    const iis = { 'X-IISNode-Logon_User': `EXAMPLE\\${user.uid}` };
    assert.equal(await outcomeOf(front, iis), user.uid);
    assert.equal(await outcomeOf(front, { ...iis, 'X-Forwarded-User': '(null)' }), 'form');
    assert.equal(await outcomeOf(await on({ KERBEROS_REALMS: 'EXAMPLE' }), iis), 'form');
  });

  it('with a domain finds no user if KERBEROS_REALMS is not set', async () => {
    const front = await on({ TRUSTED_PROXIES: '127.0.0.1' });
    assert.equal(await outcome(front, user.uid), user.uid);
    for (const value of [`${user.uid}@EXAMPLE.ORG`, `EXAMPLE\\${user.uid}`]) assert.equal(await outcome(front, value), 'form', value);
  });

  it('is ignored from untrusted clients, and if no proxy does Kerberos', async () => {
    assert.equal(await outcome(await on({}), user.uid), 'form');
    assert.equal(await outcome(await on({ TRUSTED_PROXIES: '127.0.0.2' }), user.uid), 'form');
    assert.equal(await outcome(await on({ TRUSTED_PROXIES: '127.0.0.1', WITH_KERBEROS_PROXY_FRONTEND: false }), user.uid), 'form');
  });
});
