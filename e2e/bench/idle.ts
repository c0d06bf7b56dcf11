/**
 * `npm run bench -- idle`: the cost of idle connectors for a hub, and whether a sign-in through one of thousands takes longer than through
 * one of five, measured on the same hub in the same run. Nothing is asserted.
 */
import { fork, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startSlapd } from '@landbridge/lab';
import { registrationAnswer, ticketInfo } from '@landbridge/protocol';
import { directoryConfig, type HubProgram, type Program, startConnector, startHub } from '../programs.ts';
import type { HttpTask } from './http-load.ts';
import type { IdleMessage, IdleTask } from './idle-connectors.ts';
import { startLoadProcess } from './load-process.ts';
import { cpuMs, memoryMb } from './process-usage.ts';

const CONNECTION = 'measured';
const FEW = 5;
/** Connections rarely have more, and a hub lets no more share one key. */
const PER_CONNECTION = 50;
/** Open files of a hub besides sockets, with a margin. */
const OTHER_FILES = 300;
const IN_FLIGHT = 8;

/** @param seconds the duration of each measurement */
export async function benchIdle(requested: number, seconds: number): Promise<void> {
  const limit = openFilesLimit();
  const many = Math.min(requested, limit - OTHER_FILES);
  if (many < requested)
    console.log(`Limited to ${many} connectors instead of ${requested} by the limit of ${limit} open files (ulimit -Hn).`);
  await using slapd = await startSlapd({ users: 1000, log: false });
  // Its hashing continues after sign-ins and would distort the idle cost.
  await using hub = await startHub({ CREDENTIAL_CACHE: 'false' });
  await using _connector = await startConnector({
    ...directoryConfig(slapd, 'plain'),
    PROVISIONING_TICKET: await hub.createConnection(CONNECTION),
    LDAP_SEARCH_GROUPS: '(member={0})',
  });
  await hub.untilConnectors(CONNECTION, 1);
  const task: HttpTask = {
    loginUrl: `${hub.url}/api/connections/${CONNECTION}/login`,
    apiKey: hub.apiKey,
    users: slapd.users.ordinary,
  };
  const load = await startLoadProcess('http-load.ts', task);
  const identity = makeIdentity();
  let stopIdle = () => {};
  console.log(
    'connectors  hub memory MB  hub CPU ms/s idle  one sign-in p50 ms  p95 ms  8 in flight sign-ins/s  p50 ms  p95 ms  hub CPU ms/sign-in',
  );
  let open = 1;
  // The second run of FEW is the baseline: a warm hub.
  for (const count of [FEW, FEW, many]) {
    if (count > open) {
      const { message, stop } = await openIdle(hub, identity, count - open);
      const before = stopIdle;
      stopIdle = () => {
        before();
        stop();
      };
      open = count;
      console.error(`${message.count} more connectors in ${message.seconds.toFixed(1)} s`);
    }
    const { pid } = running(hub);
    await delay(1000);
    const cpuBefore = cpuMs(pid);
    await delay(seconds * 1000);
    const idleMsPerSecond = (cpuMs(pid) - cpuBefore) / seconds;
    const memory = memoryMb(pid).now;
    const one = await load.run({ inFlight: 1, searchGroups: false, seconds }, { hub: pid });
    const eight = await load.run({ inFlight: IN_FLIGHT, searchGroups: false, seconds }, { hub: pid });
    const cells = [
      count,
      memory.toFixed(0),
      idleMsPerSecond.toFixed(1),
      one.p50Ms.toFixed(2),
      one.p95Ms.toFixed(2),
      (eight.logins / eight.seconds).toFixed(0),
      eight.p50Ms.toFixed(2),
      eight.p95Ms.toFixed(2),
      eight.usage.hub.cpuMsPerLogin.toFixed(2),
    ];
    console.log(cells.join('  '));
    if (one.failures + eight.failures > 0) console.log(`${one.failures + eight.failures} sign-ins failed`);
  }
  load.stop();
  stopIdle();
}

function running(program: Program): { pid: number } {
  if (program.pid === undefined) throw new Error('the hub ended');
  return { pid: program.pid };
}

/** Registers one certificate for the needed number of connections and opens their sockets. */
async function openIdle(hub: HubProgram, identity: Identity, count: number) {
  const connections: IdleTask['connections'] = [];
  for (let left = count; left > 0; left -= PER_CONNECTION) {
    const ticket = await hub.createConnection(`idle-${count}-${left}`);
    const { connectionName, realm, adHub } = ticketInfo.parse(await (await fetch(`${ticket}/info`)).json());
    const body = { certs: [identity.certificate], agentMode: true, agentVersion: '0.1.0', capabilities: { useJWKS: true } };
    const headers = { 'content-type': 'application/json' };
    registrationAnswer.parse(await (await fetch(ticket, { method: 'POST', headers, body: JSON.stringify(body) })).json());
    connections.push({
      name: connectionName,
      realm: realm.name,
      socketUrl: adHub.replace(/^http/, 'ws'),
      connectors: Math.min(left, PER_CONNECTION),
    });
  }
  const child = fork(join(import.meta.dirname, 'idle-connectors.ts'));
  child.send({ keyPem: identity.keyPem, connections } satisfies IdleTask);
  const [message]: IdleMessage[] = await once(child, 'message');
  if (message?.type !== 'open') throw new Error(message?.message ?? 'the idle connectors ended');
  return { message, stop: () => child.disconnect() };
}

interface Identity {
  /** Base64 DER. */
  certificate: string;
  keyPem: string;
}

function makeIdentity(): Identity {
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=idle', '-keyout', '-', '-out', '-'];
  const { stdout } = spawnSync('openssl', args, { encoding: 'utf8' });
  return { certificate: new X509Certificate(stdout).raw.toString('base64'), keyPem: stdout };
}

/** Node.js raises its soft limit to the hard limit at start. */
function openFilesLimit(): number {
  const text = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout.trim();
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}
