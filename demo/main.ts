/**
 * `npm run demo`: starts an embedded directory, a hub, and a connector provisioned by a ticket, signs Alice in, and then serves the Try
 * page. `-- --once` ends after the sign-in; the exit code is 0 only if it succeeded.
 */
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DirectoryServer, startDirectory } from '@landbridge/directory';
import { hubApi } from './hub-api.ts';
import { type RunningProgram, runCommand, startProgram } from './programs.ts';
import { fieldRows, table, userRows } from './tables.ts';

const CONNECTION = 'fabrikam';
const USAGE = `Usage: npm run demo [-- --once]

Starts a directory, a hub and a connector on this machine, signs a user in, and serves a page to try it.

Options:
  --once      end after the sign-in; exit code 0 only if it succeeded
  -h, --help  print help`;
/** Starting takes three seconds; allow for a busy machine. */
const START_TIMEOUT_MS = 90_000;

const options = readOptions();
const isOnce = options?.once === true;
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());

if (options === undefined) process.exitCode = 2;
else if (options.help) console.log(USAGE);
else process.exitCode = await demo();

/** @returns undefined, after a message, if they are wrong */
function readOptions(): { once: boolean; help: boolean } | undefined {
  try {
    return parseArgs({ options: { once: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } } })
      .values;
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return undefined;
  }
}

/** @returns the exit code, after everything has stopped */
async function demo(): Promise<number> {
  // Stops in reverse order when this function ends.
  await using started = new AsyncDisposableStack();
  const programs: RunningProgram[] = [];
  try {
    await startAndShow(started, programs);
    return 0;
  } catch (error) {
    // The exit code of a shell for an interrupted program.
    if (interrupted.signal.aborted) return 130;
    console.error('\nThe demo failed:', error instanceof Error ? error.message : error);
    if (error instanceof Error && error.cause instanceof Error) console.error(error.cause.message);
    for (const program of programs) console.error(`\n${program.tail()}`);
    return 1;
  }
}

async function startAndShow(started: AsyncDisposableStack, programs: RunningProgram[]): Promise<void> {
  const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
  const folder = started.use(await mkdtempDisposable(join(tmpdir(), 'landbridge-demo-')));
  console.log('Starting a directory, a hub and a connector on this machine …\n');

  const directory = started.adopt(await startDirectory(), (running) => running.stop());

  const hubHome = join(folder.path, 'hub');
  // A command creates a hub only in a folder that exists.
  await mkdir(hubHome);
  const apiKey = await runCommand('landbridge-hub', ['key', 'create', 'demo', '--scope', 'all', '--home', hubHome], { signal });
  const hub = started.use(startProgram('landbridge-hub', hubHome, { PORT: '0' }));
  programs.push(hub);
  const hubUrl = await Promise.race([hub.logged('publicUrl'), rejectedBy(signal)]);
  const api = hubApi(hubUrl, apiKey, signal);
  const ticket = await api.createConnection(CONNECTION);

  const connectorHome = join(folder.path, 'connector');
  await setUpConnector(connectorHome, directory, ticket, signal);
  const connector = started.use(startProgram('landbridge-connector', connectorHome, {}));
  programs.push(connector);
  const programEnded = Promise.race(programs.map(({ ended }) => ended)).then(() => Promise.reject(new Error('Hub or connector ended')));
  await Promise.race([api.untilEligible(CONNECTION), programEnded]);
  const parts = [
    ['directory', `${directory.url}   ${directory.domain.dnsName}, behaves like Active Directory`],
    ['hub', `${hubUrl}   connection "${CONNECTION}"`],
    ['connector', 'provisioned by ticket and connected'],
  ];
  console.log(table(parts));

  const alice = directory.users.find(({ name }) => name === 'alice');
  if (alice === undefined) throw new Error('The directory has no alice');
  const before = performance.now();
  const profile = await Promise.race([api.login(CONNECTION, alice.name, alice.password), programEnded]);
  console.log(`\nAlice signed in within ${Math.round(performance.now() - before)} ms:\n\n${table(fieldRows(profile))}\n`);
  if (isOnce) return;

  const tryLink = await runCommand('landbridge-hub', ['try', CONNECTION, '--home', hubHome], { signal });
  console.log(`Try it:  ${tryLink}\n\n  The link works once. In another browser, enter this API key on the page: ${apiKey}\n`);
  console.log(`${table(userRows(directory.users))}\n\nPress Ctrl-C to stop everything.`);
  await Promise.race([rejectedBy(interrupted.signal).catch(() => {}), programEnded]);
  console.log('\nStopping …');
}

async function setUpConnector(home: string, directory: DirectoryServer, ticket: string, signal: AbortSignal): Promise<void> {
  const answers = `${home}.answers`;
  // Also allow full names, which have the more interesting characters.
  await writeFile(answers, 'LDAP_USER_BY_NAME=(|(sAMAccountName={0})(userPrincipalName={0})(cn={0}))\n');
  const args = ['setup', '--home', home, '--answers', answers, '--ticket-file', '-'];
  args.push('--ldap-url', directory.url, '--ldap-base', directory.baseDn, '--bind-user', directory.serviceAccount.dn);
  await runCommand('landbridge-connector', args, {
    input: ticket,
    environment: { LDAP_BIND_PASSWORD: directory.serviceAccount.password },
    signal,
  });
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
