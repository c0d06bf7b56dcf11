/** A real rsyslog for tests, which appends what it receives to a file, one message per line. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acceptsConnections, createCertificateAuthority, freePort, spawnBound } from '@landbridge/lab';

const RSYSLOGD = '/usr/sbin/rsyslogd';

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoRsyslog(): string | false {
  return existsSync(RSYSLOGD) || process.env.CI === 'true'
    ? false
    : `${RSYSLOGD} is not installed (Debian packages rsyslog, rsyslog-gnutls)`;
}

/** One received message. */
export interface ReceivedMessage {
  priority: string;
  time: string;
  hostName: string;
  application: string;
  messageId: string;
  structuredData: string;
  text: string;
}

export interface Rsyslog extends AsyncDisposable {
  readonly udpUrl: string;
  readonly tcpUrl: string;
  readonly tlsUrl: string;
  /** PEM file with the authority of its certificate. */
  readonly caFile: string;
  start(): Promise<void>;
  /** SIGTERM, or SIGKILL. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  received(): Promise<ReceivedMessage[]>;
}

export async function startRsyslog(): Promise<Rsyslog> {
  const folder = await mkdtemp(join(tmpdir(), 'landbridge-rsyslog-'));
  const file = (name: string) => join(folder, name);
  const [udp, tcp, tls] = [await freePort(), await freePort(), await freePort()];
  const authority = await createCertificateAuthority('Syslog CA');
  const { cert, key } = await authority.issue({ commonName: 'syslog', ips: ['127.0.0.1'] });
  await Promise.all([writeFile(file('ca'), authority.cert), writeFile(file('cert'), cert), writeFile(file('key'), key, { mode: 0o600 })]);
  await writeFile(
    file('conf'),
    `global(workDirectory="${folder}" maxMessageSize="64k" defaultNetstreamDriverCAFile="${file('ca')}"
  defaultNetstreamDriverCertFile="${file('cert')}" defaultNetstreamDriverKeyFile="${file('key')}")
module(load="imudp")
module(load="imptcp")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="line" type="string" string="%pri%\\t%timereported:::date-rfc3339%\\t%hostname%\\t%app-name%\\t%msgid%\\t%structured-data%\\t%msg%\\n")
ruleset(name="keep" queue.type="Direct") { action(type="omfile" file="${file('received')}" template="line") }
input(type="imudp" address="127.0.0.1" port="${udp}" ruleset="keep")
input(type="imptcp" address="127.0.0.1" port="${tcp}" ruleset="keep")
input(type="imtcp" address="127.0.0.1" port="${tls}" ruleset="keep")
`,
  );
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawnBound(RSYSLOGD, ['-n', '-f', file('conf'), '-i', file('pid')], { stdio: ['ignore', 'ignore', 'inherit'] });
    for (const port of [tcp, tls]) while (!(await acceptsConnections(port))) await delay(20);
  }
  async function stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    child = undefined;
    rmSync(file('pid'), { force: true });
  }
  await start();
  return {
    udpUrl: `udp://127.0.0.1:${udp}`,
    tcpUrl: `tcp://127.0.0.1:${tcp}`,
    tlsUrl: `tls://127.0.0.1:${tls}`,
    caFile: file('ca'),
    start,
    stop,
    async received() {
      const text = await readFile(file('received'), 'utf8').catch(() => '');
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => {
          const [priority = '', time = '', hostName = '', application = '', messageId = '', structuredData = '', ...rest] =
            line.split('\t');
          return { priority, time, hostName, application, messageId, structuredData, text: rest.join('\t') };
        });
    },
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
