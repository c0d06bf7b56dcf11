/** Third-party OpenID Connect clients as processes, each in a minimal application (`clients/`). */
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, spawnBound } from '@landbridge/lab';
import { until } from './programs.ts';

export const NPM_CLIENTS = ['express-openid-connect', 'passport-openidconnect', 'auth-js'] as const;
export type NpmClient = (typeof NPM_CLIENTS)[number];

const FOLDER = join(import.meta.dirname, 'clients');

/** @returns the reason to skip tests that need them, or false. Always false with CI set, where they must run */
export function whyNoNpmClients(): string | false {
  return existsSync(join(FOLDER, 'node_modules')) || process.env.CI === 'true'
    ? false
    : 'e2e/clients is not installed (tools/npm-clients.ts)';
}

/** An address of this machine that an application will listen on. */
export async function newOrigin(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/** @throws with its output if it does not start */
export async function startNpmClient(
  name: NpmClient,
  { origin, issuer, client }: { origin: string; issuer: string; client: { id: string; secret: string } },
): Promise<AsyncDisposable & { output(): Promise<string> }> {
  const folder = await mkdtemp(join(tmpdir(), `landbridge-${name}-`));
  const log = join(folder, 'output');
  const output = openSync(log, 'a', 0o600);
  const child = spawnBound(process.execPath, [join(FOLDER, `${name}.mjs`)], {
    env: {
      PATH: process.env.PATH ?? '',
      ISSUER: issuer,
      CLIENT_ID: client.id,
      CLIENT_SECRET: client.secret,
      PORT: new URL(origin).port,
    },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await until(`${name} answers`, async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${await readFile(log, 'utf8')}`);
      return fetch(`${origin}/goodbye`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { output: () => readFile(log, 'utf8'), [Symbol.asyncDispose]: stop };
}
