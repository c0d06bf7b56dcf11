/**
 * `npm run bench -- front-channel`: from a browser's request to the page with the token, by form, client certificate and Kerberos ticket,
 * on new and kept connections. The floor in the same run: a server that answers the same requests with a page of the same size, one
 * signature as in each token, and the library call that verifies a ticket. Nothing is asserted.
 */
import { fork } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  createCertificateAuthority,
  freePort,
  type KerberosRealm,
  type KeyPair,
  openKerberosRealm,
  type SambaDomainController,
  startSambaDomainController,
  startSlapd,
  whyNoKerberos,
} from '@landbridge/lab';
import { directoryConfig, startConnector, startHub, until } from '../programs.ts';
import type { PageTask } from './page-server.ts';
import { cpuMs } from './process-usage.ts';
import { openTickets } from './tickets.ts';

const CONNECTION = 'bench';
const HOST = 'connector.ad.landbridge.test';
/** Sign-ins of each kind before measuring, because code and group cache are cold. */
const WARM_UP = 50;
const IN_FLIGHT = [1, 16];
/** Users with certificates and tickets, in turn. */
const USERS = 5;

interface Request {
  body?: string;
  client?: KeyPair | undefined;
  authorization?: string | undefined;
}

interface Measured {
  perSecond: number;
  p50Ms: number;
  p95Ms: number;
  /** CPU time of the server process per sign-in. */
  cpuMs: number;
}

/** @param count the number of sign-ins of each kind */
export async function benchFrontChannel(count: number): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const slapd = parts.use(await startSlapd({ users: 1000, log: false }));
  const hub = parts.use(await startHub());
  const users = slapd.users.ordinary;
  const [servers, userAuthority] = [await createCertificateAuthority('Servers'), await createCertificateAuthority('Users')];
  const server = await servers.issue({ commonName: 'localhost', ips: ['127.0.0.1'] });
  const clients = await Promise.all(users.slice(0, USERS).map(({ uid }) => userAuthority.issue({ commonName: uid, clientAuth: true })));
  const kdc = whyNoKerberos() === false ? await startKdc(parts) : undefined;
  const port = await freePort();
  const connector = parts.use(
    await startConnector(
      {
        ...directoryConfig(slapd, 'plain'),
        PROVISIONING_TICKET: await hub.createConnection(CONNECTION),
        PORT: port,
        SSL_CERT: server.cert,
        SSL_KEY: server.key,
        CLIENT_CERT_CA: userAuthority.cert,
        ...(kdc && { KERBEROS_KEYTAB: kdc.keytab }),
      },
      {
        CLIENT_CERT_AUTH: 'true',
        KERBEROS_AUTH: String(kdc !== undefined),
        KRB5RCACHEDIR: kdc?.realm.environment.KRB5RCACHEDIR ?? '/var/tmp',
      },
    ),
  );
  const form = (n: number): Request => {
    const { uid = '', password = '' } = users[n % users.length] ?? {};
    return { body: new URLSearchParams({ username: uid, password }).toString() };
  };
  /** @returns the page */
  async function ask(to: number, agent: Agent | false, { body, client, authorization }: Request): Promise<string> {
    const outgoing = request(`https://127.0.0.1:${to}/wsfed?wa=wsignin1.0&wctx=bench`, {
      method: body === undefined ? 'GET' : 'POST',
      agent,
      ca: servers.cert,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...(authorization && { Authorization: authorization }) },
      ...client,
    });
    outgoing.end(body);
    return new Promise((resolve, reject) => {
      outgoing.on('response', (response) => text(response).then(resolve, reject)).on('error', reject);
    });
  }
  async function token(...args: Parameters<typeof ask>): Promise<string> {
    const page = await ask(...args);
    if (!page.includes('name="wresult"')) throw new Error(`no token: ${page.slice(0, 2000)}`);
    return page;
  }
  const hasToken = () =>
    token(port, false, form(0)).then(
      () => true,
      () => false,
    );
  await until('users can sign in at the connector', hasToken);

  const pageBytes = Buffer.byteLength(await token(port, false, form(0)));
  const floor = await startPageServer(parts, { server, clientAuthority: userAuthority.cert, pageBytes });
  const connectorPid = connector.pid ?? process.pid;
  const tickets =
    kdc &&
    (await openTickets({ ...kdc, accounts: users.slice(0, USERS).map(({ uid }) => uid), service: { host: HOST, keytab: kdc.keytab } }));

  console.log(`${count} sign-ins each after ${WARM_UP} for warm-up; page size ${pageBytes} bytes; CPU: server process, all threads`);
  console.log(
    `${'connection'.padEnd(12)}in flight  ${'method'.padEnd(38)}${['per s', 'p50 ms', 'p95 ms', 'CPU ms', 'CPU ratio'].map((head) => head.padStart(10)).join('')}`,
  );
  const print = (connection: string, inFlight: number, what: string, measured: Measured, floorCpuMs?: number) => {
    const { perSecond, p50Ms, p95Ms, cpuMs: cpu } = measured;
    const ratio = floorCpuMs === undefined ? '' : (cpu / floorCpuMs).toFixed(1);
    const cells = [perSecond.toFixed(0), p50Ms.toFixed(2), p95Ms.toFixed(2), cpu.toFixed(2), ratio];
    console.log(
      `${connection.padEnd(12)}${String(inFlight).padStart(9)}  ${what.padEnd(38)}${cells.map((cell) => cell.padStart(10)).join('')}`,
    );
    return cpu;
  };

  const signatureMs = print('none', 1, 'every token, floor: its signature', await measure(count, 1, process.pid, signToken));
  for (const inFlight of IN_FLIGHT) {
    const runs = async (connection: string, makeAgent: () => Agent | false) => {
      const compare = async (kind: string, requestOf: (n: number) => Request, again: () => Promise<void>, checkMs = 0) => {
        const agent = makeAgent();
        const to = async (pid: number, work: (request: Request) => Promise<unknown>) => {
          await again();
          return measure(count, inFlight, pid, (n) => work(requestOf(n)));
        };
        const bare = await to(floor.pid, (each) => ask(floor.port, agent, each));
        const cpu = print(connection, inFlight, `${kind}, floor: a bare page`, bare) + signatureMs + checkMs;
        print(connection, inFlight, kind, await to(connectorPid, (each) => token(port, agent, each)), cpu);
        if (agent !== false) agent.destroy();
      };
      const nothing = async () => {};
      await compare('form', form, nothing);
      // A kept connection belongs to one user.
      await compare('client certificate', (n) => ({ client: clients[connection === 'kept' ? 0 : n % clients.length] }), nothing);
      if (tickets === undefined) return;
      let headers = await tickets.headers(WARM_UP + count);
      const bare = await measure(count, inFlight, process.pid, (n) => tickets.accept(headers[n] ?? ''));
      const checkMs = print('none', inFlight, 'Kerberos ticket, floor: its check', bare);
      const fresh = async () => {
        headers = await tickets.headers(WARM_UP + count);
      };
      await compare('Kerberos ticket', (n) => ({ authorization: headers[n] }), fresh, checkMs);
    };
    await runs('new', () => false);
    await runs('kept', () => new Agent({ keepAlive: true, maxSockets: inFlight }));
  }
  console.log('\nCPU ratio: CPU relative to the sum of its floors.');
  if (kdc === undefined) console.log(`Tickets skipped: ${whyNoKerberos()}.`);
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signToken = async () => sign('RSA-SHA256', Buffer.alloc(1000), privateKey);

/** A domain for tickets only: users are in the same directory as for form and certificate. */
async function startKdc(parts: AsyncDisposableStack): Promise<{ dc: SambaDomainController; realm: KerberosRealm; keytab: string }> {
  const dc = parts.use(await startSambaDomainController());
  const realm = parts.use(await openKerberosRealm(dc));
  await realm.addService('svc-http', `HTTP/${HOST}`);
  return { dc, realm, keytab: await realm.keytab(`HTTP/${HOST}`) };
}

async function startPageServer(parts: AsyncDisposableStack, task: PageTask): Promise<{ port: number; pid: number }> {
  const child = fork(join(import.meta.dirname, 'page-server.ts'));
  parts.defer(() => child.disconnect());
  child.send(task);
  const [port]: number[] = await once(child, 'message');
  if (port === undefined || child.pid === undefined) throw new Error('page-server.ts did not start');
  return { port, pid: child.pid };
}

/** @param pid the process whose CPU time counts */
async function measure(count: number, inFlight: number, pid: number, work: (n: number) => Promise<unknown>): Promise<Measured> {
  let next = 0;
  const latencies: number[] = [];
  const until = async (end: number) => {
    const worker = async () => {
      while (next < end) {
        const begun = performance.now();
        await work(next++);
        latencies.push(performance.now() - begun);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  };
  await until(WARM_UP);
  latencies.length = 0;
  const [cpuBefore, begun] = [cpuMs(pid), performance.now()];
  await until(WARM_UP + count);
  const seconds = (performance.now() - begun) / 1000;
  const cpu = cpuMs(pid) - cpuBefore;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  return { perSecond: count / seconds, p50Ms: at(0.5), p95Ms: at(0.95), cpuMs: cpu / count };
}
