/** Third-party OpenID Connect clients as processes, each in a minimal application (`clients/`). */
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@landbridge/lab';
import { type LoggedProcess, startLogged } from './logged-process.ts';

export const NPM_CLIENTS = ['express-openid-connect', 'passport-openidconnect', 'auth-js'] as const;
export type NpmClient = (typeof NPM_CLIENTS)[number];

const FOLDER = join(import.meta.dirname, 'clients');

/** @returns the reason to skip tests that need them, or false. Always false with CI set, where they must run */
export function whyNoNpmClients(): string | false {
  return existsSync(join(FOLDER, 'node_modules')) || process.env.CI === 'true'
    ? false
    : 'e2e/clients is not installed (tools/npm-programs.ts)';
}

/** An address of this machine that an application will listen on. */
export async function newOrigin(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/** @throws with its output if it does not start */
export async function startNpmClient(
  name: NpmClient,
  { origin, issuer, client }: { origin: string; issuer: string; client: { id: string; secret: string } },
): Promise<LoggedProcess> {
  const folder = await mkdtemp(join(tmpdir(), `landbridge-${name}-`));
  return startLogged({
    name,
    command: process.execPath,
    args: [join(FOLDER, `${name}.mjs`)],
    environment: { ISSUER: issuer, CLIENT_ID: client.id, CLIENT_SECRET: client.secret, PORT: new URL(origin).port },
    folder,
    isUp: () =>
      fetch(`${origin}/goodbye`).then(
        ({ ok }) => ok,
        () => false,
      ),
  });
}
