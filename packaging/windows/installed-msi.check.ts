/**
 * `npm run test:packages`: the MSI under Wine, from an installation without questions to the removal. It downloads a Debian system with Wine and takes
 * minutes, so it is not part of `npm test`.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort, type Slapd, startSlapd } from '@landbridge/lab';
import { type HubProgram, startHub, until } from '../../e2e/programs.ts';
import { isInPath } from '../../tools/in-path.ts';
import { findNodeRuntime } from '../node-runtime.ts';
import { makeProgramFolder } from '../program-folder.ts';
import { makeWindowsPackages, WINDOWS_TOOLS } from './packages.ts';
import { compileWindowsPrograms } from './programs.ts';
import { startWine, type Wine, whyNoWine } from './wine.ts';

const EPOCH = 1_790_000_000;
const missing = WINDOWS_TOOLS.filter((tool) => !isInPath(tool));
const skip = whyNoWine() || (missing.length > 0 && `not installed: ${missing.join(', ')}`);

describe('the MSI under Wine', { skip, concurrency: 1, timeout: 900_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'landbridge-msi-'));
  let wine: Wine;
  let slapd: Slapd;
  let hub: HubProgram;
  let ticket = '';
  let consolePort = 0;

  before(async () => {
    const node = findNodeRuntime('win-x64', { archive: undefined, allowOutdated: true });
    wine = await startWine(work);
    const programs = compileWindowsPrograms(join(work, 'programs'), '0.1.0');
    for (const version of ['0.1.0', '0.2.0']) {
      const made = await makeProgramFolder(join(work, version, 'landbridge-connector'), {
        program: 'connector',
        target: 'win-x64',
        node,
        epoch: EPOCH,
      });
      const msi = makeWindowsPackages({ ...made, version }, programs, { output: work, epoch: EPOCH, revision: 1, compression: 'fast' });
      copyFileSync(msi, join(wine.drive, `${version}.msi`));
    }
    slapd = await startSlapd();
    hub = await startHub({ CREDENTIAL_CACHE: 'false' });
    ticket = await hub.createConnection('corp');
    consolePort = await freePort();
  });
  after(async () => {
    await wine?.[Symbol.asyncDispose]();
    await hub?.[Symbol.asyncDispose]();
    await slapd?.[Symbol.asyncDispose]();
    rmSync(work, { recursive: true, force: true });
  });

  const home = () => join(wine.drive, 'ProgramData', 'Landbridge', 'Connector');
  const program = () => join(wine.drive, 'Program Files', 'Landbridge', 'Connector');
  const config = () => readFileSync(join(home(), 'config.json'), 'utf8');
  const msiexec = (action: string, version: string, ...properties: string[]) =>
    wine.run('msiexec', action, `C:\\${version}.msi`, '/qn', '/l*v', `C:\\${version}.log`, ...properties).status;
  const installerLog = (version: string) => {
    const bytes = readFileSync(join(wine.drive, `${version}.log`));
    return bytes.toString(bytes[1] === 0 || bytes[0] === 0xff ? 'utf16le' : 'utf8');
  };
  const host = (...args: string[]) => wine.run('C:\\Program Files\\Landbridge\\Connector\\landbridge-connector-service.exe', ...args);
  const state = () => host('status').output.trim().split('\n').at(-1)?.split(' ', 1)[0];
  const untilState = (expected: string) => until(`the service is ${expected}`, async () => state() === expected);
  const alice = () => slapd.users.ordinary[0] ?? assert.fail();
  const signIn = () => hub.login('corp', alice().uid, alice().password);
  const signsIn = async () => {
    await hub.untilConnectors('corp', 1);
    const { status, body } = await signIn();
    assert.equal(status, 200, JSON.stringify(body));
  };
  const answers = (password: string) => [
    `PROVISIONING_TICKET=${ticket}`,
    `LDAP_URL=${slapd.url}`,
    `LDAP_BASE=${slapd.baseDn}`,
    `LDAP_BIND_USER=${slapd.serviceAccount.dn}`,
    `LDAP_BIND_PASSWORD=${password}`,
    `CONSOLE_PORT=${consolePort}`,
  ];
  const pidsOf = (commandLine: RegExp) =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && commandLine.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' '));
      } catch {
        // It has just ended.
        return false;
      }
    });
  const kill = (pids: readonly string[]) => {
    assert.equal(pids.length, 1, pids.join());
    for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
  };
  const NODE = /node\.exe.* run --stop-when-stdin-ends/;
  const HOST = /landbridge-connector-service\.exe.* run /;

  it('an installation with a wrong password fails, says why in its log, and leaves no service', () => {
    assert.notEqual(msiexec('/i', '0.1.0', ...answers('wrong-Passw0rd')), 0);
    assert.match(installerLog('0.1.0'), /invalidCredentials|LDAP_BIND/);
    assert.ok(!existsSync(program()));
    assert.ok(!existsSync(join(home(), 'config.json')));
  });

  it('an installation without questions signs a user in', async () => {
    assert.equal(msiexec('/i', '0.1.0', ...answers(slapd.serviceAccount.password)), 0, installerLog('0.1.0'));
    assert.equal(state(), 'running');
    await signsIn();
    assert.equal((await hub.login('corp', alice().uid, 'wrong')).status, 401);
    assert.ok(existsSync(join(home(), 'logs', 'service.log')));
  });

  it('the service stops under load without losing a sign-in', async () => {
    const outcomes = new Set<string>();
    let isStopping = true;
    const load = Array.from({ length: 8 }, async () => {
      while (isStopping) {
        const { status, body } = await signIn();
        outcomes.add(status === 200 ? '200' : (body.error?.code ?? String(status)));
      }
    });
    await until('sign-ins succeed', async () => outcomes.has('200'));
    // Without blocking this process, which sends the sign-ins.
    const stopped = wine.start('net', 'stop', 'LandbridgeConnector');
    await until('the connector has left', async () => outcomes.has('connector_offline'));
    isStopping = false;
    await Promise.all([...load, stopped]);
    assert.deepEqual([...outcomes].sort(), ['200', 'connector_offline']);
    // Wine's `net stop` does not wait.
    await untilState('stopped');
    assert.match(readFileSync(join(home(), 'logs', 'service.log'), 'utf8'), /Standard input ended: stopping/);
    assert.equal(wine.run('net', 'start', 'LandbridgeConnector').status, 0);
    await signsIn();
  });

  it('the service manager notices that Node.js was killed, and Node.js ends with the service host', async () => {
    kill(pidsOf(NODE));
    await untilState('stopped');
    assert.equal(wine.run('net', 'start', 'LandbridgeConnector').status, 0);
    await signsIn();
    kill(pidsOf(HOST));
    await until('Node.js has ended', async () => pidsOf(NODE).length === 0);
  });

  it('an upgrade keeps the settings and starts the service', async () => {
    const kept = config();
    assert.equal(msiexec('/i', '0.2.0'), 0, installerLog('0.2.0'));
    assert.equal(config(), kept);
    assert.equal(state(), 'running');
    await signsIn();
  });

  it('a repair, which all users may start, ignores answers', () => {
    const kept = config();
    assert.equal(msiexec('/i', '0.2.0', 'REINSTALL=ALL', 'LDAP_URL=ldap://127.0.0.1:1', 'SAVE_ANYWAY=1'), 0);
    assert.equal(config(), kept);
    assert.equal(state(), 'running');
  });

  it('a downgrade is refused and changes nothing', async () => {
    assert.notEqual(msiexec('/i', '0.1.0'), 0);
    assert.equal(state(), 'running');
    await signsIn();
  });

  it('a removal leaves only the home', () => {
    const kept = config();
    assert.equal(msiexec('/x', '0.2.0'), 0);
    // Wine leaves the empty folder around the program.
    const around = join(wine.drive, 'Program Files', 'Landbridge');
    assert.deepEqual(existsSync(around) ? readdirSync(around, { recursive: true }) : [], []);
    assert.equal(config(), kept);
    for (const key of ['Services\\LandbridgeConnector', 'Services\\EventLog\\Application\\LandbridgeConnector'])
      assert.notEqual(wine.run('reg', 'query', `HKLM\\SYSTEM\\CurrentControlSet\\${key}`).status, 0, key);
    assert.doesNotMatch(
      wine.run('reg', 'query', 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment').output,
      /Landbridge/,
    );
    assert.deepEqual(wine.runNative('find', '/root/prefix', '-name', '*.lnk').output, '');
  });

  it('a service from the folder of the zip, with blanks and umlauts in all paths, signs a user in and can be removed', async () => {
    const folder = join(wine.drive, 'Program Files', 'Über Brücken');
    cpSync(join(work, '0.2.0', 'landbridge-connector'), folder, { recursive: true });
    cpSync(home(), join(wine.drive, 'Müllers Daten'), { recursive: true });
    const service = (...args: string[]) =>
      wine.run('C:\\Program Files\\Über Brücken\\bin\\node.exe', 'C:\\Program Files\\Über Brücken\\lib\\main.js', 'service', ...args);
    const installed = service('install', '--home', 'C:\\Müllers Daten');
    assert.equal(installed.status, 0, installed.output);
    await signsIn();
    assert.match(service('status').output, /runs and starts at boot/);
    const removed = service('remove');
    assert.equal(removed.status, 0, removed.output);
    assert.deepEqual(pidsOf(NODE), []);
    assert.match(service('status').output, /There is no service/);
  });

  it('a home that everybody can change is refused', () => {
    const open = join(wine.drive, 'open');
    mkdirSync(open);
    writeFileSync(join(open, 'config.json'), '{}');
    chmodSync(open, 0o777);
    const { status, output } = wine.run('C:\\Program Files\\Über Brücken\\landbridge-connector-service.exe', 'install', 'C:\\open');
    assert.equal(status, 1);
    assert.match(output, /C:\\open can be changed by accounts that do not administer this machine/);
    assert.notEqual(wine.run('reg', 'query', 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\LandbridgeConnector').status, 0);
  });
});
