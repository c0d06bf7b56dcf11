import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { startSlapd, whyNoSlapd } from '@landbridge/lab';
import { makeTarball } from './archive.ts';
import { makeBundle } from './bundle.ts';
import { makeDebianPackage } from './deb.ts';
import { assertIntegrity, lockedPackage } from './lock-packages.ts';
import { findNodeRuntime } from './node-runtime.ts';
import { makeProgramFolder, type ProgramFolder } from './program-folder.ts';
import { makeRpmPackage } from './rpm.ts';
import { runTool } from './run-tool.ts';
import { isTarget, PROGRAMS, type Program, packageNameOf } from './targets.ts';

const EPOCH = 1_790_000_000;
const target = `${process.platform}-${process.arch}`;
const whyNot = process.platform === 'linux' && isTarget(target) ? undefined : 'packages are made on Linux, x64 or arm64';
const whyNoDeb = whyNot ?? (existsSync('/usr/bin/dpkg-deb') ? undefined : 'no dpkg-deb');
const work = mkdtempSync(join(tmpdir(), 'landbridge-packaging-'));
const folders = new Map<Program, ProgramFolder>();

before(async () => {
  if (whyNot !== undefined || !isTarget(target)) return;
  // A script replaces Node.js here, because compressing Node.js takes most of the time.
  const node = { ...findNodeRuntime(target, { archive: undefined, allowOutdated: false }), program: join(work, 'node') };
  writeFileSync(node.program, `#!/bin/sh\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
  for (const program of PROGRAMS) {
    folders.set(program, await makeProgramFolder(join(work, packageNameOf(program)), { program, target, node, epoch: EPOCH }));
  }
});
after(() => rmSync(work, { recursive: true, force: true }));

function folderOf(program: Program): ProgramFolder {
  const found = folders.get(program);
  assert.ok(found);
  return found;
}

/** @returns the hash of each file by its path */
function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(folder, path), createHash('sha256').update(readFileSync(path)).digest('hex')];
    }),
  );
}

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

describe('bundles', { skip: whyNot }, () => {
  for (const program of PROGRAMS) {
    it(`two builds of the ${program} have the same bytes`, async () => {
      const again = join(work, `again-${program}`);
      await makeBundle(program, again);
      const { 'package.json': _, ...first } = contentOf(join(folderOf(program).folder, 'lib'));
      const second = contentOf(again);
      for (const path of Object.keys(first)) if (path.startsWith('node_modules/')) delete first[path];
      assert.deepEqual(second, first);
      assert.ok(Object.keys(second).length > 5);
    });
  }

  it('an archive of the same folder has the same bytes, regardless of the times of its files', () => {
    const { folder } = folderOf('hub');
    const copy = join(work, 'copy', 'landbridge-hub');
    mkdirSync(join(work, 'copy'));
    cpSync(folder, copy, { recursive: true });
    const [one, other] = [join(work, 'one.tar.gz'), join(work, 'other.tar.gz')];
    makeTarball(folder, one, EPOCH);
    makeTarball(copy, other, EPOCH);
    assert.equal(sha256(one), sha256(other));
    assert.match(runTool('tar', ['-tvzf', one]), /-rwxr-xr-x 0\/0 .* landbridge-hub\/landbridge-hub\n/);
  });

  it('the bundled hub and connector sign a user in, with a mapper in its worker', { skip: whyNoSlapd() }, async () => {
    const bin = join(work, 'bin');
    mkdirSync(bin);
    // The links that a user of the archive may make in a folder of PATH.
    for (const program of PROGRAMS) symlinkSync(join(folderOf(program).folder, packageNameOf(program)), join(bin, packageNameOf(program)));
    process.env.LANDBRIDGE_PROGRAMS = bin;
    const { directoryConfig, startConnector, startHub } = await import('../e2e/programs.ts');
    await using slapd = await startSlapd();
    await using hub = await startHub();
    const mapper = join(work, 'mapper.js');
    writeFileSync(mapper, "module.exports = (user) => ({ id: 'mapped-' + user.uid, name: user.cn });\n");
    const PROVISIONING_TICKET = await hub.createConnection('packaged');
    await using _connector = await startConnector({ ...directoryConfig(slapd, 'ldaps'), PROVISIONING_TICKET, PROFILE_MAPPER_FILE: mapper });
    await hub.untilConnectors('packaged', 1);
    const [alice] = slapd.users.ordinary;
    assert.ok(alice);
    const { status, body } = await hub.login('packaged', alice.uid, alice.password);
    assert.equal(status, 200, JSON.stringify(body));
    assert.match(JSON.stringify(body.profile), new RegExp(`mapped-${alice.uid}`));
    assert.match(await (await fetch(`${hub.url}/docs/monitoring`)).text(), /<h1>Monitoring<\/h1>/);
  });

  it('the bundled connector finds koffi', () => {
    const lib = join(folderOf('connector').folder, 'lib');
    const found = spawnSync(process.execPath, ['-e', "import('koffi').then(({ default: koffi }) => console.log(koffi.sizeof('int')))"], {
      cwd: lib,
      encoding: 'utf8',
    });
    assert.equal(found.stdout.trim(), '4', found.stderr);
    assert.ok(!existsSync(join(lib, 'node_modules/koffi/vendor')));
  });

  it('the bill of materials and the licences name the contents of the bundle and Node.js', () => {
    const { folder, sbomFile, node } = folderOf('connector');
    const { components }: { components: { name: string; version: string }[] } = JSON.parse(readFileSync(join(folder, sbomFile), 'utf8'));
    const names = components.map(({ name }) => name);
    const licences = readFileSync(join(folder, 'THIRD-PARTY-LICENCES'), 'utf8');
    for (const name of ['zod', 'ws', 'hono', 'koffi', 'codemirror', `@koromix/koffi-${target}`]) {
      assert.ok(names.includes(name), name);
      assert.ok(licences.includes(`\n${name} ${lockedPackage(`node_modules/${name}`).version} (`), name);
    }
    assert.deepEqual(components.at(-1), { ...components.at(-1), name: 'node', version: node.version });
    assert.ok(licences.includes(`Node.js ${node.version}\n\nNode.js is licensed`));
    for (const name of ['typescript', 'esbuild', 'oidc-provider']) assert.ok(!names.includes(name), name);
    assert.match(readFileSync(join(folder, 'BUILD'), 'utf8'), /^Node\.js 24\.\d+\.\d+ from npm package node-linux-/m);
  });
});

describe('Debian packages', { skip: whyNoDeb }, () => {
  const debs = new Map<Program, string>();
  const unpacked = (program: Program, path: string) => join(work, `unpacked-${program}`, path);
  before(() => {
    for (const program of PROGRAMS) {
      const deb = makeDebianPackage(folderOf(program), { output: work, revision: 1, epoch: EPOCH, compression: 'fast' });
      debs.set(program, deb);
      runTool('dpkg-deb', ['--raw-extract', deb, unpacked(program, '')]);
    }
  });

  for (const program of PROGRAMS) {
    const name = packageNameOf(program);
    describe(name, () => {
      it('two builds have the same bytes', () => {
        const first = sha256(debs.get(program) ?? '');
        assert.equal(sha256(makeDebianPackage(folderOf(program), { output: work, revision: 1, epoch: EPOCH, compression: 'fast' })), first);
      });

      it('has Node.js, bundle, service, settings file and copyright, all owned by root', () => {
        const files = runTool('dpkg-deb', ['--contents', debs.get(program) ?? '']);
        for (const path of ['bin/node', 'lib/main.js']) assert.ok(files.includes(`./usr/lib/${name}/${path}\n`), path);
        for (const path of [
          `usr/bin/${name}`,
          `usr/lib/systemd/system/${name}.service`,
          `etc/${name}/environment`,
          `usr/share/man/man1/${name}.1.gz`,
          `usr/share/bash-completion/completions/${name}`,
          `usr/share/zsh/vendor-completions/_${name}`,
          `usr/share/fish/vendor_completions.d/${name}.fish`,
        ])
          assert.ok(files.includes(`./${path}\n`), path);
        for (const line of files.trim().split('\n')) assert.match(line, /^[-dl]rw[x-]r-[x-]r-[x-] root\/root /);
        assert.match(
          readFileSync(unpacked(program, 'DEBIAN/control'), 'utf8'),
          new RegExp(`^Package: ${name}\nVersion: \\d+\\.\\d+\\.\\d+-1\nArchitecture: (amd64|arm64)\n`),
        );
        assert.equal(readFileSync(unpacked(program, 'DEBIAN/conffiles'), 'utf8'), `/etc/${name}/environment\n`);
        assert.match(readFileSync(unpacked(program, `usr/share/doc/${name}/copyright`), 'utf8'), /^License: Expat\n MIT License\n \.\n/m);
      });

      it('its scripts are valid for sh, and no placeholder is left', () => {
        for (const path of [
          'DEBIAN/postinst',
          'DEBIAN/prerm',
          'DEBIAN/postrm',
          `usr/bin/${name}`,
          `usr/lib/systemd/system/${name}.service`,
          `etc/${name}/environment`,
        ]) {
          assert.doesNotMatch(readFileSync(unpacked(program, path), 'utf8'), /@[A-Z_]+@/, path);
          if (!path.endsWith('.service') && !path.startsWith('etc/')) {
            runTool('sh', ['-n', unpacked(program, path)]);
            assert.equal(statSync(unpacked(program, path)).mode & 0o777, 0o755);
          }
        }
      });

      it('its service has an exposure of at most 1.5', {
        skip: existsSync('/usr/bin/systemd-analyze') ? false : 'no systemd-analyze',
      }, () => {
        const unit = unpacked(program, `usr/lib/systemd/system/${name}.service`);
        const result = spawnSync('systemd-analyze', ['security', '--offline=yes', '--threshold=15', '--no-pager', unit], {
          encoding: 'utf8',
        });
        assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
      });

      it('lintian finds no error that matters', { skip: existsSync('/usr/bin/lintian') ? false : 'no lintian' }, () => {
        // Our Node.js is not compiled by Debian, and bundles the libraries that it was tested with.
        const accepted = ['embedded-library', 'unstripped-binary-or-object'];
        const { stdout } = spawnSync(
          'lintian',
          ['--allow-root', '--fail-on=none', `--suppress-tags=${accepted.join(',')}`, debs.get(program) ?? ''],
          { encoding: 'utf8' },
        );
        assert.deepEqual(
          stdout.split('\n').filter((line) => line.startsWith('E:')),
          [],
        );
      });
    });
  }
});

describe('RPM packages', { skip: whyNot ?? (existsSync('/usr/bin/rpmbuild') ? undefined : 'no rpmbuild') }, () => {
  for (const program of PROGRAMS) {
    const name = packageNameOf(program);
    const make = (output: string) => makeRpmPackage(folderOf(program), { output, revision: 1, epoch: EPOCH, compression: 'fast' });
    const query = (rpm: string, ...args: string[]) => runTool('rpm', ['--query', '--package', ...args, rpm]);
    describe(name, () => {
      let rpm: string;
      before(() => {
        rpm = make(work);
      });

      it('two builds have the same bytes', () => {
        const again = join(work, `again-${name}-rpm`);
        mkdirSync(again);
        assert.equal(sha256(make(again)), sha256(rpm));
      });

      it('has Node.js, bundle, service, settings file and licences', () => {
        const files = new Map(
          query(rpm, '--queryformat', '[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEFLAGS:fflags}\n]')
            .trim()
            .split('\n')
            .map((line) => [line.split(' ')[0] ?? '', line.split(' ').slice(1).join(' ').trim()]),
        );
        for (const [path, expected] of [
          [`/usr/lib/${name}/bin/node`, '-rwxr-xr-x root root'],
          [`/usr/lib/${name}/lib/main.js`, '-rw-r--r-- root root'],
          [`/usr/bin/${name}`, '-rwxr-xr-x root root'],
          [`/usr/lib/systemd/system/${name}.service`, '-rw-r--r-- root root'],
          [`/etc/${name}/environment`, `-rw-r----- root ${name} cn`],
          [`/etc/${name}/credentials`, 'drwx------ root root'],
          [`/var/lib/${name}`, `drwx------ ${name} ${name}`],
          [`/usr/share/man/man1/${name}.1.gz`, '-rw-r--r-- root root d'],
          [`/usr/share/bash-completion/completions/${name}`, '-rw-r--r-- root root'],
          [`/usr/share/zsh/site-functions/_${name}`, '-rw-r--r-- root root'],
          [`/usr/share/fish/vendor_completions.d/${name}.fish`, '-rw-r--r-- root root'],
          [`/usr/share/doc/${name}/THIRD-PARTY-LICENCES`, '-rw-r--r-- root root dl'],
        ] as const)
          assert.equal(files.get(path), expected, path);
      });

      it('has scripts that are valid for sh, and no placeholder is left', () => {
        for (const script of ['PREIN', 'POSTIN', 'PREUN', 'POSTUN']) {
          const text = query(rpm, '--queryformat', `%{${script}}`);
          const result = spawnSync('sh', ['-n'], { input: text, encoding: 'utf8' });
          assert.equal(result.status, 0, result.stderr);
          assert.doesNotMatch(text, /@[A-Z_]+@|%\{/);
        }
        assert.match(
          query(rpm, '--info'),
          new RegExp(`^Name +: ${name}\nVersion +: [\\d.]+\nRelease +: 1\nArchitecture: (x86_64|aarch64)\n`),
        );
      });
    });
  }
});

describe('Node.js for a target', () => {
  const archiveOf = (name: string) => {
    const top = name.replace(/\.tar\.gz$/, '');
    const folder = join(work, 'official', top);
    mkdirSync(join(folder, 'bin'), { recursive: true });
    writeFileSync(join(folder, 'bin', 'node'), 'program');
    writeFileSync(join(folder, 'LICENSE'), 'licence');
    const file = join(work, name);
    runTool('tar', ['-czf', file, '-C', join(work, 'official'), top]);
    return { file, sha256: sha256(file) };
  };

  it('is refused if it lacks security fixes, unless the build accepts it', () => {
    const archive = archiveOf('node-v24.18.1-darwin-x64.tar.gz');
    assert.throws(() => findNodeRuntime('darwin-x64', { archive, allowOutdated: false }), /24\.18\.1 for darwin-x64 lacks security fixes/);
    assert.equal(findNodeRuntime('darwin-x64', { archive, allowOutdated: true }).isOutdated, true);
  });

  it('is accepted from nodejs.org only if it has the given hash and is for the target', () => {
    const options = { allowOutdated: false };
    const archive = archiveOf('node-v24.99.0-darwin-arm64.tar.gz');
    const { program, licence, origin } = findNodeRuntime('darwin-arm64', { ...options, archive });
    assert.deepEqual([readFileSync(program, 'utf8'), licence], ['program', 'licence']);
    assert.equal(origin, `node-v24.99.0-darwin-arm64.tar.gz (SHA-256 ${archive.sha256})`);
    assert.throws(() => findNodeRuntime('darwin-x64', { ...options, archive }), /not named like an archive of Node\.js for darwin-x64/);
    assert.throws(
      () => findNodeRuntime('darwin-arm64', { ...options, archive: { ...archive, sha256: '0'.repeat(64) } }),
      /has the SHA-256/,
    );
  });

  it('has to be given if no package is locked', () => {
    assert.throws(
      () => findNodeRuntime('darwin-arm64', { archive: undefined, allowOutdated: false }),
      /has no Node\.js for darwin-arm64: give an archive/,
    );
  });
});

test('a fetched package with another hash than the locked one is refused', () => {
  assert.throws(() => assertIntegrity('zod', Buffer.from('other'), lockedPackage('node_modules/zod').integrity), /but sha512-.* is locked/);
});
