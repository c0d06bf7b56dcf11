/** `setup` without questions, from an answer file: what configuration management relies on. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, it, type TestContext } from 'node:test';
import { type DirectoryServer, startDirectory } from '@landbridge/directory';
import { startCommand } from '../../test/command-line.ts';
import { INFO, startTicketServer } from '../../test/ticket-server.ts';

let directory: DirectoryServer;
let folder: string;
let home: string;
before(async () => {
  directory = await startDirectory();
});
after(() => directory.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'));
  home = join(folder, 'home');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: string[], options?: Parameters<typeof startCommand>[1]) =>
  startCommand(['setup', ...args, '--home', home], options).ended;

/** All files of the home, with their content and time. */
function filesOfHome(): Record<string, [string, number]> {
  const names = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(home, name)).isFile());
  return Object.fromEntries(names.map((name) => [name, [readFileSync(join(home, name), 'utf8'), statSync(join(home, name)).mtimeMs]]));
}

/** @returns the arguments, with the path of an answer file */
async function answers(t: TestContext, more: Record<string, string> = {}) {
  const hub = await startTicketServer(t);
  writeFileSync(join(folder, 'password'), `${directory.serviceAccount.password}\n`);
  writeFileSync(join(folder, 'ticket'), `${hub.pinnedTicket}\n`);
  const write = (changed: Record<string, string> = {}) => {
    const all = {
      PROVISIONING_TICKET_FILE: join(folder, 'ticket'),
      LDAP_URL: directory.url,
      LDAP_BIND_USER: directory.serviceAccount.dn,
      LDAP_BIND_PASSWORD_FILE: join(folder, 'password'),
      ...more,
      ...changed,
    };
    writeFileSync(
      join(folder, 'answers'),
      `${Object.entries(all)
        .map(([name, value]) => `${name} = ${value}`)
        .join('\n')}\n`,
    );
  };
  write();
  return { hub, write, args: ['--answers', join(folder, 'answers'), '--yes', '--json', '--detailed-exitcode'] };
}

it('the first run sets the connector up, the second changes nothing and asks neither hub nor directory', async (t) => {
  const { hub, args } = await answers(t, { GROUP_PROPERTIES: 'cn, mail', GROUPS: 'false' });
  const first = await run(args);
  assert.equal(first.exitCode, 3, first.output);
  const { changed, settings, connection } = JSON.parse(first.stdout);
  assert.deepEqual([changed, connection], [true, INFO.connectionName]);
  assert.deepEqual(settings.sort(), [
    ...['GROUPS', 'GROUP_PROPERTIES', 'LDAP_BIND_PASSWORD', 'LDAP_BIND_USER', 'LDAP_URL', 'PROVISIONING_TICKET'],
  ]);
  const [files, asked] = [filesOfHome(), hub.asked.length];
  const second = await run(args);
  assert.equal(second.exitCode, 0, second.output);
  assert.deepEqual(JSON.parse(second.stdout), { changed: false, settings: [], home, connection: INFO.connectionName });
  assert.deepEqual(filesOfHome(), files);
  assert.equal(hub.asked.length, asked);
  assert.doesNotMatch(first.output + second.output, new RegExp(`${directory.serviceAccount.password}|PinnedSecret`));
});

it('changes exactly the setting whose value is another one', async (t) => {
  const { args, write } = await answers(t, { GROUPS: 'false' });
  assert.equal((await run(args)).exitCode, 3);
  const { GROUPS, ...before } = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
  assert.equal(GROUPS, 'false');
  write({ GROUPS: 'true' });
  const done = await run(args);
  assert.equal(done.exitCode, 3, done.output);
  assert.deepEqual(JSON.parse(done.stdout).settings, ['GROUPS']);
  assert.deepEqual(JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')), { ...before, GROUPS: 'true' });
  write({ GROUPS: '' });
  assert.deepEqual(JSON.parse((await run(args)).stdout).settings, ['GROUPS']);
  assert.deepEqual(JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')), before);
});

it('a failed check leaves everything as it was, and says so as JSON', async (t) => {
  const { args, write } = await answers(t);
  writeFileSync(join(folder, 'password'), 'wrong');
  const failed = await run(args);
  assert.equal(failed.exitCode, 1);
  const { changed, failed: hasFailed, code } = JSON.parse(failed.stdout);
  assert.deepEqual([changed, hasFailed, code], [false, true, 'SETUP_FAILED']);
  assert.equal(existsSync(home), false);

  writeFileSync(join(folder, 'password'), directory.serviceAccount.password);
  assert.equal((await run(args)).exitCode, 3);
  const files = filesOfHome();
  write({ LDAP_BASE: 'DC=nowhere' });
  assert.equal((await run(args)).exitCode, 1);
  assert.deepEqual(filesOfHome(), files);
});

it('leaves no certificate behind if the settings cannot be saved', async (t) => {
  const { args } = await answers(t);
  mkdirSync(join(home, 'config.json.bak', 'full'), { recursive: true });
  writeFileSync(join(home, 'config.json'), '{}', { mode: 0o600 });
  const { exitCode, stdout } = await run(args);
  assert.equal(exitCode, 1);
  assert.equal(JSON.parse(stdout).code, 'CONFIG_NOT_WRITABLE');
  assert.deepEqual(Object.keys(filesOfHome()), ['config.json']);
});

it('reports a wrong answer by line, and exits with 1', async () => {
  writeFileSync(join(folder, 'answers'), 'LDAP_URL=ldaps://dc1\nPORT=many\n');
  const { exitCode, stderr } = await run(['--answers', join(folder, 'answers')]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^error: .*answers, line 2: PORT must be.* \[ANSWERS_INVALID\]/);
});

it('flags override the environment, and the environment the answer file', async (t) => {
  const { args } = await answers(t, { LDAP_BASE: 'DC=answers' });
  const environment = { LDAP_BASE: directory.baseDn, LDAP_URL: 'ldap://127.0.0.1:1' };
  const done = await run([...args, '--ldap-url', directory.url], { environment });
  assert.equal(done.exitCode, 3, done.output);
  const { LDAP_BASE, LDAP_URL } = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
  assert.deepEqual([LDAP_BASE, LDAP_URL], [directory.baseDn, directory.url]);
});

/** The folder of an installed Auth0 connector of version 6. */
function installed(ticket: string): string {
  const old = join(folder, 'AD LDAP Connector');
  mkdirSync(old);
  const { dn, password } = directory.serviceAccount;
  const settings = { LDAP_URL: directory.url, LDAP_BIND_USER: dn, LDAP_BIND_PASSWORD: password, LAST_SENT_THUMBPRINT: 'x', GROUPS: false };
  writeFileSync(join(old, 'config.json'), JSON.stringify({ ...settings, PROVISIONING_TICKET: ticket }));
  mkdirSync(join(old, 'node_modules'));
  return old;
}

it('an installed connector is imported into a new home, once, with the other answers on top', async (t) => {
  const hub = await startTicketServer(t);
  const old = installed(hub.ticket);
  writeFileSync(join(folder, 'answers'), `IMPORT = ${old}\nGROUPS = true\n`);
  const args = ['--answers', join(folder, 'answers'), '--yes', '--json', '--detailed-exitcode'];
  const first = await run(args);
  assert.equal(first.exitCode, 3, first.output);
  const { LDAP_BIND_CREDENTIALS, LDAP_BIND_PASSWORD, ...saved } = JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
  assert.deepEqual([typeof LDAP_BIND_CREDENTIALS, LDAP_BIND_PASSWORD], ['string', undefined]);
  assert.deepEqual([saved.GROUPS, saved.LDAP_URL, saved.ORGANIZATION_UNITS_AS_DN], ['true', directory.url, true]);
  const files = filesOfHome();
  writeFileSync(join(old, 'config.json'), JSON.stringify({ LDAP_URL: 'ldap://other' }));
  const second = await run(args);
  assert.equal(second.exitCode, 0, second.output);
  assert.deepEqual(filesOfHome(), files);
  assert.doesNotMatch(first.output, new RegExp(directory.serviceAccount.password));
});

it('a failed check imports nothing', async (t) => {
  const hub = await startTicketServer(t);
  const { exitCode } = await run(['--import', installed(hub.ticket), '--ldap-base', 'DC=nowhere']);
  assert.equal(exitCode, 1);
  assert.equal(existsSync(home), false);
});
