/** The pools behind a directory, with a server that comes and goes. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { type Asked, entry, type LdapServer, result, startLdapServer } from '../../test/ldap-server.ts';
import { serverAddress } from './connect.ts';
import { type Directory, type DirectoryOptions, openDirectory } from './directory.ts';
import { LdapError, type LdapErrorCode } from './errors.ts';
import { parseFilter, withValue } from './filter.ts';
import type { SearchRequest } from './messages.ts';

const REQUEST: SearchRequest = { searchBase: 'dc=x', scope: 'sub', filter: withValue(parseFilter('(cn=a)'), ''), attributes: ['*'] };
const BIND = 0x60;
const SEARCH = 0x63;
const hasCode = (code: LdapErrorCode) => (error: unknown) => error instanceof LdapError && error.code === code;

const servers: LdapServer[] = [];
const directories: Directory[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) directory.close();
  for (const server of servers.splice(0)) await server.close();
});

function open(urls: string | string[], options: Partial<DirectoryOptions> = {}): Directory {
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const directory = openDirectory({
    servers: [urls].flat().map((url) => serverAddress(url, 'none')),
    tls: { ca: undefined, insecureSkipVerify: false },
    serviceAccount: { dn: 'cn=service', password: 'service-password' },
    searchConnections: 1,
    bindConnections: 2,
    connectTimeoutMs: 2000,
    operationTimeoutMs: 2000,
    queueTimeoutMs: 2000,
    heartbeatMs: 60_000,
    heartbeatFilter: undefined,
    heartbeatSearchBase: undefined,
    log,
    ...options,
  });
  directories.push(directory);
  return directory;
}

async function serve(onAsked: (asked: Asked) => void): Promise<LdapServer> {
  const server = await startLdapServer(onAsked);
  servers.push(server);
  return server;
}

/** Answers everything like a directory with one entry. */
function answer({ messageId, operation, socket, bytes }: Asked): void {
  if (operation === BIND) socket.write(result(messageId, 0x61, bytes.includes('wrong') ? 49 : 0));
  else if (operation === SEARCH) socket.write(Buffer.concat([entry(messageId, 'cn=a,dc=x'), result(messageId, 0x65)]));
}

const userBinds = (server: LdapServer) =>
  server.asked.filter(({ operation, bytes }) => operation === BIND && !bytes.includes('service-password'));
/** Searches below dc=x, without those for the root DSE. */
const isRequest = ({ operation, bytes }: Asked) => operation === SEARCH && bytes.includes('dc=x');

describe('a directory', () => {
  it('repeats a search on another connection if its own is lost', async () => {
    let lost = 0;
    const server = await serve((asked) => {
      if (isRequest(asked) && lost++ === 0) asked.socket.destroy();
      else answer(asked);
    });
    const { entries } = await open(server.url).search(REQUEST);
    assert.equal(entries.length, 1);
    assert.equal(server.asked.filter(isRequest).length, 2);
  });

  it('never repeats a bind that may have reached the server', async () => {
    const server = await serve((asked) => {
      if (asked.operation === BIND && asked.bytes.includes('cn=user')) asked.socket.destroy();
      else answer(asked);
    });
    await assert.rejects(open(server.url).bind('cn=user', 'password'), hasCode('LDAP_CONNECTION_LOST'));
    assert.equal(userBinds(server).length, 1);
  });

  it('binds on a new connection if the idle one is lost', async () => {
    const server = await serve(answer);
    const directory = open(server.url);
    await directory.bind('cn=user', 'password');
    const [bound] = userBinds(server);
    const gone = new Promise((resolve) => bound?.socket.on('close', resolve));
    bound?.socket.end();
    await gone;
    assert.equal((await directory.bind('cn=user', 'wrong')).resultCode, 49);
    assert.equal(userBinds(server).length, 2);
  });

  it('binds users on separate connections, as many at a time as configured', async () => {
    const waiting: Asked[] = [];
    let most = 0;
    const server = await serve((asked) => {
      if (asked.operation !== BIND || asked.bytes.includes('service-password')) return answer(asked);
      waiting.push(asked);
      most = Math.max(most, waiting.length);
      // A fourth would have arrived by then.
      if (waiting.length === 3) setTimeout(() => waiting.splice(0).forEach(answer), 20);
    });
    const directory = open(server.url, { bindConnections: 3 });
    await directory.search(REQUEST);
    await Promise.all(Array.from({ length: 21 }, (_, i) => directory.bind(`cn=${i}`, 'password')));
    assert.equal(most, 3);
    const searching = new Set(server.asked.filter(isRequest).map(({ socket }) => socket));
    assert.ok(userBinds(server).every(({ socket }) => !searching.has(socket)));
  });

  it('tries a refused service account once for all requests, so that it is not locked', async () => {
    const server = await serve((asked) =>
      asked.operation === BIND
        ? asked.socket.write(result(asked.messageId, 0x61, 49, 'AcceptSecurityContext error, data 52e, v1'))
        : answer(asked),
    );
    const directory = open(server.url, { searchConnections: 2 });
    for (let i = 0; i < 20; i++) await assert.rejects(directory.search(REQUEST), hasCode('LDAP_SERVICE_BIND_REFUSED'));
    assert.equal(server.asked.filter(({ operation }) => operation === BIND).length, 1);
    assert.match(directory.status().error?.message ?? '', /wrong name or password/);
  });

  it('fails fast while no server is reachable, and recovers', async () => {
    const first = await startLdapServer(answer);
    const directory = open(first.url);
    await directory.search(REQUEST);
    await first.close();
    await assert.rejects(
      directory.search(REQUEST),
      (error) => hasCode('LDAP_UNREACHABLE')(error) || hasCode('LDAP_CONNECTION_LOST')(error),
    );
    assert.equal(directory.status().connected, false);
    const port = Number(new URL(first.url).port);
    const second = await startLdapServer(answer, port);
    servers.push(second);
    const deadline = Date.now() + 20_000;
    for (;;) {
      const found = await directory.search(REQUEST).catch(() => undefined);
      if (found) break;
      assert.ok(Date.now() < deadline, 'it must find the server again');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal((await directory.bind('cn=user', 'password')).resultCode, 0);
  });

  it('replaces a connection on which a heartbeat is not answered', async () => {
    let deaf = true;
    const server = await serve((asked) => {
      if (asked.operation === SEARCH && asked.bytes.includes('heartbeat') && deaf) {
        deaf = false;
        return;
      }
      answer(asked);
    });
    const directory = open(server.url, { heartbeatMs: 20, operationTimeoutMs: 200, heartbeatFilter: parseFilter('(cn=heartbeat)') });
    await directory.search(REQUEST);
    const [service] = server.asked.filter(({ bytes }) => bytes.includes('service-password'));
    await new Promise((resolve) => service?.socket.on('close', resolve));
    await directory.search(REQUEST);
    assert.equal(server.asked.filter(({ bytes }) => bytes.includes('service-password')).length, 2);
  });

  it('does not check idle connections if the interval is 0', async () => {
    const server = await serve(answer);
    const directory = open(server.url, { heartbeatMs: 0, heartbeatFilter: parseFilter('(cn=heartbeat)') });
    await directory.search(REQUEST);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(server.asked.filter(({ bytes }) => bytes.includes('heartbeat')).length, 0);
  });

  it('limits the time an operation waits', async () => {
    const server = await serve((asked) => {
      if (asked.operation !== BIND || asked.bytes.includes('service-password')) answer(asked);
    });
    const directory = open(server.url, { bindConnections: 1, queueTimeoutMs: 50, operationTimeoutMs: 1000 });
    const first = assert.rejects(directory.bind('cn=a', 'password'), hasCode('LDAP_TIMEOUT'));
    await assert.rejects(directory.bind('cn=b', 'password'), hasCode('LDAP_BUSY'));
    const controller = new AbortController();
    const third = assert.rejects(directory.bind('cn=c', 'password', { signal: controller.signal }), hasCode('LDAP_ABORTED'));
    controller.abort();
    await Promise.all([first, third]);
    assert.equal(userBinds(server).length, 1);
  });

  it('uses the next server if one cannot be reached', async () => {
    const gone = await startLdapServer(answer);
    await gone.close();
    const server = await serve(answer);
    const directory = open([gone.url, server.url]);
    assert.equal((await directory.search(REQUEST)).entries.length, 1);
    assert.equal((await directory.bind('cn=user', 'password')).resultCode, 0);
  });

  it('tells a wrong search base from an unreachable directory', async () => {
    const server = await serve((asked) => (isRequest(asked) ? asked.socket.write(result(asked.messageId, 0x65, 32)) : answer(asked)));
    await assert.rejects(
      open(server.url).search(REQUEST),
      (error) => error instanceof LdapError && error.resultCode === 32 && /LDAP_BASE/.test(error.action ?? ''),
    );
  });
});
