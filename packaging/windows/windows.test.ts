import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { unzipSync, zipSync } from 'fflate';
import { isSettingName, SETTINGS } from '../../packages/connector/src/config/settings.ts';
import { isInPath } from '../../tools/in-path.ts';
import { findNodeRuntime } from '../node-runtime.ts';
import { makeProgramFolder, type ProgramFolder } from '../program-folder.ts';
import { runTool } from '../run-tool.ts';
import { ANSWERS } from './answers.ts';
import type { AuthenticodeKey } from './authenticode.ts';
import { SERVICE_NAME } from './installer-source.ts';
import { makeWindowsPackages, WINDOWS_TOOLS } from './packages.ts';
import { compileWindowsPrograms, type WindowsPrograms } from './programs.ts';

const EPOCH = 1_790_000_000;
const missing = [...WINDOWS_TOOLS, 'msiinfo', 'openssl'].filter((tool) => !isInPath(tool));
const skip = missing.length > 0 && `not installed: ${missing.join(', ')}`;
const work = mkdtempSync(join(tmpdir(), 'landbridge-windows-'));
after(() => rmSync(work, { recursive: true, force: true }));

let programs: WindowsPrograms;
before(() => {
  if (skip === false) programs = compileWindowsPrograms(join(work, 'one'), '1.2.3');
});

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
const source = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');

/** Around a stand-in for node.exe, because compressing Node.js takes most of the time. */
async function makeFolder(name: string): Promise<ProgramFolder> {
  const program = join(work, 'node.exe');
  writeFileSync(program, 'stand-in');
  const node = { version: '24.99.0', program, licence: 'licence', origin: 'a test', isOutdated: false };
  const folder = join(work, name, 'landbridge-connector');
  return await makeProgramFolder(folder, { program: 'connector', target: 'win-x64', node, epoch: EPOCH });
}

function makePackages(from: ProgramFolder, authenticode?: AuthenticodeKey): string {
  const output = join(dirname(from.folder), 'packages');
  mkdirSync(output, { recursive: true });
  // Signing changes them, and the library must be near the folder.
  const copied = (file: string) => {
    const copy = join(dirname(from.folder), basename(file));
    copyFileSync(file, copy);
    return copy;
  };
  const copies = { serviceHost: copied(programs.serviceHost), installerActions: copied(programs.installerActions) };
  return makeWindowsPackages(from, copies, { output, epoch: EPOCH, revision: 1, compression: 'fast', authenticode });
}

test('the SID of the service in the access lists is the one that Windows derives from its name', () => {
  const hash = createHash('sha1').update(Buffer.from(SERVICE_NAME.toUpperCase(), 'utf16le')).digest();
  const sid = ['S-1-5-80', ...[0, 4, 8, 12, 16].map((at) => hash.readUInt32LE(at))].join('-');
  assert.ok(source('host.h').includes(`#define SERVICE_SID L"${sid}"`), sid);
  assert.ok(source('host.h').includes(`#define SERVICE_NAME L"${SERVICE_NAME}"`));
});

test('each answer is a setting, the file of a secret setting, or an option of setup, and secrets are marked', () => {
  for (const { property, isSecret } of ANSWERS.filter((answer) => !['ANSWERS', 'SAVE_ANYWAY'].includes(answer.property))) {
    const setting = property.replace(/_FILE$/, '');
    const name = isSettingName(property) ? property : setting;
    assert.ok(isSettingName(name), property);
    assert.equal('secret' in SETTINGS[name] && name === property, isSecret, property);
  }
});

test('scripts for Windows have its line ends', () => {
  for (const name of ['landbridge-connector.cmd', 'troubleshoot.cmd']) assert.doesNotMatch(source(name), /[^\r]\n/, name);
});

test('Node.js from an archive of nodejs.org for Windows', () => {
  const file = join(work, 'node-v24.99.0-win-x64.zip');
  const top = 'node-v24.99.0-win-x64';
  writeFileSync(file, zipSync({ [`${top}/node.exe`]: Buffer.from('program'), [`${top}/LICENSE`]: Buffer.from('licence') }));
  const archive = { file, sha256: sha256(file) };
  const { program, licence } = findNodeRuntime('win-x64', { archive, allowOutdated: false });
  assert.deepEqual([basename(program), readFileSync(program, 'utf8'), licence], ['node.exe', 'program', 'licence']);
  const other = { ...archive, sha256: '0'.repeat(64) };
  assert.throws(() => findNodeRuntime('win-x64', { archive: other, allowOutdated: false }), /has the SHA-256/);
});

describe('programs for Windows', { skip }, () => {
  it('two builds have the same bytes', () => {
    const other = compileWindowsPrograms(join(work, 'other', 'folder'), '1.2.3');
    assert.deepEqual(Object.values(other).map(sha256), Object.values(programs).map(sha256));
  });

  it('the service host loads only libraries that Windows takes from its own folder, wherever the program is', () => {
    const headers = runTool('x86_64-w64-mingw32-objdump', ['-p', programs.serviceHost]);
    const imported = [...headers.matchAll(/DLL Name: (\S+)/g)].map(([, name = '']) => name.toLowerCase()).sort();
    // HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\KnownDLLs
    assert.deepEqual(imported, ['advapi32.dll', 'kernel32.dll', 'msvcrt.dll', 'ole32.dll', 'shell32.dll', 'user32.dll']);
    assert.match(headers, /HIGH_ENTROPY_VA[\s\S]*DYNAMIC_BASE[\s\S]*NX_COMPAT/);
  });

  it('the library of the installer exports its actions', () => {
    const headers = runTool('x86_64-w64-mingw32-objdump', ['-p', programs.installerActions]);
    for (const name of ['CollectAnswers', 'AwaitProgramEnd', 'ConfigureService', 'ApplyAnswers'])
      assert.match(headers, new RegExp(`\\] ${name}$`, 'm'));
  });
});

describe('the MSI', { skip }, () => {
  let msi = '';
  const rows = (table: string) =>
    runTool('msiinfo', ['export', msi, table])
      .split(/\r?\n/)
      .slice(3)
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  const row = (table: string, key: string) => rows(table).find(([name]) => name === key) ?? assert.fail(`${table} has no ${key}`);
  const property = (name: string) => row('Property', name)[1] ?? '';
  const sequence = (table: string) =>
    rows(table)
      .sort((one, other) => Number(one[2]) - Number(other[2]))
      .map(([name = '']) => name);
  before(async () => {
    msi = makePackages(await makeFolder('first'));
  });

  it('two builds of MSI and zip have the same bytes, at another time and in another folder', async () => {
    const folder = await makeFolder('second');
    utimesSync(join(folder.folder, 'LICENSE'), 1, 1);
    const other = makePackages(folder);
    assert.equal(sha256(other), sha256(msi));
    assert.equal(sha256(other.replace(/msi$/, 'zip')), sha256(msi.replace(/msi$/, 'zip')));
  });

  it('another content is another product, which replaces installed ones of up to the same version', async () => {
    const folder = await makeFolder('changed');
    writeFileSync(join(folder.folder, 'lib', 'more.js'), '');
    const other = runTool('msiinfo', ['export', makePackages(folder), 'Property']);
    assert.doesNotMatch(other, new RegExp(property('ProductCode')));
    assert.match(other, new RegExp(property('UpgradeCode')));
    const [, lowest, highest, , attributes] = rows('Upgrade').find((line) => line.includes('OLDER_FOUND')) ?? [];
    assert.deepEqual([lowest, highest, attributes], ['0.0.0', property('ProductVersion'), '769']);
    assert.ok(rows('LaunchCondition').some(([condition]) => condition === 'Installed OR NOT NEWER_FOUND'));
  });

  it('installs the service with an account of its own, and removes it', () => {
    const [, name, , type, start] = row('ServiceInstall', 'Service');
    assert.deepEqual([name, type, start], [SERVICE_NAME, '16', '2']);
    assert.ok(row('ServiceInstall', 'Service').includes(`NT SERVICE\\${SERVICE_NAME}`));
    // Start when installing, stop when installing and removing, delete when removing.
    assert.equal(row('ServiceControl', 'ServiceControl')[2], String(1 + 2 + 32 + 128));
  });

  it('hides secrets in logs, passes only answers to the part that runs as the system, and ignores them in a repair', () => {
    const hidden = property('MsiHiddenProperties').split(';');
    assert.deepEqual(hidden, [...ANSWERS.filter(({ isSecret }) => isSecret).map((each) => each.property), 'ApplyAnswers']);
    const secure = ['NEWER_FOUND', 'OLDER_FOUND', ...ANSWERS.map((each) => each.property)];
    assert.deepEqual(property('SecureCustomProperties').split(';'), secure);
    // All users may repair an installed product, with any properties.
    assert.equal(row('InstallExecuteSequence', 'ApplyAnswers')[1], 'ApplyAnswers AND NOT Installed');
    // 1: from a library; 1024, 2048: as the system; 8192: not in the log.
    assert.equal(row('CustomAction', 'ApplyAnswers')[1], String(1 + 1024 + 2048 + 8192));
  });

  it('configures the service before it gets answers and starts, and replaces an older version within its transaction', () => {
    const order = ['CollectAnswers', 'InstallInitialize', 'RemoveExistingProducts', 'StopServices', 'AwaitProgramEnd', 'DeleteServices'];
    order.push('RemoveFiles', 'InstallFiles', 'InstallServices', 'ConfigureService', 'ApplyAnswers', 'StartServices', 'InstallFinalize');
    assert.deepEqual(
      sequence('InstallExecuteSequence').filter((name) => order.includes(name)),
      order,
    );
    assert.deepEqual(sequence('InstallUISequence').slice(-2), ['ExecuteAction', 'OpenConsole']);
  });

  it('has the files, the start menu, and the program folder at the end of PATH, and nothing in ProgramData', () => {
    const files = rows('File').map(([, , name]) => name);
    for (const name of [
      'node.exe',
      'main.js',
      'landbridge-connector.cmd',
      'troubleshoot.cmd',
      'landbridge-connector-service.exe',
      'LICENSE',
    ])
      assert.ok(files.includes(name), name);
    assert.deepEqual(
      rows('Shortcut').map(([name]) => name),
      ['Console', 'Troubleshoot'],
    );
    assert.deepEqual(row('Environment', 'Path').slice(1, 3), ['=-*PATH', '[~];[ProgramFolder]']);
    // The service host creates the home with its access list, so that it is never open to others.
    assert.ok(rows('Directory').every(([name]) => name !== 'CommonAppDataFolder'));
  });

  it('has the same files as the zip', () => {
    const names = Object.keys(unzipSync(readFileSync(msi.replace(/msi$/, 'zip'))));
    assert.equal(names.length, rows('File').length);
    assert.ok(names.includes('landbridge-connector/bin/node.exe'));
  });

  it('and its programs are signed with the given key', async () => {
    const [certificates, key] = [join(work, 'certificate.pem'), join(work, 'key.pem')];
    const extensions = ['-addext', 'extendedKeyUsage=codeSigning', '-addext', 'keyUsage=digitalSignature'];
    const subject = ['-subj', '/CN=Landbridge test', '-days', '36500'];
    runTool('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificates, ...subject, ...extensions]);
    const from = await makeFolder('signed');
    const signed = makePackages(from, { certificates, key, timestampUrl: undefined });
    for (const file of [signed, join(from.folder, 'landbridge-connector-service.exe')])
      assert.match(runTool('osslsigncode', ['verify', '-CAfile', certificates, '-in', file]), /Signature verification: ok/);
    const changed = join(work, 'changed.msi');
    copyFileSync(signed, changed);
    const bytes = readFileSync(changed);
    bytes.write('x', bytes.indexOf('MSCF') + 1000);
    writeFileSync(changed, bytes);
    assert.throws(() => runTool('osslsigncode', ['verify', '-CAfile', certificates, '-in', changed]));
    assert.ok(existsSync(signed));
  });
});
