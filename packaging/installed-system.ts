/** Both programs on a booted system: what the checks of Debian packages, RPM packages and archives have in common. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from './container.ts';
import { findNodeRuntime } from './node-runtime.ts';
import { makeProgramFolder, type ProgramFolder } from './program-folder.ts';
import { isTarget, PROGRAMS, packageNameOf } from './targets.ts';

export const CHECK_EPOCH = 1_790_000_000;

/** @returns the folders of both programs, for this machine */
export async function makeProgramFolders(work: string): Promise<ProgramFolder[]> {
  const target = `${process.platform}-${process.arch}`;
  assert.ok(isTarget(target));
  const node = findNodeRuntime(target, { archive: undefined, allowOutdated: false });
  const folders: ProgramFolder[] = [];
  for (const program of PROGRAMS)
    folders.push(await makeProgramFolder(`${work}/${packageNameOf(program)}`, { program, target, node, epoch: CHECK_EPOCH }));
  return folders;
}

/** Polls, because a service needs a moment. */
export async function eventually(what: string, attempt: () => void): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return attempt();
    } catch (error) {
      if (tries === 60) throw new Error(`not true within a minute: ${what}`, { cause: error });
      await delay(1000);
    }
  }
}

export interface InstalledSystem {
  pidOf(unit: string): number;
  /** Adds a user to slapd, and connects hub, connector and directory without questions. */
  setUp(): void;
  signsIn(): Promise<void>;
  /** @returns the HTTP status of a sign-in through the hub's API */
  signIn(password: string): number;
  /** Runs a command while users sign in. @returns how often a sign-in ended in which way */
  underLoad(command: string): Readonly<Record<string, number>>;
}

/** @param node the path of a Node.js in the container */
export function installedSystem(container: Container, node: string): InstalledSystem {
  let apiKey = '';
  const request = (password: string) => `await fetch('http://127.0.0.1:4100/api/connections/corp/login', { method: 'POST',
    headers: { authorization: 'Bearer ${apiKey}', 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ username: 'alice', password: '${password}' }) })`;
  const signIn = (password: string) =>
    Number(container.run(`${node} --input-type=module`, `const response = ${request(password)}; console.log(response.status);`));
  return {
    pidOf: (unit) => Number(container.run(`systemctl show -P MainPID ${unit}`)),
    setUp() {
      // Debian configures slapd for dc=nodomain, with a random password.
      container.run(
        `printf 'dn: olcDatabase={1}mdb,cn=config\\nchangetype: modify\\nreplace: olcRootPW\\nolcRootPW: root-Passw0rd\\n' | ldapmodify -Q -Y EXTERNAL -H ldapi:///
         printf 'dn: uid=alice,dc=nodomain\\nobjectClass: inetOrgPerson\\nuid: alice\\ncn: Alice\\nsn: Adams\\nuserPassword: alice-Passw0rd\\n' | ldapadd -x -D cn=admin,dc=nodomain -w root-Passw0rd -H ldapi:///`,
      );
      apiKey = container.run('landbridge-hub key create test --scope sign-in').trim();
      const ticket = /https?:\S+/.exec(container.run('landbridge-hub connection create corp'))?.[0] ?? '';
      container.run(
        'landbridge-connector setup --answers - --yes',
        `PROVISIONING_TICKET=${ticket}\nLDAP_URL=ldap://127.0.0.1\nLDAP_BASE=dc=nodomain\nLDAP_BIND_USER=cn=admin,dc=nodomain\nLDAP_BIND_PASSWORD=root-Passw0rd\n`,
      );
    },
    signIn,
    signsIn: () => eventually('alice can sign in', () => assert.equal(signIn('alice-Passw0rd'), 200)),
    underLoad(command) {
      const script = `import { existsSync, writeFileSync } from 'node:fs';
        const ended = {};
        const count = (what) => (ended[what] = (ended[what] ?? 0) + 1);
        async function user() {
          while (!existsSync('/tmp/load.stop')) {
            try {
              const response = ${request('alice-Passw0rd')};
              const body = await response.json();
              count(response.status === 200 ? '200' : response.status + ' ' + body.error.code);
            } catch (error) { count(error.cause?.code ?? String(error)); }
            if (ended['200'] > 50) writeFileSync('/tmp/load.begun', '');
          }
        }
        await Promise.all(Array.from({ length: 8 }, user));
        console.log(JSON.stringify(ended));`;
      const output = container.run(
        `rm -f /tmp/load.*; cat >/tmp/load.mjs; ${node} /tmp/load.mjs >/tmp/load.out & load=$!
         until [ -e /tmp/load.begun ] || ! kill -0 $load; do sleep 0.1; done
         ${command}; touch /tmp/load.stop; wait $load; cat /tmp/load.out`,
        script,
      );
      return JSON.parse(output);
    },
  };
}
