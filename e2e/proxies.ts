/** Load balancers and reverse proxies as child processes, with the documented configurations. */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { acceptsConnections, type KeyPair } from '@landbridge/lab';
import { documented, type Example } from './documented.ts';
import { startLogged } from './logged-process.ts';

export interface LoadBalancer extends AsyncDisposable {
  /** The number of connections or requests that each server got. */
  given(): Promise<number[]>;
  /** Sends new connections to this server only and closes connections to others. @param server counted from 0 */
  leaveOnly(server: number): Promise<void>;
}

export type ProxyName = keyof typeof PROGRAMS;

const PROGRAMS = { haproxy: '/usr/sbin/haproxy', nginx: '/usr/sbin/nginx', caddy: '/usr/bin/caddy', apache: '/usr/sbin/apache2' } as const;

/** @returns the reason to skip tests that need it, or false. Always false with CI set, where they must run */
export function whyNoProxy(name: ProxyName): string | false {
  const files = [PROGRAMS[name], ...(name === 'apache' ? ADDED_APACHE_MODULES.map(apacheModule) : [])];
  const missing = files.find((file) => !existsSync(file));
  return missing === undefined || process.env.CI === 'true' ? false : `there is no ${missing} (tools/debian-packages.ts)`;
}

/** Port on 127.0.0.1, host name and certificate. */
export interface Front {
  port: number;
  /** Undefined if it passes TLS through. */
  certificate?: KeyPair;
  /** Placeholder of the name in the example. */
  host?: { example: string; own: string };
}

export interface ProxyOptions {
  example: Omit<Example, 'language'>;
  /** Other replacements in the example, such as the addresses of servers. */
  replacements: Record<string, string>;
  front: Front;
  /** For a proxy that does Kerberos; its folder gets it as `connector.keytab`. */
  keytab?: string;
}

/** @throws with its output if it does not start */
export async function startProxy(name: ProxyName, options: ProxyOptions): Promise<AsyncDisposable> {
  return start(name, options, await mkdtemp(join(tmpdir(), `landbridge-${name}-`)));
}

/** HAProxy with a control socket. @param count the number of its servers, `connector1` etc. in the example */
export async function startLoadBalancer(options: ProxyOptions, count: number): Promise<LoadBalancer> {
  const folder = await mkdtemp(join(tmpdir(), 'landbridge-haproxy-'));
  const haproxy = await start('haproxy', options, folder);
  const names = Array.from({ length: count }, (_, n) => `connector${n + 1}`);

  /** HAProxy 2.6 management guide, section 9.3: one command per connection. */
  async function command(line: string): Promise<string> {
    const control = connect(join(folder, 'control'));
    control.write(`${line}\n`);
    return text(control);
  }
  return {
    async given() {
      const [head = '', ...rows] = (await command('show stat')).split('\n').map((row) => row.split(','));
      const column = head.indexOf('stot');
      return names.map((name) => Number(rows.find(([, server]) => server === name)?.[column]));
    },
    async leaveOnly(server) {
      await command(`enable server connectors/${names[server]}`);
      for (const name of names) {
        if (name === names[server]) continue;
        await command(`disable server connectors/${name}`);
        await command(`shutdown sessions server connectors/${name}`);
      }
    },
    [Symbol.asyncDispose]: () => haproxy[Symbol.asyncDispose](),
  };
}

async function start(name: ProxyName, options: ProxyOptions, folder: string): Promise<AsyncDisposable> {
  const { example, front, keytab } = options;
  const { cert, key } = front.certificate ?? { cert: '', key: '' };
  await writeFile(join(folder, 'server.pem'), name === 'haproxy' ? cert + key : cert, { mode: 0o600 });
  await writeFile(join(folder, 'server.key'), key, { mode: 0o600 });
  if (keytab !== undefined) {
    // Apache reads it and writes its replay cache as a non-root user.
    await chmod(folder, 0o777);
    await copyFile(keytab, join(folder, 'connector.keytab'));
    await chmod(join(folder, 'connector.keytab'), 0o644);
  }
  const replacements = {
    ...PLACES[name](front, folder),
    ...(keytab && { '/etc/apache2/connector.keytab': `${folder}/connector.keytab` }),
    ...options.replacements,
  };
  await writeFile(join(folder, 'example'), await documented({ ...example, language: name }, replacements));
  await writeFile(join(folder, 'around'), AROUND[name](folder, options.front.port));
  return startLogged({
    name,
    command: PROGRAMS[name],
    args: ARGUMENTS[name](folder),
    environment: { HOME: folder, KRB5RCACHEDIR: folder },
    folder,
    isUp: () => acceptsConnections(front.port),
  });
}

/** Replacements for paths and addresses of the examples. */
const PLACES: Record<ProxyName, (front: Front, folder: string) => Record<string, string>> = {
  haproxy: ({ port, certificate }, folder) => ({
    ':443': `127.0.0.1:${port}`,
    ...(certificate && { '/etc/haproxy/server.pem': `${folder}/server.pem` }),
  }),
  nginx: ({ port, host }, folder) => ({
    'listen 443': `listen 127.0.0.1:${port}`,
    ...(host && { [host.example]: host.own }),
    '/etc/ssl/server.': `${folder}/server.`,
  }),
  caddy: ({ port, host }, folder) => ({
    ...(host && { [host.example]: `https://${host.own}:${port}` }),
    '/etc/caddy/server.': `${folder}/server.`,
  }),
  apache: ({ port, host }, folder) => ({
    '*:443': `127.0.0.1:${port}`,
    ...(host && { [host.example]: host.own }),
    '/etc/ssl/server.': `${folder}/server.`,
  }),
};

/** Foreground, single process, so that it dies with the test. */
const ARGUMENTS: Record<ProxyName, (folder: string) => string[]> = {
  haproxy: (folder) => ['-db', '-f', join(folder, 'around'), '-f', join(folder, 'example')],
  nginx: (folder) => ['-p', folder, '-e', 'stderr', '-c', join(folder, 'around')],
  caddy: (folder) => ['run', '--adapter', 'caddyfile', '--config', join(folder, 'around')],
  apache: (folder) => ['-X', '-d', folder, '-f', join(folder, 'around')],
};

/** The rest of a machine's configuration: Debian's defaults, if the program needs any. */
const AROUND: Record<ProxyName, (folder: string, port: number) => string> = {
  haproxy: (folder) => `global\n  stats socket ${join(folder, 'control')} mode 600 level admin\n`,
  nginx: (folder) => `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr;
events {}
http {
  access_log off;
${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')}
  include ${folder}/example;
}
`,
  caddy: (folder) => `{
  admin off
  auto_https disable_redirects
  default_bind 127.0.0.1
}
import ${folder}/example
`,
  apache: (folder, port) => `PidFile ${folder}/pid
Listen 127.0.0.1:${port}
ErrorLog /dev/stderr
ServerName localhost
User www-data
Group www-data
${APACHE_MODULES.map((module) => `LoadModule ${module}_module ${apacheModule(module)}`).join('\n')}
Include ${folder}/example
`,
};

/** They have Debian packages of their own. */
const ADDED_APACHE_MODULES = ['auth_gssapi', 'auth_openidc'];
const APACHE_MODULES = [
  'mpm_event',
  'authn_core',
  'authz_core',
  'authz_user',
  ...ADDED_APACHE_MODULES,
  'headers',
  'proxy',
  'proxy_http',
  'socache_shmcb',
  'ssl',
];

function apacheModule(name: string): string {
  return `/usr/lib/apache2/modules/mod_${name}.so`;
}
