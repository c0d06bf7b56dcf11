/** HAProxy as a process of a test: it passes TCP connections on to one server after the other, and knows nothing of who had which before. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { spawnBound } from '@landbridge/lab';
import { until } from './programs.ts';

export interface LoadBalancer extends AsyncDisposable {
  /** How many connections each of the servers has been given. */
  given(): Promise<number[]>;
  /** New connections go to this server alone, and those to others end now. @param server counted from 0 */
  leaveOnly(server: number): Promise<void>;
}

const HAPROXY = '/usr/sbin/haproxy';

/** @returns why tests with it cannot run here, for `skip:` of a test; never with CI set, where they must run */
export function whyNoHaproxy(): string | false {
  return existsSync(HAPROXY) || process.env.CI === 'true' ? false : `${HAPROXY} is not installed (Debian package haproxy)`;
}

/** @param ports of the servers, on 127.0.0.1 like the balancer's own */
export async function startHaproxy(port: number, ports: readonly number[]): Promise<LoadBalancer> {
  const folder = await mkdtemp(join(tmpdir(), 'landbridge-haproxy-'));
  const configFile = join(folder, 'haproxy.cfg');
  const socket = join(folder, 'control');
  await writeFile(configFile, configuration(port, ports, socket));
  // In the foreground.
  const child = spawnBound(HAPROXY, ['-db', '-f', configFile], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said = child.stderr === null ? Promise.resolve('') : text(child.stderr);
  const ended = once(child, 'exit');
  let hasEnded = false;
  ended.then(
    () => (hasEnded = true),
    () => (hasEnded = true),
  );

  /** HAProxy 2.6 management guide, section 9.3: one command for each connection. */
  async function command(line: string): Promise<string> {
    const control = connect(socket);
    control.write(`${line}\n`);
    return text(control);
  }
  await until('HAProxy answers', async () => {
    if (hasEnded) throw new Error(`HAProxy ended: ${await said}`);
    return (await command('show info').catch(() => '')).includes('Pid:');
  });

  return {
    async given() {
      const [head = '', ...rows] = (await command('show stat')).split('\n').map((row) => row.split(','));
      const column = head.indexOf('stot');
      return ports.map((_, n) => Number(rows.find(([, server]) => server === `connector${n}`)?.[column]));
    },
    async leaveOnly(server) {
      await command(`enable server connectors/connector${server}`);
      for (const n of ports.keys()) {
        if (n === server) continue;
        await command(`disable server connectors/connector${n}`);
        await command(`shutdown sessions server connectors/connector${n}`);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration(port: number, ports: readonly number[], socket: string): string {
  return `global
  stats socket ${socket} mode 600 level admin
defaults
  mode tcp
  timeout connect 60s
  timeout client 120s
  timeout server 120s
frontend browsers
  bind 127.0.0.1:${port}
  default_backend connectors
backend connectors
  balance roundrobin
${ports.map((server, n) => `  server connector${n} 127.0.0.1:${server}`).join('\n')}
`;
}
