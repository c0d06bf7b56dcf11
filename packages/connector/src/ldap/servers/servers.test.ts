/** Which of several servers is asked, with scripted servers. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLog } from '@landbridge/runtime';
import { type Asked, entry, type LdapServer, reference, referral, result, startLdapServer } from '../../../test/ldap-server.ts';
import { serverAddress } from '../connect.ts';
import { type Directory, type DirectoryOptions, openDirectory } from '../directory.ts';
import { LdapError } from '../errors.ts';
import { parseFilter, withValue } from '../filter.ts';
import type { SearchRequest } from '../messages.ts';

const REQUEST: SearchRequest = { searchBase: 'dc=x', scope: 'sub', filter: withValue(parseFilter('(cn=a)'), ''), attributes: ['*'] };
const BIND = 0x60;
const SEARCH = 0x63;

const servers: LdapServer[] = [];
let directory: Directory | undefined;
let lines: string[] = [];
afterEach(async () => {
  directory?.close();
  for (const server of servers.splice(0)) await server.close();
});

async function serve(onAsked: (asked: Asked) => void): Promise<LdapServer> {
  const server = await startLdapServer(onAsked);
  servers.push(server);
  return server;
}

function open(urls: string[], options: Partial<DirectoryOptions> = {}): Directory {
  lines = [];
  const { log } = createLog({ level: 'debug', format: 'json', destination: { write: (line) => lines.push(line) } });
  directory = openDirectory({
    servers: urls.map((url) => serverAddress(url, 'none')),
    tls: { ca: undefined, insecureSkipVerify: false },
    serviceAccount: { dn: 'cn=service', password: 'service-password' },
    searchConnections: 1,
    bindConnections: 2,
    connectTimeoutMs: 10_000,
    operationTimeoutMs: 20_000,
    queueTimeoutMs: 10_000,
    heartbeatMs: 60_000,
    heartbeatFilter: undefined,
    heartbeatSearchBase: undefined,
    returnAfterMs: 50,
    log,
    ...options,
  });
  return directory;
}

/** Like a directory with one entry, named after the server. */
function answer({ messageId, operation, socket, bytes }: Asked, name = 'a', rootDse: Record<string, string[]> = {}): void {
  if (operation === BIND) socket.write(result(messageId, 0x61, bytes.includes('wrong') ? 49 : 0));
  else if (operation === SEARCH) {
    const found = bytes.includes('dc=x') ? entry(messageId, `cn=${name},dc=x`) : entry(messageId, '', rootDse);
    socket.write(Buffer.concat([found, result(messageId, 0x65)]));
  }
}

const isUserBind = ({ operation, bytes }: Asked) => operation === BIND && bytes.includes('user');
const isRequest = ({ operation, bytes }: Asked) => operation === SEARCH && bytes.includes('dc=x');
const isServiceBind = ({ operation, bytes }: Asked) => operation === BIND && bytes.includes('service-password');

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `waited in vain until ${what}`);
    await delay(5);
  }
}

const states = () => directory?.status().servers.map(({ state }) => state);
const inUse = () => directory?.status().servers.findIndex((server) => server.inUse);
const bothHealthy = () => until('both are connected', () => states()?.every((state) => state === 'healthy') === true);
const names = async () => (await directory?.search(REQUEST))?.entries.map(({ dn }) => dn);
const said = (what: RegExp) => lines.filter((line) => what.test(line)).length;

describe('several servers', () => {
  it('are used in their order, with the second connected and left alone', async () => {
    const [first, second] = [await serve(answer), await serve(answer)];
    open([first.url, second.url]);
    await bothHealthy();
    for (let i = 0; i < 5; i++) await directory?.search(REQUEST);
    await directory?.bind('cn=user', 'password');
    assert.equal(second.asked.filter((asked) => isRequest(asked) || isUserBind(asked)).length, 0);
    assert.equal(first.asked.filter(isUserBind).length, 1);
  });

  it('take over from one that accepts requests but answers none, without repeating its bind', async () => {
    let silent = false;
    const held: Asked[] = [];
    const first = await serve((asked) => (silent ? held.push(asked) : answer(asked)));
    const second = await serve((asked) => answer(asked, 'b'));
    open([first.url, second.url], { operationTimeoutMs: 4000, heartbeatMs: 20 });
    await bothHealthy();
    silent = true;
    const bind = directory?.bind('cn=user', 'wrong', { timeoutMs: 20_000 });
    await until('the bind has arrived', () => held.some(isUserBind));
    assert.deepEqual(await names(), ['cn=b,dc=x']);
    assert.equal((await directory?.bind('cn=other user', 'password'))?.resultCode, 0);
    assert.equal(inUse(), 1);
    silent = false;
    for (const asked of held.filter(isUserBind)) answer(asked);
    assert.equal((await bind)?.resultCode, 49);
    assert.equal(first.asked.filter(isUserBind).length, 1);
    assert.equal(second.asked.filter(isUserBind).length, 1);
  });

  it('wait for a slow one that still answers', async () => {
    const first = await serve((asked) => {
      if (isRequest(asked)) setTimeout(answer, 1500, asked);
      else answer(asked);
    });
    const second = await serve((asked) => answer(asked, 'b'));
    open([first.url, second.url], { operationTimeoutMs: 10_000 });
    await bothHealthy();
    assert.deepEqual(await names(), ['cn=a,dc=x']);
    assert.equal(second.asked.filter(isRequest).length, 0);
  });

  it('go back to the first when it has been healthy for a while, and log both once', async () => {
    let first = await serve(answer);
    const second = await serve((asked) => answer(asked, 'b'));
    open([first.url, second.url], { returnAfterMs: 200 });
    await bothHealthy();
    const port = Number(new URL(first.url).port);
    await first.close();
    await until('the second is used', () => inUse() === 1);
    assert.deepEqual(await names(), ['cn=b,dc=x']);
    assert.equal(directory?.status().servers[0]?.state, 'unreachable');
    assert.match(String(directory?.status().servers[0]?.error), /127\.0\.0\.1/);
    first = await startLdapServer(answer, port);
    servers.push(first);
    await until('the first is connected', () => states()?.[0] === 'standby');
    assert.equal(inUse(), 1);
    await until('the first is used', () => inUse() === 0);
    assert.deepEqual(await names(), ['cn=a,dc=x']);
    assert.deepEqual([said(/failed; .* takes over/), said(/healthy again and takes over/)], [1, 1]);
  });

  for (const [resultCode, name] of [
    [51, 'busy'],
    [52, 'unavailable'],
  ] as const) {
    it(`ask another if one answers "${name}", and leave that one alone for a moment`, async () => {
      const refuse = ({ messageId, operation, socket }: Asked) =>
        socket.write(result(messageId, operation === BIND ? 0x61 : 0x65, resultCode));
      const first = await serve((asked) => (isRequest(asked) || isUserBind(asked) ? refuse(asked) : answer(asked)));
      const second = await serve((asked) => answer(asked, 'b'));
      open([first.url, second.url]);
      await bothHealthy();
      assert.equal((await directory?.bind('cn=user', 'wrong'))?.resultCode, 49);
      assert.deepEqual([first.asked.filter(isUserBind).length, second.asked.filter(isUserBind).length], [1, 1]);
      assert.deepEqual(await names(), ['cn=b,dc=x']);
      assert.deepEqual([states()?.[0], inUse()], ['standby', 1]);
      assert.equal(first.asked.filter(isRequest).length, 0);
    });
  }

  it('pass on a busy answer if there is only one', async () => {
    const only = await serve((asked) => (isRequest(asked) ? asked.socket.write(result(asked.messageId, 0x65, 51)) : answer(asked)));
    open([only.url]);
    await assert.rejects(names(), (error) => error instanceof LdapError && error.resultCode === 51);
    assert.equal(only.asked.filter(isRequest).length, 1);
  });

  it('try a wrong service password on one of them only', async () => {
    const refuse = (asked: Asked) => {
      if (isServiceBind(asked)) asked.socket.write(result(asked.messageId, 0x61, 49));
      else answer(asked);
    };
    const both = [await serve(refuse), await serve(refuse)];
    open(both.map(({ url }) => url));
    for (let i = 0; i < 10; i++)
      await assert.rejects(names(), (error) => error instanceof LdapError && error.code === 'LDAP_SERVICE_BIND_REFUSED');
    assert.equal(both.flatMap(({ asked }) => asked).filter(isServiceBind).length, 1);
  });

  it('prefer one with the right clock', async () => {
    const clock = (date: Date) => ({ currentTime: [`${date.toISOString().replaceAll(/[-:T]|\..*/g, '')}.0Z`] });
    const first = await serve((asked) => answer(asked, 'a', clock(new Date(Date.now() - 3_600_000))));
    const second = await serve((asked) => answer(asked, 'b', clock(new Date())));
    open([first.url, second.url]);
    await until('the second is used', () => inUse() === 1);
    assert.deepEqual(await names(), ['cn=b,dc=x']);
    assert.match(directory?.status().servers[0]?.error?.message ?? '', /60 minutes behind/);
  });

  it('count a refusal of the heartbeat as a sign of life', async () => {
    let beats = 0;
    const only = await serve((asked) => {
      if (asked.operation === SEARCH && asked.bytes.includes('heartbeat')) {
        beats++;
        asked.socket.write(result(asked.messageId, 0x65, 50, 'no right'));
      } else answer(asked);
    });
    open([only.url], { heartbeatMs: 10, heartbeatFilter: parseFilter('(cn=heartbeat)') });
    await names();
    await until('three heartbeats were refused', () => beats >= 3);
    assert.equal(only.asked.filter(isServiceBind).length, 1);
  });
});

describe('referrals', () => {
  const TRUSTING = { trustedDomains: ['localhost'], tls: 'none' } as const;
  const searchesOf = (server: LdapServer) => server.asked.filter(isRequest).length;

  it('are not followed by default', async () => {
    const other = await serve(answer);
    const first = await serve((asked) => {
      if (isRequest(asked)) asked.socket.write(referral(asked.messageId, [`${other.url.replace('127.0.0.1', 'localhost')}/dc=x`]));
      else answer(asked);
    });
    open([first.url]);
    await assert.rejects(
      names(),
      (error) => error instanceof LdapError && error.resultCode === 10 && /LDAP_FOLLOW_REFERRALS/.test(error.action ?? ''),
    );
    assert.equal(other.asked.length, 0);
  });

  it('add entries from a trusted server, asked as the service account', async () => {
    const other = await serve((asked) => answer(asked, 'b'));
    const first = await serve((asked) => {
      if (!isRequest(asked)) return answer(asked);
      const urls = [`${other.url.replace('127.0.0.1', 'localhost')}/ou=sub,dc=x??sub`];
      asked.socket.write(
        Buffer.concat([entry(asked.messageId, 'cn=a,dc=x'), reference(asked.messageId, urls), result(asked.messageId, 0x65)]),
      );
    });
    open([first.url], { referrals: TRUSTING });
    assert.deepEqual(await names(), ['cn=a,dc=x', 'cn=b,dc=x']);
    assert.ok(other.asked.find(isRequest)?.bytes.includes('ou=sub,dc=x'));
    assert.equal(other.asked.filter(isServiceBind).length, 1);
  });

  it('send no password to untrusted servers, and apply to searches only', async () => {
    const thief = await serve(answer);
    const first = await serve((asked) => {
      if (isUserBind(asked)) asked.socket.write(result(asked.messageId, 0x61, 10));
      else if (isRequest(asked))
        asked.socket.write(Buffer.concat([reference(asked.messageId, [`${thief.url}/dc=x`]), result(asked.messageId, 0x65)]));
      else answer(asked);
    });
    open([first.url], { referrals: TRUSTING });
    assert.deepEqual(await names(), []);
    assert.deepEqual(await names(), []);
    assert.equal((await directory?.bind('cn=user', 'password'))?.resultCode, 10);
    assert.equal(thief.asked.length, 0);
    assert.equal(said(/not in LDAP_TRUSTED_DOMAINS/), 1);
  });

  it('end if they are cyclic or endless', async () => {
    let hops = 0;
    const first: LdapServer = await serve((asked) => {
      if (!isRequest(asked)) return answer(asked);
      const here = `${first.url}/`;
      const urls = [
        [`${here}dc=x`],
        [`${here}ou=${hops++},dc=x`],
        [`${here}ou=${hops++},dc=x`],
        ['http://x'],
        ['ldap://%zz/%'],
        [`${here}%ff`],
      ];
      asked.socket.write(Buffer.concat([...urls.map((one) => reference(asked.messageId, one)), result(asked.messageId, 0x65)]));
    });
    open([first.url], { referrals: TRUSTING });
    assert.deepEqual(await names(), []);
    assert.ok(searchesOf(first) <= 21, String(searchesOf(first)));
  });

  it('that cannot be followed are an error if nothing else was found', async () => {
    const stopped = await startLdapServer(answer);
    await stopped.close();
    const first = await serve((asked) => {
      if (isRequest(asked))
        asked.socket.write(
          Buffer.concat([
            reference(asked.messageId, [`${stopped.url.replace('127.0.0.1', 'localhost')}/dc=x`]),
            result(asked.messageId, 0x65),
          ]),
        );
      else answer(asked);
    });
    open([first.url], { referrals: TRUSTING });
    await assert.rejects(names(), (error) => error instanceof LdapError && error.code === 'LDAP_REFERRAL');
  });
});
