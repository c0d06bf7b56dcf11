/**
 * `npm run bench -- front-channel`: from a browser's request to the page with the token, by the form and by a client certificate, over
 * TLS with a new connection each time, as browsers come, and over one that is kept. Nothing is asserted.
 */
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { createCertificateAuthority, freePort, type KeyPair, startSlapd } from '@landbridge/lab';
import { directoryConfig, startConnector, startHub, until } from '../programs.ts';

const CONNECTION = 'bench';
/** Before the measured ones: code and group cache are cold. */
const WARM_UP = 50;

/** @param count sign-ins of each kind, one after the other */
export async function benchFrontChannel(count: number): Promise<void> {
  await using slapd = await startSlapd({ users: 1000, log: false });
  await using hub = await startHub();
  const [servers, people] = [await createCertificateAuthority('Servers'), await createCertificateAuthority('People')];
  const server = await servers.issue({ commonName: 'localhost', ips: ['127.0.0.1'] });
  const port = await freePort();
  await using _connector = await startConnector(
    {
      ...directoryConfig(slapd, 'plain'),
      PROVISIONING_TICKET: await hub.createConnection(CONNECTION),
      PORT: port,
      SSL_CERT: server.cert,
      SSL_KEY: server.key,
      CLIENT_CERT_CA: people.cert,
    },
    { CLIENT_CERT_AUTH: 'true' },
  );
  const origin = `https://127.0.0.1:${port}`;
  const persons = slapd.people.ordinary;
  const clients = await Promise.all(persons.slice(0, 20).map(({ uid }) => people.issue({ commonName: uid, clientAuth: true })));

  async function token(agent: Agent | false, client: KeyPair | undefined, body: string | undefined): Promise<void> {
    const outgoing = request(`${origin}/wsfed?wa=wsignin1.0&wctx=bench`, {
      method: body === undefined ? 'GET' : 'POST',
      agent,
      ca: servers.cert,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      ...client,
    });
    outgoing.end(body);
    const page = await new Promise<string>((resolve, reject) => {
      outgoing.on('response', (response) => text(response).then(resolve, reject)).on('error', reject);
    });
    if (!page.includes('name="wresult"')) throw new Error(`no token: ${page.slice(0, 2000)}`);
  }
  const byForm = (agent: Agent | false) => (n: number) => {
    const { uid = '', password = '' } = persons[n % persons.length] ?? {};
    return token(agent, undefined, new URLSearchParams({ username: uid, password }).toString());
  };
  const byCertificate = (agent?: Agent) => (n: number) =>
    token(agent ?? false, clients[agent === undefined ? n % clients.length : 0], undefined);

  await until('browsers reach the connector', () =>
    byForm(false)(0).then(
      () => true,
      () => false,
    ),
  );
  console.log(`from request to token, ${count} sign-ins each, one after the other, ms`);
  console.log('                                      p50     p95     max');
  const kept = () => new Agent({ keepAlive: true, maxSockets: 1 });
  const [formAgent, certificateAgent] = [kept(), kept()];
  for (const [name, signIn] of [
    ['form, new connection', byForm(false)],
    ['form, kept connection', byForm(formAgent)],
    ['certificate, new connection', byCertificate()],
    ['certificate, kept connection', byCertificate(certificateAgent)],
  ] as const) {
    const ms: number[] = [];
    for (let n = 0; n < WARM_UP + count; n++) {
      const start = performance.now();
      await signIn(n);
      if (n >= WARM_UP) ms.push(performance.now() - start);
    }
    ms.sort((a, b) => a - b);
    const at = (share: number) => (ms[Math.min(ms.length - 1, Math.floor(ms.length * share))] ?? 0).toFixed(2).padStart(8);
    console.log(`${name.padEnd(34)}${at(0.5)}${at(0.95)}${at(1)}`);
  }
  formAgent.destroy();
  certificateAgent.destroy();
}
